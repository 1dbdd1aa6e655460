/** The end of an exec that a signal ended: what became of the command. */
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { exitCodeOf, type Interrupt, isTermination } from '../interrupts.ts';
import type { Followed } from './follow-remote.ts';

/** The command was left: what happens to it is not known. */
export function failLeft(id: string, signal: Interrupt): Failure {
  return new Failure(
    `command ${id} may still run`,
    `reattach with \`remotify logs -f ${id}\`, stop it with \`remotify cancel ${id}\``,
    exitCodeOf(signal),
    'interrupted',
  );
}

/** A signal stopped it: says what became of it. Undefined where its own end is ours: after Ctrl-C, which waits for it. */
export async function reportInterrupt(
  { printer, json }: Context,
  id: string,
  { state, interrupt, exitStatus, signal }: Followed,
  failure: Failure | undefined,
): Promise<number | undefined> {
  if (interrupt === undefined) return undefined;
  let message: string;
  if (state === 'cancelled') message = `command ${id} cancelled before it started`;
  else if (!isTermination(interrupt)) return undefined;
  else if (failure) ({ message } = failure);
  else message = `command ${id} stopped (${signal === null ? `exit status ${exitStatus}` : `SIG${signal}`})`;
  await printer.note(message);
  if (json) await printer.endJson({ code: 'interrupted', message, hint: undefined });
  return exitCodeOf(interrupt);
}

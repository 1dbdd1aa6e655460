/** Reports what happened to the command after a signal interrupted exec. */
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { exitCodeOf, type Interrupt, isTermination } from '../interrupts.ts';
import type { Followed } from './follow-remote.ts';

/** The failure after exec detached from the command, whose outcome is unknown. */
export function failLeft(id: string, signal: Interrupt): Failure {
  return new Failure(
    `command ${id} may still run`,
    `reattach with \`remotify logs -f ${id}\`, stop it with \`remotify cancel ${id}\``,
    exitCodeOf(signal),
    'interrupted',
  );
}

/** Reports a command that a signal stopped. Undefined where exec ends as the command did: after Ctrl-C, which waits for the end. */
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

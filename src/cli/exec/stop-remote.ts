/** Ends of ours that are ends of the remote command too. */
import { withPatience } from '../../client/patience.ts';
import type { Signal } from '../../protocol/command-states.ts';
import type { Context, OpenSession } from '../context.ts';
import { Failure } from '../failure.ts';
import { onInterrupt } from '../interrupts.ts';

/** From the INT of the first Ctrl-C to the TERM for what ignores it. */
const termAfterMs = 3_000;

/** For a relay that does not answer when there is no time to wait for it. */
const urgentMs = 2_000;

/** Why nobody follows the command any more. */
export type Leaving = 'interrupt' | 'broken pipe';

export interface Stopping {
  /** There was a first Ctrl-C while the command was on its way to the relay. */
  already: boolean;
  onInterrupt: () => void;
  leave: (why: Leaving | Error) => void;
}

/**
 * First Ctrl-C: INT, then TERM, and the truth is waited for. Second: leaves it running. A reader that closed our stdout, as `head` does,
 * is the end of the command, as it is over ssh. Returns the way to let go.
 */
export function stopRemote(
  context: Context,
  { client }: OpenSession,
  id: string,
  { already, onInterrupt: hear, leave }: Stopping,
): () => void {
  const { printer, io } = context;
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const ask = async (signal: Signal): Promise<void> => {
    // For as long as the output is waited for. Nobody is left to be told of a failure: the state of the command says what came of it.
    await withPatience(() => client.cancelCommand(id, signal), { signal: over.signal }).catch(
      () => undefined,
    );
  };
  /** Whoever sent the signal, or closed the pipe, does not wait. */
  const leaveSoon = async (why: Leaving | Error): Promise<void> => {
    const enough = setTimeout(() => leave(why), urgentMs);
    await ask('TERM');
    clearTimeout(enough);
    leave(why);
  };
  const stop = (): void => {
    hear();
    void ask('INT');
    timer = setTimeout(() => void ask('TERM'), termAfterMs);
    void printer.note(`stopping command ${id}; Ctrl-C again leaves it alone`);
  };
  const letGo = onInterrupt((count, isUrgent) => {
    if (isUrgent) return void leaveSoon('interrupt');
    if (already || count > 1) return leave('interrupt');
    stop();
  });
  if (already) stop();
  const onBroken = (error: Error & { code?: string }): void => {
    const failed = new Failure(
      `cannot write to stdout (${error.code ?? error.name})`,
      'is there room where it goes?',
    );
    void leaveSoon(error.code === 'EPIPE' ? 'broken pipe' : failed);
  };
  io.stdout.once('error', onBroken);
  return () => {
    over.abort();
    clearTimeout(timer);
    letGo();
    io.stdout.off('error', onBroken);
  };
}

/** One command of a transfer, from its push to its end. */
import { randomUUID } from 'node:crypto';
import { type CommandEnd, followCommand } from '../../client/follow-command.ts';
import type { ReadFrom } from '../../client/relay-client.ts';
import type { Context, OpenSession } from '../context.ts';
import { Narrator } from '../exec/narrator.ts';
import { pushScript } from '../exec/push-script.ts';
import { settleEnd } from '../exec/settle-end.ts';
import { type Leaving, stopRemote } from '../exec/stop-remote.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { exitCodeOf, type Interrupt } from '../interrupts.ts';
import { StatusLines } from './status-lines.ts';

export interface Pushed {
  id: string;
  /** A signal that came while the command was being pushed. */
  already: Interrupt | undefined;
}

export interface PushWishes {
  script: string;
  stdin: boolean;
  /** For a listener, the queue and approval. */
  waitSeconds: number;
  /** So long a command may take: one that its client left must not block the queue for ever. */
  runSeconds: number;
}

export async function pushTransfer(
  context: Context,
  { client }: OpenSession,
  { script, stdin, waitSeconds, runSeconds }: PushWishes,
): Promise<Pushed> {
  const { id, interrupt } = await pushScript(client, Buffer.from(script), {
    idempotencyKey: randomUUID(),
    client: context.describeClient(),
    stdin,
    timeoutSeconds: Math.ceil(runSeconds),
    queueSeconds: Math.max(1, Math.ceil(waitSeconds)),
  });
  return { id, already: interrupt };
}

export interface Listening {
  readFrom: ReadFrom;
  onStdout: (bytes: Buffer) => Promise<void>;
  onStatus: (words: string) => void;
  /** The command runs: what is shown from now on is progress. */
  onRunning: () => void;
  /** The first Ctrl-C. */
  onInterrupt?: () => void;
}

export interface TransferEnd extends CommandEnd {
  /** What programs of the remote wrote to stderr. */
  words: string[];
}

const keptHint = 'what was copied is kept: the same command goes on from there';

function interruptedBy(signal: Interrupt): Failure {
  return new Failure('interrupted', keptHint, exitCodeOf(signal), 'interrupted');
}

/** Throws where the command did not run to its end: declined, cancelled, lost, interrupted. `leave` lets the caller end it. */
export async function followTransfer(
  context: Context,
  session: OpenSession,
  { id, already }: Pushed,
  listening: Listening,
  leave: AbortController,
): Promise<TransferEnd> {
  const { printer } = context;
  const narrator = new Narrator(context, session, false);
  const lines = new StatusLines(listening);
  let interrupt: Interrupt | undefined;
  const letGo = stopRemote(context, session, id, {
    already,
    onInterrupt: (signal) => {
      interrupt = signal;
      listening.onInterrupt?.();
    },
    leave: (why) => leave.abort(why),
  });
  try {
    const end = await followCommand(session.client, id, listening.readFrom, {
      signal: leave.signal,
      onStdout: (bytes) => (narrator.quiet(), listening.onStdout(bytes)),
      onStderr: async (bytes) => {
        narrator.quiet();
        lines.push(bytes);
      },
      onState: (state) => {
        if (state === 'running') listening.onRunning();
        void narrator.tell(state);
      },
      onTrouble: (error) => void printer.note(`${error.message}; trying again`),
      onRecovery: () => void printer.note('the relay answers again'),
    });
    lines.end();
    const isDone = end.state === 'finished' && end.exitStatus === 0;
    if (interrupt !== undefined && !isDone) throw interruptedBy(interrupt);
    if (end.state !== 'finished') {
      const { failure } = settleEnd(end, id, session.label);
      if (failure) throw failure;
    }
    if (lines.dropped > 0) lines.words.push(`${lines.dropped} more lines`);
    return { ...end, words: lines.words };
  } catch (error) {
    const { aborted, reason } = leave.signal;
    if (!aborted || error instanceof Failure) throw error;
    if (reason instanceof Error) throw reason;
    const why = reason as Leaving;
    throw why === 'broken pipe' ? new Failure(why, keptHint) : interruptedBy(why);
  } finally {
    narrator.quiet();
    letGo();
  }
}

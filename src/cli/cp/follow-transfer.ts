/** One command of a transfer, from its push to its end. */
import { randomUUID } from 'node:crypto';
import type { CommandEnd } from '../../client/follow-command.ts';
import type { ReadFrom } from '../../client/relay-client.ts';
import type { Context, OpenSession } from '../context.ts';
import { describeUnstarted, findObstacle } from '../exec/describe-unstarted.ts';
import { followRemote } from '../exec/follow-remote.ts';
import { pushScript } from '../exec/push-script.ts';
import { describeEnd } from '../exec/describe-end.ts';
import type { StartBounds } from '../exec/start-bounds.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { exitCodeOf, type Interrupt } from '../interrupts.ts';
import { StatusLines } from './status-lines.ts';
import { missedStart } from '../exec/missed-start.ts';

export interface Pushed {
  id: string;
  /** A signal came on the way. */
  already: Interrupt | undefined;
}

export interface PushWishes {
  script: string;
  stdin: boolean;
  bounds: StartBounds;
  /** So long a command may take: one that its client left must not block the queue for ever. */
  runSeconds: number;
}

export async function pushTransfer(
  context: Context,
  { client, label }: OpenSession,
  { script, stdin, bounds, runSeconds }: PushWishes,
): Promise<Pushed> {
  if (bounds.listener?.seconds === 0 || bounds.approval?.seconds === 0) {
    const obstacle = findObstacle(await client.readStatus(), label, bounds);
    if (obstacle) throw obstacle;
  }
  const { id, interrupt } = await pushScript(client, Buffer.from(script), {
    idempotencyKey: randomUUID(),
    client: context.describeClient(),
    stdin,
    timeoutSeconds: Math.ceil(runSeconds),
    queueSeconds: bounds.queueSeconds,
  });
  return { id, already: interrupt };
}

export interface Listening {
  bounds: StartBounds;
  readFrom: ReadFrom;
  onStdout: (bytes: Buffer) => Promise<void>;
  onStatus: (words: string) => void;
  /** The command runs: what is shown from now on is progress. */
  onRunning: () => void;
  /** The first signal: nothing more is to be sent. */
  onInterrupt?: (signal: Interrupt) => void;
}

export interface TransferEnd extends CommandEnd {
  /** What programs of the remote wrote to stderr. */
  words: string[];
}

export function interruptedBy(signal: Interrupt): Failure {
  const hint = 'what was copied is kept: the same command goes on from there';
  return new Failure('interrupted: the file is not in place', hint, exitCodeOf(signal), 'interrupted');
}

/** Throws where the command did not run to its end: declined, cancelled, lost, interrupted. `leave` lets the caller end it. */
export async function followTransfer(
  context: Context,
  session: OpenSession,
  { id, already }: Pushed,
  { bounds, readFrom, onStdout, onStatus, onRunning, onInterrupt }: Listening,
  leave: AbortController,
): Promise<TransferEnd> {
  const lines = new StatusLines({ onStatus });
  if (already) onInterrupt?.(already);
  const end = await followRemote(context, session, {
    id,
    bounds,
    sinks: {
      stdout: {
        write: (bytes) => onStdout(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
        end: () => Promise.resolve(),
      },
      stderr: {
        write: (bytes) => Promise.resolve(lines.push(bytes)),
        end: () => Promise.resolve(lines.end()),
      },
    },
    stdin: undefined,
    already,
    isLineShown: false,
    from: readFrom,
    leave,
    onState: (state) => (state === 'running' ? onRunning() : undefined),
    ...(onInterrupt && { onInterrupt }),
  });
  if (end === 'broken pipe')
    throw new Failure('stdout was closed', undefined, exitCodes.brokenPipe, 'interrupted');
  if (typeof end === 'string') throw interruptedBy(end);
  const isDone = end.state === 'finished' && end.exitStatus === 0;
  if (end.interrupt !== undefined && !isDone) throw interruptedBy(end.interrupt);
  if (missedStart(end)) throw await describeUnstarted(session, id, bounds, end);
  if (end.state !== 'finished') {
    const { failure } = describeEnd(end, id, session.label);
    if (failure) throw failure;
  }
  if (lines.dropped > 0) lines.words.push(`${lines.dropped} more lines`);
  return { ...end, words: lines.words };
}

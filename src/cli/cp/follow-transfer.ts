/** Pushes one command of a transfer and follows it to its end. */
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
  /** A signal that came during the push. */
  already: Interrupt | undefined;
}

export interface PushWishes {
  script: string;
  stdin: boolean;
  bounds: StartBounds;
  /** Time limit of the command: one whose client is gone must not block the queue forever. */
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
  /** The command is running: from now on the caller shows progress. */
  onRunning: () => void;
  /** The first signal: the caller must send nothing more. */
  onInterrupt?: (signal: Interrupt) => void;
}

export interface TransferEnd extends CommandEnd {
  /** What programs of the remote wrote to stderr. */
  words: string[];
}

export function interruptedBy(signal: Interrupt): Failure {
  const hint = 'the part that was copied is kept: run the same command again to resume';
  return new Failure('interrupted: the transfer is not complete', hint, exitCodeOf(signal), 'interrupted');
}

/** Throws if the command did not finish: declined, cancelled, lost, interrupted. The caller aborts `leave` to stop following it. */
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
  if (lines.dropped > 0) lines.words.push(`${lines.dropped} more lines not shown`);
  return { ...end, words: lines.words };
}

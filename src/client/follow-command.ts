/** Reads the output of a command from an offset until the command has ended, each byte once and in order. */
import type { CommandState } from '../protocol/command-states.ts';
import { maxReadBytes, maxWaitSeconds, maxWantedBytes } from '../protocol/limits.ts';
import { type RetryOptions, withRetry } from './retry.ts';
import { PollFloor } from './poll-floor.ts';
import type { OutputPart } from './parse-output.ts';
import type { ReadFrom, RelayClient } from './relay-client.ts';

/** The first poll waits this long, without asking for state changes: a short command ends within it. */
const firstWaitSeconds = 1;

export interface Follower extends RetryOptions {
  onStdout(bytes: Uint8Array): Promise<void>;
  onStderr(bytes: Uint8Array): Promise<void>;
  /** Called with the state after the first poll, if the command has not ended by then, and after each change. */
  onState?(state: CommandState): void;
  /** For a reader that wants the newest output only. */
  skip?: Skip;
}

export interface Skip {
  /** A reader that is further behind than this on one stream skips output. */
  beyondBytes: number;
  /** After a skip, the reader continues this many bytes before the end of the stream. */
  keptBytes: number;
  onSkip(stream: 'stdout' | 'stderr', offset: number): void;
}

/** Moves a reader that is far behind. Called after a full answer, which is a sign of that. */
async function catchUp(client: RelayClient, id: string, read: ReadFrom, follower: Follower): Promise<void> {
  const { skip, signal } = follower;
  if (!skip) return;
  const view = await withRetry(() => client.readCommand(id, { signal }), follower);
  for (const [stream, bytes] of [
    ['stdout', view.stdout_bytes],
    ['stderr', view.stderr_bytes],
  ] as const) {
    if (bytes - read[stream] <= skip.beyondBytes) continue;
    read[stream] = bytes - skip.keptBytes;
    skip.onSkip(stream, read[stream]);
  }
}

export type CommandEnd = Omit<OutputPart, 'stdout' | 'stderr' | 'complete'> & { read: ReadFrom };

export async function followCommand(
  client: RelayClient,
  id: string,
  from: ReadFrom,
  follower: Follower,
): Promise<CommandEnd> {
  const read = { ...from };
  let state: CommandState | undefined;
  const seen = new Set<CommandState>();
  const floor = new PollFloor();
  let limit = maxReadBytes;
  /** The write of the last full part: the next part is read at the same time. */
  let writing: Promise<void> = Promise.resolve();
  const deliver = async ({ stdout, stderr }: OutputPart): Promise<void> => {
    if (stdout.byteLength > 0) await follower.onStdout(stdout);
    if (stderr.byteLength > 0) await follower.onStderr(stderr);
  };
  for (;;) {
    floor.begin();
    let waitSeconds = state === undefined ? firstWaitSeconds : maxWaitSeconds;
    const part = await withRetry(
      () => client.readOutput(id, read, { state, waitSeconds, limit, signal: follower.signal }),
      {
        ...follower,
        onRetry: (error) => {
          // Poll for a short time, to notice soon that the relay is back, and for less output: the link may be slow.
          waitSeconds = firstWaitSeconds;
          limit = maxReadBytes;
          follower.onRetry?.(error);
        },
      },
    ).catch(async (error: unknown) => {
      // Write the output that was read before the error is reported.
      await writing;
      throw error;
    });
    await writing;
    // The caller may have aborted while it wrote the last part: do not deliver another one.
    follower.signal?.throwIfAborted();
    writing = deliver(part);
    writing.catch(() => undefined);
    const isFull = part.stdout.byteLength + part.stderr.byteLength >= limit;
    if (!isFull || part.complete) await writing;
    read.stdout += part.stdout.byteLength;
    read.stderr += part.stderr.byteLength;
    const { stdout: _out, stderr: _err, complete, ...end } = part;
    if (complete) return { ...end, read };
    if (isFull) {
      limit = maxWantedBytes;
      if (follower.skip) await writing;
      await catchUp(client, id, read, follower);
    }
    if (part.state !== state) follower.onState?.(part.state);
    state = part.state;
    const hasNews = part.stdout.byteLength + part.stderr.byteLength > 0 || !seen.has(state);
    seen.add(state);
    await floor.end(hasNews, follower.signal);
  }
}

/** Output of a command from an offset to its end, each byte once and in order. */
import type { CommandState } from '../protocol/command-states.ts';
import { maxReadBytes, maxWaitSeconds, maxWantedBytes } from '../protocol/limits.ts';
import { type Patience, withPatience } from './patience.ts';
import { PollFloor } from './poll-floor.ts';
import type { OutputPart } from './parse-output.ts';
import type { ReadFrom, RelayClient } from './relay-client.ts';

/** What a short command needs: its end comes within the first poll, which asks for nothing else. */
const firstWaitSeconds = 1;

export interface Follower extends Patience {
  onStdout(bytes: Uint8Array): Promise<void>;
  onStderr(bytes: Uint8Array): Promise<void>;
  /** The state when it takes longer, and each change of it. */
  onState?(state: CommandState): void;
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
  for (;;) {
    floor.begin();
    let waitSeconds = state === undefined ? firstWaitSeconds : maxWaitSeconds;
    const part = await withPatience(
      () => client.readOutput(id, read, { state, waitSeconds, limit, signal: follower.signal }),
      {
        ...follower,
        onTrouble: (error) => {
          // Ask again soon, to notice that the relay is back, and for less: the link may be slow.
          waitSeconds = firstWaitSeconds;
          limit = maxReadBytes;
          follower.onTrouble?.(error);
        },
      },
    );
    if (part.stdout.byteLength > 0) await follower.onStdout(part.stdout);
    if (part.stderr.byteLength > 0) await follower.onStderr(part.stderr);
    read.stdout += part.stdout.byteLength;
    read.stderr += part.stderr.byteLength;
    const { stdout: _out, stderr: _err, complete, ...end } = part;
    if (complete) return { ...end, read };
    if (part.stdout.byteLength + part.stderr.byteLength >= limit) limit = maxWantedBytes;
    if (part.state !== state) follower.onState?.(part.state);
    state = part.state;
    const hasNews = part.stdout.byteLength + part.stderr.byteLength > 0 || !seen.has(state);
    seen.add(state);
    await floor.end(hasNews, follower.signal);
  }
}

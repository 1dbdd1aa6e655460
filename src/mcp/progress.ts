/** Progress notifications for hosts that asked for them: what the call waits for, for how long, and new output. */
import type { ServerContext } from '@modelcontextprotocol/server';
import type { Call } from './calls.ts';
import { type Stream, streams } from './command-source.ts';
import { fitTail } from './excerpt.ts';
import type { Host } from './host.ts';
import { formatSize } from '../text/sizes.ts';
import { formatSeconds } from '../text/durations.ts';
import { nameState } from '../text/name-state.ts';

/** Limit for the new output in one notification: hosts show only a few lines. */
const roomChars = 2_000;

/** One line. */
function describeWaiting({ snapshot, sinceMs, lacksListener }: Call): string {
  const { id, state, bytes } = snapshot;
  const seconds = formatSeconds((performance.now() - sinceMs) / 1000);
  switch (state) {
    case 'queued':
      return lacksListener ? `waiting for a listener, ${seconds}` : `${id} is queued, ${seconds}`;
    case 'awaiting_approval':
      return `waiting for the operator to approve ${id}, ${seconds}`;
    case 'running':
      return `running for ${seconds}, ${formatSize(bytes.stdout + bytes.stderr)} of output so far`;
    case 'finished':
    case 'timed_out':
    case 'lost':
    case 'cancelled':
    case 'expired':
    case 'declined':
      return `${id} ${nameState(state)}, ${formatSize(bytes.stdout + bytes.stderr)} of output`;
  }
}

/** Returns a function that sends one notification; undefined if the host did not ask for progress. */
export function createNotifier({ mcpReq }: ServerContext): ((message: string) => Promise<void>) | undefined {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  const began = performance.now();
  let progress = 0;
  return async (message) => {
    // The protocol requires a value that increases with each message: seconds, or slightly more.
    progress = Math.max(progress + 0.001, Math.round(performance.now() - began) / 1000);
    const params = { progressToken, progress, message };
    await mcpReq.notify({ method: 'notifications/progress', params });
  };
}

/** Undefined if the host did not ask for progress. */
export function createProgress(
  { showBytes }: Host,
  request: ServerContext,
): ((call: Call) => Promise<void>) | undefined {
  const notify = createNotifier(request);
  if (!notify) return undefined;
  const seen: Record<Stream, number> = { stdout: 0, stderr: 0 };
  return async (call) => {
    const { remote, snapshot } = call;
    const lines = [describeWaiting(call)];
    for (const stream of streams) {
      const total = snapshot.bytes[stream];
      const from = Math.max(seen[stream], total - roomChars);
      seen[stream] = total;
      if (total === from) continue;
      const bytes = await remote.source.read(snapshot.id, stream, from, total - from);
      lines.push(`${stream}: ${fitTail(bytes, roomChars, showBytes).text}`);
    }
    await notify(lines.join('\n'));
  };
}

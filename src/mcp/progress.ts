/** Progress for hosts that asked for it: what the call waits for and since when, and the new output. */
import type { ServerContext } from '@modelcontextprotocol/server';
import type { Call } from './calls.ts';
import { type Stream, streams } from './command-source.ts';
import { fitTail } from './excerpt.ts';
import type { Host } from './host.ts';
import { formatSize } from '../text/sizes.ts';
import { formatSeconds } from '../text/durations.ts';
import { nameState } from '../text/name-state.ts';

/** Of the output since the last message: hosts show a line or a few. */
const roomChars = 2_000;

/** One line. */
function describeWaiting({ snapshot, sinceMs, lacksListener }: Call): string {
  const { id, state, bytes } = snapshot;
  const seconds = formatSeconds((performance.now() - sinceMs) / 1000);
  switch (state) {
    case 'queued':
      return lacksListener ? `waiting for a listener, ${seconds}` : `${id} waits for its turn, ${seconds}`;
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

/** Sends one message; undefined where the host did not ask for progress. */
export function createNotifier({ mcpReq }: ServerContext): ((message: string) => Promise<void>) | undefined {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  const began = performance.now();
  let progress = 0;
  return async (message) => {
    // Grows with each message, as the protocol demands: seconds, or a little more.
    progress = Math.max(progress + 0.001, Math.round(performance.now() - began) / 1000);
    const params = { progressToken, progress, message };
    await mcpReq.notify({ method: 'notifications/progress', params });
  };
}

/** Undefined where the host did not ask. */
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

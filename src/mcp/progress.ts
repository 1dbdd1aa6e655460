/** Live output for hosts that asked for progress. */
import type { ServerContext } from '@modelcontextprotocol/server';
import { type Stream, streams } from './command-source.ts';
import type { Call } from './calls.ts';
import { describeState } from './describe-call.ts';
import { fitTail } from './excerpt.ts';
import type { Host } from './host.ts';

/** Of what is new since the last word: hosts show a line or a few. */
const roomChars = 2_000;

/** Undefined where the host did not ask. Each message is the state, or what the remote wrote since the last one. */
export function createProgress(
  { showBytes }: Host,
  { mcpReq }: ServerContext,
): ((call: Call) => Promise<void>) | undefined {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  const began = performance.now();
  const seen: Record<Stream, number> = { stdout: 0, stderr: 0 };
  return async ({ remote: { source }, snapshot }) => {
    const parts: string[] = [];
    for (const stream of streams) {
      const total = snapshot.bytes[stream];
      const from = Math.max(seen[stream], total - roomChars);
      seen[stream] = total;
      if (total === from) continue;
      const bytes = await source.read(snapshot.id, stream, from, total - from);
      parts.push(`${stream}: ${fitTail(bytes, roomChars, showBytes).text}`);
    }
    // Grows with each message, as the protocol wants it.
    const progress = Math.round(performance.now() - began) / 1000;
    const message = parts.length === 0 ? describeState(snapshot) : parts.join('\n');
    await mcpReq.notify({
      method: 'notifications/progress',
      params: { progressToken, progress, message },
    });
  };
}

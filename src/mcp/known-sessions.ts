/** Lists the stored sessions, which a call can select by name. */
import { hasListener } from '../text/describe-presence.ts';
import type { KnownSession } from './host.ts';
import { isGone, type Remote } from './sessions.ts';
import type { ToolContext } from './tool.ts';

/** Sessions beyond this number are listed without a request to their relays. */
const maxAsked = 8;

/** Time limit for all requests together: the list must not wait for a relay that is down. */
const askedWithinMs = 2_000;

async function describeState({ sessions }: ToolContext, name: string, signal: AbortSignal): Promise<string> {
  try {
    const remote = await sessions.find(name);
    if (!remote) return 'unknown';
    return hasListener(await remote.client.readStatus({ signal }))
      ? 'a listener is connected'
      : 'no listener';
  } catch (error) {
    return isGone(error) ? 'gone from its relay' : 'its relay does not answer';
  }
}

async function describe(
  context: ToolContext,
  { name, url, isCurrent }: KnownSession,
  signal: AbortSignal | undefined,
): Promise<string> {
  const late = new Promise<string>((resolve) => {
    signal?.addEventListener('abort', () => resolve('its relay does not answer'));
  });
  const state = signal ? `: ${await Promise.race([describeState(context, name, signal), late])}` : '';
  return `  ${name}${isCurrent ? ' (current)' : ''} on ${url}${state}`;
}

/** Lines of text; empty if there are no other sessions. Leaves out `inspected`, which the caller describes. */
export async function listKnownSessions(
  context: ToolContext,
  inspected: Remote | undefined,
): Promise<string[]> {
  const known = await context.host.listSessions();
  const others = known.filter(({ name }) => name !== inspected?.label);
  if (others.length === 0) return [];
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), askedWithinMs);
  try {
    const lines = await Promise.all(
      others.map((one, index) => describe(context, one, index < maxAsked ? controller.signal : undefined)),
    );
    return ['Other sessions, chosen by session:', ...lines];
  } finally {
    clearTimeout(timer);
  }
}

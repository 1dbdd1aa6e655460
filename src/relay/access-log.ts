/** The access log: one line for each request when it is over, without headers, query or keys: the route, not the path. */
import type { Answered } from './answered.ts';
import type { RelayOptions } from './relay-options.ts';

function orDash(word: string | number | undefined): string {
  return word === undefined || word === '' ? '-' : String(word);
}

export function createAccessLog({
  accessLog,
  record,
}: Pick<RelayOptions, 'accessLog' | 'record'>): (answered: Answered) => void {
  if (accessLog === undefined) return () => undefined;
  return (answered) => {
    const { address, method, route, session, status, code, bytesIn, bytesOut, isCut } = answered;
    const time = new Date(answered.at).toISOString();
    const durationMs = Math.round(answered.durationMs);
    const heldMs = Math.round(answered.heldMs);
    const words = [
      ...[time, address, method, route, status].map(orDash),
      `session=${orDash(session)}`,
      ...(code === undefined ? [] : [`code=${code}`]),
      `in=${bytesIn}`,
      `out=${bytesOut}`,
      `ms=${durationMs}`,
      `held=${heldMs}`,
      ...(isCut ? ['cut'] : []),
    ];
    record(`access: ${words.join(' ')}`, {
      kind: 'access',
      time,
      address,
      method: orDash(method),
      route: orDash(route),
      session: session === '' ? undefined : session,
      status,
      code,
      bytes_in: bytesIn,
      bytes_out: bytesOut,
      duration_ms: durationMs,
      held_ms: heldMs,
      cut: isCut,
    });
  };
}

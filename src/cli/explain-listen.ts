/** Why a relay cannot listen, in words. */
import type { ServeSettings } from '../config/resolve-serve.ts';
import { SocketUnusable } from '../relay/socket-unusable.ts';
import { Failure } from './failure.ts';

export function explainListen(error: unknown, { host, port, metrics }: ServeSettings): Failure {
  if (error instanceof SocketUnusable) return new Failure(error.message, error.hint);
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const isMetrics = error instanceof Error && error.name === 'MetricsPortUnusable' && metrics !== undefined;
  const [place, flag] = isMetrics ? [metrics, '--metrics'] : [{ host, port }, '--port'];
  const what = isMetrics ? 'port for metrics' : 'port';
  if (code === 'EADDRINUSE') {
    const hint = `choose another with ${flag}; 0 picks a free one`;
    return new Failure(`${what} ${place.port} on ${place.host} is taken`, hint);
  }
  if (code === 'EACCES') {
    const hint = isMetrics ? 'choose one above 1023' : 'choose one above 1023 and put a proxy before it';
    return new Failure(`${what} ${place.port} needs privileges`, hint);
  }
  return new Failure(
    `cannot listen on ${place.host}:${place.port} (${code})`,
    isMetrics ? 'check --metrics' : 'check --host and --port',
  );
}

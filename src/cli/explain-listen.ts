/** Explains why a relay cannot listen: turns system errors into messages with hints. */
import type { ServeSettings } from '../config/resolve-serve.ts';
import { SocketUnusable } from '../relay/socket-unusable.ts';
import { exitCodes } from './exit-codes.ts';
import { Failure } from './failure.ts';

const reasons: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no such host name',
  EAI_AGAIN: 'the host name cannot be looked up',
  EAFNOSUPPORT: 'this machine has no addresses of this kind',
  EINVAL: 'not an address to listen on',
  EMFILE: 'too many open files',
};

const cannotServe = (message: string, hint: string): Failure =>
  new Failure(message, hint, exitCodes.trouble, 'cannot_serve');

export function explainListen(error: unknown, { host, port, metrics }: ServeSettings): Failure {
  if (error instanceof SocketUnusable) return cannotServe(error.message, error.hint);
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const isMetrics = error instanceof Error && error.name === 'MetricsPortUnusable' && metrics !== undefined;
  const [place, flag] = isMetrics ? [metrics, '--metrics'] : [{ host, port }, '--port'];
  const what = isMetrics ? 'port for metrics' : 'port';
  if (code === 'EADDRINUSE') {
    const hint = `choose another with ${flag}; 0 picks a free one`;
    return cannotServe(`${what} ${place.port} on ${place.host} is taken`, hint);
  }
  if (code === 'EACCES') {
    const hint = isMetrics ? 'choose one above 1023' : 'choose one above 1023 and put a proxy in front of it';
    return cannotServe(`${what} ${place.port} needs privileges`, hint);
  }
  return cannotServe(
    `cannot listen on ${place.host}:${place.port}: ${reasons[code] ?? 'the system refused it'} (${code})`,
    isMetrics ? 'check --metrics' : 'check --host and --port',
  );
}

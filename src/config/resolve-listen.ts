/** Where `serve` listens: a socket that was handed over, `--listen`, or `--host` and `--port`. */
import type { ChooseValue } from './choose-value.ts';
import { parseFrom } from './choose-value.ts';
import { ConfigError } from './config-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { parseListen, parseSocketMode } from './parse-listen.ts';
import { parseCount } from './parse-values.ts';
import { readActivation } from './socket-activation.ts';

export type ListenFlag = 'host' | 'port' | 'listen' | 'socketMode';

/**
 * The proxy's user needs to write to the socket, and is let in by its group. php-fpm and Docker have the same mode; 0666, as
 * systemd and uvicorn have it, would let every user of the machine speak as a trusted proxy.
 */
const defaultSocketMode = '0660';

export interface ListenSettings {
  host: string;
  port: number;
  /** Takes the place of host and port. */
  listen?: { path: string; mode: number } | { fd: number };
}

type Flags = Partial<Record<ListenFlag, string>>;

function checkAlone(source: string, flags: Flags, others: readonly (keyof Flags)[]): void {
  const other = others.find((name) => flags[name] !== undefined);
  if (other === undefined) return;
  throw new ConfigError(
    `${source} and --${other} both say where to listen`,
    source === 'LISTEN_FDS'
      ? `drop --${other}, or start the relay without the .socket unit`
      : `give one of them: the whole address is in ${source}`,
  );
}

function resolvePlace(
  flags: Flags,
  choose: ChooseValue<ListenFlag>,
  environment: Environment,
): ListenSettings {
  const isFlag = flags.listen !== undefined;
  if (isFlag || readVariable(environment, 'REMOTIFY_LISTEN') !== undefined) {
    checkAlone(isFlag ? '--listen' : 'REMOTIFY_LISTEN', flags, ['host', 'port']);
    const address = choose('listen', ['REMOTIFY_LISTEN'], '', parseListen);
    if ('port' in address) return { ...address };
    const mode = choose('socketMode', ['REMOTIFY_SOCKET_MODE'], defaultSocketMode, parseSocketMode);
    return { host: '', port: 0, listen: { path: address.path, mode } };
  }
  return {
    host: choose('host', ['REMOTIFY_HOST'], '127.0.0.1', (text) => text),
    port: choose('port', ['REMOTIFY_PORT'], '8080', (text) => parseCount(text, { max: 65_535 })),
  };
}

/** `notes`: what the operator should know. Throws a ConfigError for two places at once. */
export function resolveListen(
  flags: Flags,
  choose: ChooseValue<ListenFlag>,
  environment: Environment,
  notes: string[],
): ListenSettings {
  const { fd, note } = readActivation(environment, process.pid);
  if (note !== undefined) notes.push(note);
  if (fd !== undefined) checkAlone('LISTEN_FDS', flags, ['listen', 'host', 'port']);
  const place =
    fd === undefined ? resolvePlace(flags, choose, environment) : { host: '', port: 0, listen: { fd } };
  const { socketMode } = flags;
  if (socketMode !== undefined && !(place.listen && 'path' in place.listen)) {
    parseFrom('--socket-mode', () => parseSocketMode(socketMode));
    throw new ConfigError('--socket-mode without --listen unix:PATH', 'a port has no permissions: drop it');
  }
  return place;
}

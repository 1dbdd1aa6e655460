/** Resolves where `serve` listens: a socket from the service manager, `--listen`, or `--host` and `--port`. */
import type { ChooseValue } from './choose-value.ts';
import { parseFrom } from './choose-value.ts';
import { ConfigError } from './config-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { parseListen, parseSocketMode } from './parse-listen.ts';
import { parseCount } from './parse-values.ts';
import { readActivation } from './socket-activation.ts';

export type ListenFlag = 'host' | 'port' | 'listen' | 'socketMode';

/**
 * The proxy's user needs write access to the socket, and gets it through the group. php-fpm and Docker use the same mode. With 0666, as
 * in systemd and uvicorn, every user of the machine could act as a trusted proxy.
 */
const defaultSocketMode = '0660';

export interface ListenSettings {
  host: string;
  port: number;
  /** Replaces host and port. */
  listen?: { path: string; mode: number } | { fd: number };
}

type Flags = Partial<Record<ListenFlag, string>>;

function checkAlone(source: string, flags: Flags, others: readonly (keyof Flags)[]): void {
  const other = others.find((name) => flags[name] !== undefined);
  if (other === undefined) return;
  throw new ConfigError(
    `${source} and --${other} both set the address to listen on`,
    source === 'LISTEN_FDS'
      ? `remove --${other}, or start the relay without the .socket unit`
      : `remove --${other}: ${source} is the whole address`,
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

/** Adds messages for the operator to `notes`. Throws a ConfigError if two options set the address. */
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
    throw new ConfigError('--socket-mode without --listen unix:PATH', 'a port has no permissions: remove it');
  }
  return place;
}

/** Takes a socket from the service manager, as in sd_listen_fds(3): the first one is file descriptor 3. */
import { ConfigError } from './config-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { parseCount } from './parse-values.ts';
import { quote } from '../text/quote.ts';

const firstDescriptor = 3;

const variables = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'];

export interface Activation {
  /** Undefined if this process was passed no socket. */
  readonly fd?: number;
  /** A message for the operator. */
  readonly note?: string;
}

/** Variables for another process are ignored. Throws a ConfigError for any number of sockets but one. */
export function readActivation(environment: Environment, pid: number): Activation {
  const count = readVariable(environment, 'LISTEN_FDS');
  const owner = readVariable(environment, 'LISTEN_PID');
  if (count === undefined || owner === undefined) return {};
  if (owner !== String(pid)) {
    const cause = `LISTEN_PID is ${quote(owner)} and this process is ${pid}`;
    return { note: `ignoring the socket of LISTEN_FDS: ${cause}. If a shell starts the relay, use exec` };
  }
  const hint = 'give the .socket unit one ListenStream=, or unset LISTEN_FDS and LISTEN_PID';
  let sockets: number;
  try {
    sockets = parseCount(count);
  } catch {
    throw new ConfigError(`LISTEN_FDS is not a number of sockets: ${quote(count)}`, hint);
  }
  if (sockets === 0) throw new ConfigError('LISTEN_FDS is 0: no socket was handed over', hint);
  if (sockets > 1)
    throw new ConfigError(`LISTEN_FDS is ${sockets}: the relay listens on one socket, not on several`, hint);
  return { fd: firstDescriptor };
}

/** Removes the variables, so that no child process takes the socket for its own. */
export function forgetActivation(): void {
  for (const name of variables) delete process.env[name];
}

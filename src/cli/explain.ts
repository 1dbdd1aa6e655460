/** Turns any error into a message with a hint. Never a stack trace; an unexpected error is shown by its class and message. */
import { RelayError } from '../client/relay-error.ts';
import { ConfigError, type ConfigErrorKind } from '../config/config-error.ts';
import { describeFileError } from '../config/describe-file-error.ts';
import { type RefusalCode, refusals } from '../protocol/errors.ts';
import { exitCodes } from './exit-codes.ts';
import { type AnyCode, Failure } from './failure.ts';
import { quote } from '../text/quote.ts';

const relayHints: Record<RelayError['kind'], string> = {
  unreachable: 'check --url or REMOTIFY_URL, and that the relay runs; `remotify serve` starts one here',
  not_a_relay: 'check --url or REMOTIFY_URL; a captive portal or a proxy may have answered instead',
  moved: 'give the new address with --url, or store it: `remotify config set url URL`',
  refused: '',
};

const refusalHints: Record<string, string> = {
  not_found: 'check the path of --url or REMOTIFY_URL',
  gone: 'create a new one with `remotify new --url URL` and paste its line on the remote',
  rate_limited: 'wait, or use a session that you have: `remotify list`',
  token_needed:
    'set REMOTIFY_TOKEN to the token of this relay, or REMOTIFY_TOKEN_FILE to a file that holds it',
  listener_key: 'this is the key of a pasted line; use the session key that `remotify new` stored',
  too_many_keys: 'push more slowly, or use several sessions',
  queue_full: 'wait for commands to end, or clear the queue: `remotify reset`',
  storage_full: 'free space on the disk of the relay, or memory in its Redis',
  session_quota: 'end it with `remotify end`, which deletes its scripts and output, and create a new one',
  address_quota: 'end unused sessions: `remotify list`, `remotify end NAME`',
  too_many_sessions: 'end unused sessions: `remotify list`, `remotify end NAME`',
  too_large: 'a command is 1 MiB at most: send a script that fetches the rest',
  unknown_host: 'the operator of the relay can allow this name: `remotify serve --allowed-host NAME`',
  no_such_command: 'run `remotify history` to list commands',
};

/** The relay sent `code`: it can be any text. */
function findHint(code: string): string | undefined {
  return Object.hasOwn(refusalHints, code) ? refusalHints[code] : undefined;
}

/** For a refusal without a hint of its own. */
function hintAtStatus({ status, isTooLarge }: RelayError): string {
  if (status >= 500)
    return 'try again; if it persists, check the logs of the relay and of the proxy in front of it';
  if (isTooLarge) return 'raise the limit of the proxy (nginx: client_max_body_size), or send less at once';
  return 'run `remotify status`';
}

/** The relay's own code of a refusal, if this version knows it. */
function codeOf({ kind, code }: RelayError): AnyCode {
  if (kind !== 'refused') return kind;
  return isRefusalCode(code) ? code : 'refused';
}

function isRefusalCode(code: string): code is RefusalCode {
  return Object.hasOwn(refusals, code);
}

const codeOfConfig = {
  usage: 'usage',
  session: 'no_such_session',
  setting: 'settings',
} as const satisfies Record<ConfigErrorKind, AnyCode>;

function explainRelay(error: RelayError): Failure {
  const hint =
    error.hint ??
    (error.kind === 'refused'
      ? (findHint(error.code) ?? hintAtStatus(error)).replace('--url URL', `--url ${error.url}`)
      : relayHints[error.kind]);
  return new Failure(error.message, hint === '' ? undefined : hint, exitCodes.trouble, codeOf(error));
}

/** A system call that failed unexpectedly: not a bug of remotify, and explained in words beside its error code. */
function explainSystem(error: NodeJS.ErrnoException): Failure {
  const isLimit = error.code === 'EMFILE' || error.code === 'ENFILE';
  const what = error.path === undefined ? 'a system call failed' : `cannot use ${quote(error.path)}`;
  return new Failure(
    `${what}: ${describeFileError(error)}`,
    isLimit
      ? 'allow more open files: `ulimit -n 4096`'
      : 'check the disk, the memory and the limits of this machine',
    exitCodes.trouble,
    error.path === undefined ? 'internal' : 'file',
  );
}

export function explain(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof RelayError) return explainRelay(error);
  if (error instanceof ConfigError) {
    return new Failure(
      error.message,
      error.hint,
      error.kind === 'setting' ? exitCodes.trouble : exitCodes.usage,
      codeOfConfig[error.kind],
    );
  }
  if (error instanceof Error && 'syscall' in error) return explainSystem(error as NodeJS.ErrnoException);
  const message =
    error instanceof Error ? `${error.name}: ${error.message}` : 'a value that is not an error was thrown';
  return new Failure(
    message.split('\n')[0] ?? '',
    'this looks like a bug in remotify',
    exitCodes.trouble,
    'internal',
  );
}

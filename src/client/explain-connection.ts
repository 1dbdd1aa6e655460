/** Explains a failed connection: words, the code in parentheses, and a hint. Loaded only after a failure. */
import { getSystemErrorMap } from 'node:util';
import { RelayError } from './relay-error.ts';
import { describeTlsError } from './tls-words.ts';

/** The relay or proxy that the client tried to connect to. */
export interface Peer {
  /** For messages: the address, which may follow a description such as "the proxy". */
  readonly name: string;
  /** For commands in hints. */
  readonly host: string;
  readonly port: number;
  /** The flag or variable that names it. */
  readonly source: string;
}

const brokeOff = 'the connection closed unexpectedly';
const notHttp = 'REMOTIFY_NOT_HTTP';
const noHttp = 'it does not speak HTTP';
const noLookup = 'the host name cannot be looked up';

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host',
  ECONNRESET: brokeOff,
  ECONNABORTED: brokeOff,
  EPIPE: brokeOff,
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'its host cannot be reached from here',
  EHOSTDOWN: 'its host is down',
  ENETUNREACH: 'its network cannot be reached from here',
  ENETDOWN: 'the network of this machine is down',
  EADDRNOTAVAIL: 'this machine has no address or port left to connect from',
  EACCES: 'this machine forbids the connection',
  EPERM: 'this machine forbids the connection',
  EMFILE: 'this process has too many open files',
  ENFILE: 'this machine has too many open files',
  ENOBUFS: 'this machine has too little memory for the connection',
  ENOMEM: 'this machine has too little memory for the connection',
  EINVAL: 'its address is not valid for a connection',
  UND_ERR_SOCKET: brokeOff,
  UND_ERR_CLOSED: 'the connection was closed',
  UND_ERR_DESTROYED: 'the connection was closed',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  UND_ERR_HEADERS_TIMEOUT: 'timed out waiting for its answer',
  UND_ERR_BODY_TIMEOUT: 'its answer stopped half way',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of its answer are too large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the length of its answer is not its Content-Length',
  [notHttp]: noHttp,
  REMOTIFY_ANSWER_TOO_LARGE: 'its answer is too large',
};

/** For errors that a wrong address does not explain. Words in capitals are replaced. */
const hints: Readonly<Record<string, string>> = {
  ENOTFOUND: 'check the host name in SOURCE; if only a proxy knows it, set PROXY_VARIABLE',
  EAI_AGAIN: 'check the DNS of this machine; if only a proxy reaches the relay, set PROXY_VARIABLE',
  EHOSTUNREACH: 'check the network of this machine; if only a proxy leads out of it, set PROXY_VARIABLE',
  ENETUNREACH: 'check the network of this machine; if only a proxy leads out of it, set PROXY_VARIABLE',
  ENETDOWN: 'check the network of this machine',
  ETIMEDOUT:
    'check SOURCE; a firewall may drop the connection: if only a proxy leads out, set PROXY_VARIABLE',
  EACCES: 'allow it in the firewall or sandbox of this machine',
  EMFILE: 'allow more: `ulimit -n 4096`',
  ENFILE: 'close some programs, or allow more open files',
  ENOBUFS: 'close some programs and try again',
  UND_ERR_SOCKET:
    'try again; if it fails again, check SOURCE: the port may belong to another service, or to OTHER_SCHEME',
  UND_ERR_HEADERS_TIMEOUT:
    'try again; if it fails again, check that the relay, and any proxy in front of it, responds',
  EADDRNOTAVAIL: 'close some connections and try again, or check the network of this machine',
};

const sameHint: Readonly<Record<string, string>> = {
  EPERM: 'EACCES',
  ENOMEM: 'ENOBUFS',
  EHOSTDOWN: 'EHOSTUNREACH',
  UND_ERR_CONNECT_TIMEOUT: 'ETIMEDOUT',
  UND_ERR_BODY_TIMEOUT: 'UND_ERR_HEADERS_TIMEOUT',
  ECONNRESET: 'UND_ERR_SOCKET',
  EPIPE: 'UND_ERR_SOCKET',
  [notHttp]: 'UND_ERR_SOCKET',
  EAI_NODATA: 'ENOTFOUND',
  EAI_NONAME: 'ENOTFOUND',
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** undici sets no code on some errors of its parser. */
function isParserError(error: unknown): boolean {
  return error instanceof Error && error.name === 'HTTPParserError';
}

/** Finds the most specific error: an AggregateError has one for each address, and libraries wrap system errors. */
function findCause(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return findCause(error.errors[0]);
  if (!(error instanceof Error) || error.cause === undefined || codeOf(error.cause) === '') return error;
  return findCause(error.cause);
}

function describe(error: unknown, code: string): string {
  const known = words[code];
  if (known !== undefined) return known;
  if (code.startsWith('HPE_')) return noHttp;
  if (code.startsWith('EAI_')) return noLookup;
  const { errno } = (error instanceof Error ? error : {}) as NodeJS.ErrnoException;
  const system = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  return system ?? 'the connection failed';
}

/** Shows a code for a web search. Leaves out codes of libraries that add nothing to the words. */
function showCode(code: string): string {
  return code === '' || code.startsWith('REMOTIFY_') || (code.startsWith('UND_ERR_') && code in words)
    ? ''
    : ` (${code})`;
}

/** `proxyHint`: the hint for a connection to a proxy, where the advice to set a proxy would be wrong. */
export function explainConnection(
  error: unknown,
  { name, host, port, source }: Peer,
  proxyHint?: string,
): RelayError {
  if (error instanceof RelayError) return error;
  const cause = findCause(error);
  const code = codeOf(cause) || (isParserError(cause) ? notHttp : '');
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const tls = cause instanceof Error ? describeTlsError(cause, code, place) : undefined;
  const says = `cannot reach ${name}: ${tls?.words ?? describe(cause, code)}${showCode(code)}`;
  const hint =
    tls?.hint ??
    proxyHint ??
    hints[sameHint[code] ?? (code.startsWith('HPE_') ? 'UND_ERR_SOCKET' : code)]
      ?.replace('SOURCE', source)
      .replace('OTHER_SCHEME', name.startsWith('https:') ? 'http' : 'https')
      .replace('PROXY_VARIABLE', name.startsWith('https:') ? 'https_proxy' : 'http_proxy');
  return new RelayError('unreachable', says, hint === undefined ? {} : { hint });
}

/** Why a connection failed: words, the code in parentheses, and a hint that fits. Loaded when one did. */
import { getSystemErrorMap } from 'node:util';
import { RelayError } from './relay-error.ts';
import { describeTlsError } from './tls-words.ts';

/** Whom the connection was for. */
export interface Peer {
  /** For messages: an address, or what it is and its address. */
  readonly name: string;
  /** For a command to copy. */
  readonly host: string;
  readonly port: number;
  /** What names it: a flag or a variable. */
  readonly source: string;
}

const brokeOff = 'the connection broke off';
const notHttp = 'REMOTIFY_NOT_HTTP';
const noHttp = 'it does not speak HTTP';
const noLookup = 'the host name cannot be looked up';

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host',
  ECONNRESET: brokeOff,
  ECONNABORTED: brokeOff,
  EPIPE: brokeOff,
  ETIMEDOUT: 'no connection in time',
  EHOSTUNREACH: 'its host cannot be reached from here',
  EHOSTDOWN: 'its host is down',
  ENETUNREACH: 'its network cannot be reached from here',
  ENETDOWN: 'the network of this machine is down',
  EADDRNOTAVAIL: 'this machine has no address or port left to connect from',
  EACCES: 'this machine forbids the connection',
  EPERM: 'this machine forbids the connection',
  EMFILE: 'this process has too many open files',
  ENFILE: 'this machine has too many open files',
  ENOBUFS: 'this machine has no memory for connections',
  ENOMEM: 'this machine has no memory for connections',
  EINVAL: 'its address cannot be connected to',
  UND_ERR_SOCKET: brokeOff,
  UND_ERR_CLOSED: 'the connection was closed',
  UND_ERR_DESTROYED: 'the connection was closed',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped half way',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of its answer are too large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its answer is not as long as it says',
  [notHttp]: noHttp,
  REMOTIFY_ANSWER_TOO_LARGE: 'its answer is too large',
};

/** For those that are not the fault of the address. */
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
    'try again; if it stays, check SOURCE: the port may be of another service, or for OTHER_SCHEME',
  UND_ERR_HEADERS_TIMEOUT: 'try again; if it stays, check that the relay, and a proxy before it, answers',
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

/** The library leaves its parser's code out. */
function isParserError(error: unknown): boolean {
  return error instanceof Error && error.name === 'HTTPParserError';
}

/** The error that says most: several addresses were tried, or a library wrapped what the system said. */
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

/** The code is for a search; those of the libraries inside say no more than the words. */
function showCode(code: string): string {
  return code === '' || code.startsWith('REMOTIFY_') || (code.startsWith('UND_ERR_') && code in words)
    ? ''
    : ` (${code})`;
}

/** `proxyHint`: for a connection to a proxy, where the hint is not to set one. */
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

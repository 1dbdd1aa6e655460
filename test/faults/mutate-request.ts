import { gzipSync } from 'node:zlib';
import type { Random } from '../harness/random.ts';

/** Text is latin1: a character is a byte. */
export type PlainRequest = {
  method: string;
  path: string;
  query: [name: string, value: string][];
  headers: [name: string, value: string][];
  body: Buffer;
};

/** `isWhole`: its length matches its headers, so that another request may follow on the same connection. */
export type WireRequest = { bytes: Buffer; isHead: boolean; isWhole: boolean };

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE'];
const strange = [
  '',
  '0',
  '-1',
  '00',
  '1e9',
  '0x10',
  '1.5',
  'NaN',
  'null',
  '999999999999999',
  '9007199254740993',
  '9'.repeat(40),
  '%',
  '%00',
  '%0d%0aX:y',
  '%ff%fe',
  '%u0041',
  '+',
  'stdout',
  'stderr',
  'stdin',
  'TERM',
  'STOP',
  'self',
  'c1',
  'c0',
  'c999999999',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '\u00e9\u00ff',
  "'$(id)'",
  '<b>',
  'a,b',
  'a;b',
  'gzip',
  'chunked',
  'x'.repeat(300),
  'y'.repeat(6_000),
];
const names = [
  'wait',
  'offset',
  'stream',
  'state',
  'stdout',
  'stderr',
  'timeout',
  'expires',
  'signal',
  'seen',
  'had',
  'end',
  'after',
  'mode',
  'nowait',
  'exit_status',
  'stdout_bytes',
  'stderr_offset',
];
const headerNames = [
  'Remotify-Listener',
  'Remotify-Host',
  'Remotify-Mode',
  'Remotify-Client',
  'Idempotency-Key',
  'Authorization',
  'Content-Encoding',
  'Content-Type',
  'Accept-Encoding',
  'Host',
  'Origin',
  'Sec-Fetch-Site',
  'X-Forwarded-For',
  'Expect',
  'Connection',
  'Upgrade',
  'Range',
  'Cookie',
  'Date',
  'TE',
  'Trailer',
];

function flipBytes(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  for (let times = 1 + random.below(4); times > 0 && copy.length > 0; times -= 1) {
    copy[random.below(copy.length)] = random.pick([
      0,
      0x0a,
      0x0d,
      0x20,
      0x25,
      0x3a,
      0x7f,
      0x80,
      0xff,
      random.below(256),
    ]);
  }
  return copy;
}

function insert(bytes: Buffer, extra: string, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(extra, 'latin1'), bytes.subarray(at)]);
}

function changeText(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const piece = random.pick([
    '%00',
    '%',
    '/',
    '//',
    '.',
    '..',
    '%2e%2e',
    ';',
    '\\',
    '%ff',
    '\u00ff',
    'A',
    '~',
  ]);
  return random.pick([
    () => text.slice(0, at) + piece + text.slice(at),
    () => text.slice(0, at),
    () => text.slice(0, at) + text.slice(at + 1),
    () => text.toUpperCase(),
    () =>
      `${text.slice(0, at)}%${(text.charCodeAt(at) || 0x41).toString(16).padStart(2, '0')}${text.slice(at + 1)}`,
    () => text + text,
  ])();
}

type Change = (request: PlainRequest, random: Random) => void;

function swapIn<T>(list: T[], random: Random): void {
  const [from, to] = [random.below(list.length), random.below(list.length)];
  const [one, other] = [list[from], list[to]];
  if (one !== undefined && other !== undefined) [list[from], list[to]] = [other, one];
}

/** Mutations after which the length of the request still matches its headers. */
const changes: readonly Change[] = [
  (request, { pick }) => void (request.method = pick(methods)),
  (request, random) => void (request.path = `/${changeText(request.path, random).replace(/^\//, '')}`),
  (request, { pick }) =>
    void (request.path = request.path.replace(/c\d+/, pick(['c0', 'c1', 'c2', 'c3', 'c4', 'c99']))),
  (request, { pick }) => void request.query.push([pick(names), pick(strange)]),
  (request, { pick, below }) => {
    const param = request.query[below(Math.max(1, request.query.length))];
    if (param) param[1] = pick(strange);
  },
  (request, { below }) => void request.query.splice(below(Math.max(1, request.query.length)), 1),
  (request, { pick }) =>
    void request.query.push(...request.query.map(([name]): [string, string] => [name, pick(strange)])),
  (request, random) => swapIn(request.query, random),
  (request, { pick }) => void request.headers.push([pick(headerNames), pick(strange)]),
  (request, { pick, below }) => {
    const one = request.headers[below(request.headers.length)];
    if (one) one[1] = pick(strange);
  },
  (request, { below }) => void request.headers.splice(below(Math.max(1, request.headers.length)), 1),
  (request, { pick, below }) => {
    const one = request.headers[below(Math.max(1, request.headers.length))];
    if (one)
      request.headers.push([
        pick([one[0], one[0].toLowerCase(), one[0].toUpperCase()]),
        pick([one[1], pick(strange)]),
      ]);
  },
  (request, random) => swapIn(request.headers, random),
  (request, { below }) => {
    for (let left = below(1_200); left > 0; left -= 1) request.headers.push(['a', '']);
  },
  (request, random) => void (request.body = flipBytes(request.body, random)),
  (request, { below }) => void (request.body = request.body.subarray(0, below(request.body.length + 1))),
  (request, { pick, oneIn }) =>
    void (request.body = Buffer.alloc(
      oneIn(20) ? pick([1_048_576, 1_048_577]) : pick([0, 1, 4_096, 65_536]),
      pick(['x', '\0', ' ', '\n']),
    )),
  (request, random) => {
    const packed = gzipSync(request.body, { level: 1 });
    request.body = random.pick([
      packed,
      flipBytes(packed, random),
      packed.subarray(0, random.below(packed.length)),
      insert(packed, 'z', random),
    ]);
    request.headers.push(['Content-Encoding', 'gzip']);
  },
];

function renderHead({ method, path, query, headers }: PlainRequest, framing: string): string {
  const search = query.map(([name, value]) => `${name}=${value}`).join('&');
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${method} ${path}${search === '' ? '' : `?${search}`} HTTP/1.1\r\n${lines}${framing}\r\n\r\n`;
}

function render(request: PlainRequest, random: Random): Buffer {
  const { body } = request;
  if (!random.oneIn(5))
    return Buffer.concat([
      Buffer.from(renderHead(request, `Content-Length: ${body.length}`), 'latin1'),
      body,
    ]);
  const cut = random.below(body.length + 1);
  const chunks = [body.subarray(0, cut), body.subarray(cut)].filter(({ length }) => length > 0);
  const parts = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  const head = renderHead(request, 'Transfer-Encoding: chunked');
  return Buffer.concat([Buffer.from(head, 'latin1'), ...parts, Buffer.from('0\r\n\r\n')]);
}

/** Mutations of the bytes on the wire, which may break the framing. */
const breaks: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  flipBytes,
  (bytes, { below }) => bytes.subarray(0, below(bytes.length)),
  (bytes, random) =>
    insert(bytes, random.pick(['\0', '\r\n', '\n', '\r', ' ', '\t', '\xff', ':', '%00', '\x1b[2J']), random),
  (bytes, random) => insert(bytes, 'Z'.repeat(random.pick([100, 5_000, 20_000])), random),
  (bytes, { pick }) =>
    replace(
      bytes,
      'HTTP/1.1',
      pick(['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.', 'http/1.1', 'RTSP/1.0', '']),
    ),
  (bytes, { pick }) =>
    replace(bytes, /^[A-Z]+/, pick(['get', 'CONNECT', 'PRI', 'M-SEARCH', 'G\0T', 'PROPFIND', 'QUERY', ''])),
  (bytes, { pick }) =>
    replace(
      bytes,
      /Content-Length: \d+/,
      `Content-Length: ${pick(['-1', '+3', '3, 3', '0x3', '', '9'.repeat(25), '1', '26214401', '5\r\nContent-Length: 6'])}`,
    ),
  (bytes, { pick }) =>
    replace(
      bytes,
      /Content-Length: /,
      `Transfer-Encoding: ${pick(['chunked', 'xchunked', 'chunked, identity', 'gzip, chunked', '\x0bchunked'])}\r\nContent-Length: `,
    ),
  (bytes) => replace(bytes, /\r\n/g, '\n'),
  (bytes, { pick }) =>
    replace(bytes, /\r\n([A-Z])/, pick(['\r\n $1', '\r\n\t$1', '\r\n\r\n$1', '\r$1', '\r\n: $1'])),
  (bytes, { pick }) =>
    replace(
      bytes,
      /chunked\r\n\r\n[0-9a-f]+/,
      `chunked\r\n\r\n${pick(['fffffffffffffffff', '-1', 'zz', '0', '7fffffff', `1;${'e'.repeat(20_000)}`])}`,
    ),
  (bytes, { below }) => Buffer.concat([bytes.subarray(below(bytes.length)), bytes]),
];

function replace(bytes: Buffer, what: string | RegExp, by: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(what, by), 'latin1');
}

export function mutateRequest(valid: PlainRequest, random: Random): WireRequest {
  const request: PlainRequest = {
    ...valid,
    query: valid.query.map(([name, value]) => [name, value]),
    headers: valid.headers.map(([name, value]) => [name, value]),
  };
  for (let times = random.below(4); times > 0; times -= 1) random.pick(changes)(request, random);
  const bytes = render(request, random);
  const isHead = request.method === 'HEAD';
  if (!random.oneIn(8)) return { bytes, isHead, isWhole: true };
  return { bytes: random.pick(breaks)(bytes, random), isHead, isWhole: false };
}

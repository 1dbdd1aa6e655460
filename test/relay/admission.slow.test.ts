import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { routes } from '../../src/protocol/routes.ts';
import { isLong } from '../harness/is-long.ts';
import { openRaw, type RawAnswer } from '../harness/raw-connection.ts';
import { createRandom } from '../harness/random.ts';
import { seed } from '../harness/seed.ts';
import { useRelay } from '../harness/use-relay.ts';

// Which requests the relay admits. The table repeats the rules of docs/protocol.md, and the tests compare the relay with it.

/** The access of a method of a route, and the statuses of an admitted request, which has no body and no listener id. */
type Rule = { access: 'open' | 'session' | 'listener' | 'either'; statuses: number[] };
const rule = (access: Rule['access'], ...statuses: number[]): Rule => ({ access, statuses });

const table: Record<string, Partial<Record<string, Rule>>> = {
  '/': { GET: rule('open', 200) },
  '/landing.css': { GET: rule('open', 200) },
  '/icon.svg': { GET: rule('open', 200) },
  '/landing.js': { GET: rule('open', 200) },
  '/api/health': { GET: rule('open', 200) },
  '/api/ready': { GET: rule('open', 200) },
  '/api/session': { POST: rule('open', 201) },
  '/api/session/{key}': { GET: rule('session', 200), DELETE: rule('session', 204) },
  '/api/session/{key}/status': { GET: rule('session', 200) },
  '/api/session/{key}/reset': { POST: rule('session', 200) },
  '/cmd-{key}': { GET: rule('session', 204), POST: rule('session', 400), DELETE: rule('session', 204) },
  '/result-{key}': {
    GET: rule('session', 200, 204),
    POST: rule('session', 201),
    DELETE: rule('session', 204),
  },
  '/r/{key}': { GET: rule('either', 200) },
  '/api/session/{key}/commands': { GET: rule('session', 200), POST: rule('session', 400) },
  '/api/session/{key}/commands/c1': { GET: rule('session', 200), DELETE: rule('session', 200) },
  '/api/session/{key}/commands/c1/output': { GET: rule('session', 200), POST: rule('listener', 400) },
  '/api/session/{key}/commands/c1/stdin': { GET: rule('listener', 400), PUT: rule('session', 409) },
  '/api/session/{key}/next': { GET: rule('listener', 400) },
  '/api/session/{key}/leave': { POST: rule('listener', 400) },
  '/api/session/{key}/commands/c1/start': { POST: rule('listener', 400) },
  '/api/session/{key}/commands/c1/decline': { POST: rule('listener', 400) },
  '/api/session/{key}/commands/c1/control': { GET: rule('listener', 400) },
  '/api/session/{key}/commands/c1/finish': { POST: rule('listener', 400) },
};

/** For these, HEAD gets the same status as GET; for the others, 204. */
const harmless = new Set([
  '/',
  '/landing.css',
  '/landing.js',
  '/icon.svg',
  '/api/health',
  '/api/ready',
  '/api/session/{key}',
  '/api/session/{key}/status',
  '/r/{key}',
]);
const pages = new Set(['/', '/icon.svg', '/landing.css', '/landing.js']);

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE'] as const;
const hosts = {
  /** In HTTP/1.0, which may leave it out. */
  none: [],
  missing: [],
  localhost: ['localhost:PORT'],
  address: ['127.0.0.1:PORT'],
  address6: ['[::1]:PORT'],
  allowed: ['allowed.example'],
  public: ['relay.example'],
  foreign: ['evil.example'],
  rebound: ['relay.example.evil.example'],
  malformed: ['relay.example:1@evil.example'],
  twoOwn: ['relay.example', 'relay.example'],
  ownAndForeign: ['relay.example', 'evil.example'],
} as const;
const origins = ['none', 'own', 'public', 'foreign', 'null', 'otherPort'] as const;
const sites = ['', 'same-origin', 'none', 'same-site', 'cross-site'] as const;
const keyKinds = ['none', 'session', 'listener', 'unknown', 'malformed'] as const;

type Request = {
  path: string;
  method: (typeof methods)[number];
  host: keyof typeof hosts;
  origin: (typeof origins)[number];
  site: (typeof sites)[number];
  keyKind: (typeof keyKinds)[number];
  /** The key is in the path, or the path has `self` and the key is sent as Bearer. */
  place: 'path' | 'bearer';
};

/** The first rule that fails, in the order of the reference; undefined for a request that is admitted. */
function refusalOf({
  path,
  method,
  host,
  origin,
  site,
  keyKind,
  place,
}: Request): [number, string] | undefined {
  if (host === 'missing' || host === 'twoOwn' || host === 'ownAndForeign') return [400, 'bad_parameter'];
  if (host === 'foreign' || host === 'rebound' || host === 'malformed') return [421, 'unknown_host'];
  const hasKey = path.includes('{key}');
  // Without a key the path matches no route either.
  if (hasKey && place === 'path' && (keyKind === 'malformed' || keyKind === 'none'))
    return [404, 'not_found'];
  if (!pages.has(path)) {
    // Without a Host, only the origin of the public URL is the relay's own.
    const isOwn = origin === 'none' || origin === 'public' || (origin === 'own' && host !== 'none');
    if (!isOwn || site === 'same-site' || site === 'cross-site') return [403, 'foreign_origin'];
  }
  if (method === 'OPTIONS') return undefined;
  const access = table[path]?.[method === 'HEAD' ? 'GET' : method]?.access;
  if (access === undefined) return [405, 'method_not_allowed'];
  if (access === 'open') return undefined;
  if (keyKind === 'none' || keyKind === 'malformed') return [401, 'key_missing'];
  // A repeated DELETE gets the same response as an admitted one.
  if (keyKind === 'unknown' && method === 'DELETE' && path === '/api/session/{key}') return undefined;
  // A shell reads the response of the runner route, so it is a script that reports the end.
  if (keyKind === 'unknown') return [path === '/r/{key}' ? 200 : 410, 'gone'];
  if (access === 'session' && keyKind === 'listener') return [403, 'listener_key'];
  if (access === 'listener' && keyKind === 'session') return [403, 'session_key'];
  return undefined;
}

function statusesOf({ path, method }: Request): number[] {
  if (method === 'OPTIONS') return [204];
  if (method === 'HEAD') return harmless.has(path) ? [200] : [204];
  return table[path]?.[method]?.statuses ?? [];
}

const relay = useRelay({
  flags: ['--public-url', 'https://relay.example', '--allowed-host', 'allowed.example'],
});

const call = (path: string, init: RequestInit = {}) => fetch(relay.url + path, init);
const deriveListenerKey = (key: string) =>
  createHmac('sha256', key).update('listener').digest('hex').slice(0, 32);

async function makeKey(): Promise<string> {
  const made = await call('/api/session', { method: 'POST' });
  return ((await made.json()) as { key: string }).key;
}

/** A session with a cancelled command, a command in the slot, and a queued command. */
async function makeFullSession(): Promise<string> {
  const key = await makeKey();
  const own = `/api/session/${key}`;
  await call(`${own}/commands`, { method: 'POST', body: 'echo dropped' });
  await call(`${own}/commands/c1`, { method: 'DELETE' });
  await call(`/cmd-${key}`, { method: 'POST', body: 'echo slot' });
  await call(`${own}/commands`, { method: 'POST', body: 'echo waits' });
  return key;
}

async function readState(key: string): Promise<string> {
  const own = `/api/session/${key}`;
  const status = (await (await call(`${own}/status`)).json()) as object;
  const commands = await (await call(`${own}/commands`)).text();
  return JSON.stringify({ ...status, listener_seen_seconds_ago: null, now: 0 }) + commands;
}

function renderRequest(request: Request, sessionKey: string): string {
  const { path, method, host, origin, site, keyKind, place } = request;
  const key = {
    none: '',
    session: sessionKey,
    listener: deriveListenerKey(sessionKey),
    unknown: '0123456789abcdef0123456789abcdef',
    malformed: sessionKey.toUpperCase().replace(/^./, 'A'),
  }[keyKind];
  const hostValues = hosts[host].map((value) => value.replace('PORT', String(relay.port)));
  const ownOrigin = `http://${hostValues[0] ?? `127.0.0.1:${relay.port}`}`;
  const originValue = {
    none: '',
    own: ownOrigin,
    public: 'https://relay.example',
    foreign: 'https://evil.example',
    null: 'null',
    otherPort: `http://127.0.0.1:${relay.port + 1}`,
  }[origin];
  const target = path.replace('{key}', place === 'path' ? key : 'self');
  const lines = [
    `${method} ${target}?wait=0&nowait=1 HTTP/1.${host === 'none' ? '0' : '1'}`,
    ...hostValues.map((value) => `Host: ${value}`),
    ...(originValue === '' ? [] : [`Origin: ${originValue}`]),
    ...(site === '' ? [] : [`Sec-Fetch-Site: ${site}`]),
    ...(place === 'bearer' && keyKind !== 'none' ? [`Authorization: Bearer ${key}`] : []),
    ...(method === 'POST' || method === 'PUT' ? ['Content-Length: 0'] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** HTTP/1.0, where a response without a body ends the connection. */
const isOld = ({ host }: Request): boolean => host === 'none';

/** How many requests are pipelined on one connection at a time. */
const pipelined = 16;

async function askAll(
  requests: readonly Request[],
  keyOf: (request: Request) => Promise<string> | string,
  check: (request: Request, answer: RawAnswer) => void,
): Promise<void> {
  for (const request of requests.filter(isOld)) {
    const alone = await openRaw(relay);
    alone.send(renderRequest(request, await keyOf(request)));
    check(request, await alone.next({ isHead: request.method === 'HEAD' }));
    alone.destroy();
  }
  // Opened only now, since the relay closes idle connections.
  const connection = await openRaw(relay);
  try {
    const modern = requests.filter((request) => !isOld(request));
    for (let at = 0; at < modern.length; at += pipelined) {
      const batch = modern.slice(at, at + pipelined);
      const texts = await Promise.all(batch.map(async (one) => renderRequest(one, await keyOf(one))));
      connection.send(texts.join(''));
      for (const request of batch) {
        const answer = await connection.next({ isHead: request.method === 'HEAD' });
        check(request, answer);
      }
    }
  } finally {
    connection.destroy();
  }
}

const paths = Object.keys(table);
const hostNames = Object.keys(hosts) as Request['host'][];
const places = ['path', 'bearer'] as const;
const good = { host: 'address', origin: 'none', site: '' } as const;

/** Each route and method with each kind of key, as curl sends them. */
const everyKey = paths.flatMap((path) =>
  methods.flatMap((method) =>
    keyKinds.flatMap((keyKind) => places.map((place) => ({ path, method, keyKind, place, ...good }))),
  ),
);

/** Each route with the right method and key, from each kind of page. */
const everyPage = paths.flatMap((path) =>
  Object.entries(table[path] ?? {}).flatMap(([method, given]) =>
    hostNames.flatMap((host) =>
      origins.flatMap((origin) =>
        sites.map((site): Request => {
          const keyKind = given?.access === 'listener' ? 'listener' : 'session';
          return { path, method: method as Request['method'], host, origin, site, keyKind, place: 'path' };
        }),
      ),
    ),
  ),
);

function pickAny(count: number): Request[] {
  const { pick } = createRandom(seed);
  return Array.from({ length: count }, () => ({
    path: pick(paths),
    method: pick(methods),
    host: pick(hostNames),
    origin: pick(origins),
    site: pick(sites),
    keyKind: pick(keyKinds),
    place: pick(places),
  }));
}

function listAll(): Request[] {
  return paths.flatMap((path) =>
    methods.flatMap((method) =>
      hostNames.flatMap((host) =>
        origins.flatMap((origin) =>
          sites.flatMap((site) =>
            keyKinds.flatMap((keyKind) =>
              places.map((place) => ({ path, method, host, origin, site, keyKind, place })),
            ),
          ),
        ),
      ),
    ),
  );
}

const requests = isLong ? listAll() : [...everyKey, ...everyPage, ...pickAny(4_000)];
const refused = requests.filter((request) => refusalOf(request) !== undefined);
const admitted = requests.filter((request) => refusalOf(request) === undefined);

/** Reports the first ten wrong answers at most. */
function checkAll(wrong: string[]): void {
  expect(wrong.length, wrong.slice(0, 10).join('\n')).toBe(0);
}

function describe(request: Request, { status, headers }: RawAnswer): string {
  return `${status} ${headers['remotify-error'] ?? ''} for ${JSON.stringify(request)}`;
}

test('the table of this test has every route and method, and no other', () => {
  const listed = Object.entries(table).map(([path, rules]) => [path, Object.keys(rules).toSorted()]);
  const real = Object.values(routes).map(({ path, methods: own }) => [
    path.replace('{id}', 'c1'),
    Object.keys(own).toSorted(),
  ]);
  expect(listed).toEqual(real);
});

test(`${refused.length} requests that break a rule: refused with the code of the first broken rule, and nothing changes`, {
  timeout: 600_000,
}, async () => {
  expect(refused.length).toBeGreaterThan(4_000);
  const key = await makeFullSession();
  const before = await readState(key);
  const wrong: string[] = [];
  await askAll(
    refused,
    () => key,
    (request, answer) => {
      const expected = refusalOf(request);
      const isRight =
        answer.status === expected?.[0] &&
        answer.headers['remotify-error'] === expected[1] &&
        answer.headers['cache-control'] === 'no-store' &&
        (answer.status !== 405 || answer.headers['allow'] !== undefined);
      const hasCors = Object.keys(answer.headers).some((name) => name.startsWith('access-control-'));
      if (!isRight || hasCors) wrong.push(`${expected?.join(' ')} expected, ${describe(request, answer)}`);
    },
  );
  checkAll(wrong);
  expect(await readState(key)).toBe(before);
  expect(await (await call(`/cmd-${key}?nowait=1`)).text()).toBe('echo slot');
});

test(`${admitted.length} requests that break no rule: admitted`, { timeout: 600_000 }, async () => {
  expect(admitted.length).toBeGreaterThan(1_000);
  const begin = async (): Promise<string> => {
    const key = await makeKey();
    await call(`/api/session/${key}/commands`, { method: 'POST', body: 'echo dropped' });
    await call(`/api/session/${key}/commands/c1`, { method: 'DELETE' });
    return key;
  };
  // A session forgets its oldest commands, and posted results add new ones: use a new session from time to time.
  let asked = 0;
  let key = begin();
  const keepKey = (): Promise<string> => {
    if (++asked % 500 === 0) key = begin();
    return key;
  };
  const isEnd = ({ path, method }: Request) => path === '/api/session/{key}' && method === 'DELETE';
  const wrong: string[] = [];
  await askAll(
    admitted,
    // A request that ends its session gets its own session.
    (request) => (isEnd(request) ? makeKey() : keepKey()),
    (request, answer) => {
      const isRight =
        statusesOf(request).includes(answer.status) &&
        (request.method !== 'OPTIONS' || answer.headers['allow']?.endsWith('OPTIONS') === true) &&
        !Object.keys(answer.headers).some((name) => name.startsWith('access-control-'));
      if (!isRight) wrong.push(`${statusesOf(request).join(' or ')} expected, ${describe(request, answer)}`);
    },
  );
  checkAll(wrong);
});

test('HEAD and OPTIONS of every route, with each kind of key: they consume nothing', async () => {
  const key = await makeFullSession();
  const before = await readState(key);
  const looks = paths.flatMap((path) =>
    (['HEAD', 'OPTIONS'] as const).flatMap((method) =>
      (['session', 'listener'] as const).flatMap((keyKind) =>
        places.map((place) => ({ path, method, keyKind, place, ...good })),
      ),
    ),
  );
  await askAll(
    looks,
    () => key,
    (request, { status }) => expect(status, JSON.stringify(request)).toBeLessThan(500),
  );
  expect(await readState(key)).toBe(before);
  expect(await (await call(`/cmd-${key}?nowait=1`)).text()).toBe('echo slot');
  await call(`/result-${key}`, { method: 'POST', body: 'kept' });
  await askAll(
    looks,
    () => key,
    (request, { status }) => expect(status, JSON.stringify(request)).toBeLessThan(500),
  );
  expect(await (await call(`/result-${key}?nowait=1`)).text()).toBe('kept');
});

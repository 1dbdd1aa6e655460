/** Every path of the wire, matched by the relay and built by the client from one table. */
import { isKey, keyDigits, selfKey } from './keys.ts';

/** Who may use a route: anyone, the session key, the listener key (and the session key only where `either`). */
export type Access = 'open' | 'session' | 'listener' | 'either';

interface RouteShape {
  /** `{key}` and `{id}` are the only placeholders; they match one key and one command id. */
  readonly path: string;
  readonly methods: Readonly<Partial<Record<Method, Access>>>;
  /** GET takes nothing and does not wait, so HEAD may do the same; elsewhere HEAD only says that there is such a place. */
  readonly isHarmless?: boolean;
  /** POST begins something new: a relay that shuts down refuses it. */
  readonly begins?: boolean;
  /** A browser may come here from a link on any site. */
  readonly isPage?: boolean;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export const routes = {
  page: { path: '/', methods: { GET: 'open' }, isHarmless: true, isPage: true },
  pageStyle: { path: '/landing.css', methods: { GET: 'open' }, isHarmless: true, isPage: true },
  pageIcon: { path: '/icon.svg', methods: { GET: 'open' }, isHarmless: true, isPage: true },
  pageScript: { path: '/landing.js', methods: { GET: 'open' }, isHarmless: true, isPage: true },
  health: { path: '/api/health', methods: { GET: 'open' }, isHarmless: true },
  ready: { path: '/api/ready', methods: { GET: 'open' }, isHarmless: true },
  sessions: { path: '/api/session', methods: { POST: 'open' }, begins: true },
  session: { path: '/api/session/{key}', methods: { GET: 'session', DELETE: 'session' }, isHarmless: true },
  status: { path: '/api/session/{key}/status', methods: { GET: 'session' }, isHarmless: true },
  reset: { path: '/api/session/{key}/reset', methods: { POST: 'session' } },
  slotCommand: {
    path: '/cmd-{key}',
    methods: { GET: 'session', POST: 'session', DELETE: 'session' },
    begins: true,
  },
  slotResult: { path: '/result-{key}', methods: { GET: 'session', POST: 'session', DELETE: 'session' } },
  runner: { path: '/r/{key}', methods: { GET: 'either' }, isHarmless: true },
  commands: {
    path: '/api/session/{key}/commands',
    methods: { GET: 'session', POST: 'session' },
    begins: true,
  },
  command: { path: '/api/session/{key}/commands/{id}', methods: { GET: 'session', DELETE: 'session' } },
  output: { path: '/api/session/{key}/commands/{id}/output', methods: { GET: 'session', POST: 'listener' } },
  stdin: { path: '/api/session/{key}/commands/{id}/stdin', methods: { GET: 'listener', PUT: 'session' } },
  next: { path: '/api/session/{key}/next', methods: { GET: 'listener' } },
  leave: { path: '/api/session/{key}/leave', methods: { POST: 'listener' } },
  start: { path: '/api/session/{key}/commands/{id}/start', methods: { POST: 'listener' } },
  decline: { path: '/api/session/{key}/commands/{id}/decline', methods: { POST: 'listener' } },
  control: { path: '/api/session/{key}/commands/{id}/control', methods: { GET: 'listener' } },
  finish: { path: '/api/session/{key}/commands/{id}/finish', methods: { POST: 'listener' } },
} as const satisfies Record<string, RouteShape>;

export type RouteName = keyof typeof routes;

const idPattern = 'c[1-9][0-9]{0,8}';

/** Ids are `c1`, `c2`, … in order of arrival: short enough to be typed, unique within their session. */
export const commandIdPattern = new RegExp(`^${idPattern}$`);

export interface RouteMatch {
  readonly name: RouteName;
  readonly route: RouteShape;
  /** 32 hex digits, or `self`; empty where the route has none. */
  readonly key: string;
  readonly id: string;
}

const patterns = Object.entries(routes).map(([name, route]) => ({
  name: name as RouteName,
  route: route as RouteShape,
  // Placeholders are bounded here so that a malformed key or id matches no route and is a plain 404.
  pattern: new RegExp(
    `^${route.path
      .replaceAll('.', '\\.')
      .replace('{key}', `(?<key>${keyDigits}|${selfKey})`)
      .replace('{id}', `(?<id>${idPattern})`)}$`,
  ),
}));

/** The route of a path as it came over the wire (no query, not decoded). Never throws. */
export function matchRoute(path: string): RouteMatch | undefined {
  for (const { name, route, pattern } of patterns) {
    const match = pattern.exec(path);
    if (match) return { name, route, key: match.groups?.['key'] ?? '', id: match.groups?.['id'] ?? '' };
  }
  return undefined;
}

/** The path of a route. Throws a TypeError on a malformed key or id, so that no other path can be built. */
export function buildPath(name: RouteName, values: { key?: string; id?: string } = {}): string {
  const { key = selfKey, id = '' } = values;
  const { path } = routes[name];
  if (key !== selfKey && !isKey(key)) throw new TypeError('malformed key');
  if (path.includes('{id}') && !commandIdPattern.test(id)) throw new TypeError('malformed command id');
  return path.replace('{key}', key).replace('{id}', id);
}

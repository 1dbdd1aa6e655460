/** Every path of the wire, matched by the relay and built by the client from one table. */
import { isKey, selfKey } from './keys.ts';

/** Who may use a route: anyone, the session key, the listener key (and the session key only where `either`). */
export type Access = 'open' | 'session' | 'listener' | 'either';

interface RouteShape {
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

/** `{key}` and `{id}` are the only placeholders; they match one key and one command id. Clients need the paths, and not the rules. */
const paths = {
  page: '/',
  pageStyle: '/landing.css',
  pageIcon: '/icon.svg',
  pageScript: '/landing.js',
  health: '/api/health',
  ready: '/api/ready',
  sessions: '/api/session',
  session: '/api/session/{key}',
  status: '/api/session/{key}/status',
  reset: '/api/session/{key}/reset',
  slotCommand: '/cmd-{key}',
  slotResult: '/result-{key}',
  runner: '/r/{key}',
  commands: '/api/session/{key}/commands',
  command: '/api/session/{key}/commands/{id}',
  output: '/api/session/{key}/commands/{id}/output',
  stdin: '/api/session/{key}/commands/{id}/stdin',
  next: '/api/session/{key}/next',
  leave: '/api/session/{key}/leave',
  start: '/api/session/{key}/commands/{id}/start',
  decline: '/api/session/{key}/commands/{id}/decline',
  control: '/api/session/{key}/commands/{id}/control',
  finish: '/api/session/{key}/commands/{id}/finish',
} as const;

export type RouteName = keyof typeof paths;

function addPaths(
  rules: Readonly<Record<RouteName, Omit<RouteShape, 'path'>>>,
): Readonly<Record<RouteName, RouteShape>> {
  const entries = Object.entries(paths).map(([name, path]) => [name, { path, ...rules[name as RouteName] }]);
  return Object.fromEntries(entries) as Record<RouteName, RouteShape>;
}

// Marked as pure, here and below: the bundle of the page, which only builds paths, leaves it out.
export const routes = /* @__PURE__ */ addPaths({
  page: { methods: { GET: 'open' }, isHarmless: true, isPage: true },
  pageStyle: { methods: { GET: 'open' }, isHarmless: true, isPage: true },
  pageIcon: { methods: { GET: 'open' }, isHarmless: true, isPage: true },
  pageScript: { methods: { GET: 'open' }, isHarmless: true, isPage: true },
  health: { methods: { GET: 'open' }, isHarmless: true },
  ready: { methods: { GET: 'open' }, isHarmless: true },
  sessions: { methods: { POST: 'open' }, begins: true },
  session: { methods: { GET: 'session', DELETE: 'session' }, isHarmless: true },
  status: { methods: { GET: 'session' }, isHarmless: true },
  reset: { methods: { POST: 'session' } },
  slotCommand: { methods: { GET: 'session', POST: 'session', DELETE: 'session' }, begins: true },
  slotResult: { methods: { GET: 'session', POST: 'session', DELETE: 'session' } },
  runner: { methods: { GET: 'either' }, isHarmless: true },
  commands: { methods: { GET: 'session', POST: 'session' }, begins: true },
  command: { methods: { GET: 'session', DELETE: 'session' } },
  output: { methods: { GET: 'session', POST: 'listener' } },
  stdin: { methods: { GET: 'listener', PUT: 'session' } },
  next: { methods: { GET: 'listener' } },
  leave: { methods: { POST: 'listener' } },
  start: { methods: { POST: 'listener' } },
  decline: { methods: { POST: 'listener' } },
  control: { methods: { GET: 'listener' } },
  finish: { methods: { POST: 'listener' } },
});

/** Ids are `c1`, `c2`, … in order of arrival: short enough to be typed, unique within their session. */
export const commandIdPattern = /^c[1-9][0-9]{0,8}$/;

export interface RouteMatch {
  readonly name: RouteName;
  readonly route: RouteShape;
  /** 32 hex digits, or `self`; empty where the route has none. */
  readonly key: string;
  readonly id: string;
}

const patterns = /* @__PURE__ */ Object.entries(routes).map(([name, route]) => ({
  name: name as RouteName,
  route,
  // Placeholders are bounded here so that a malformed key or id matches no route and is a plain 404.
  pattern: new RegExp(
    `^${route.path
      .replaceAll('.', '\\.')
      .replace('{key}', '(?<key>[0-9a-f]{32}|self)')
      .replace('{id}', '(?<id>c[1-9][0-9]{0,8})')}$`,
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
  const path: string = paths[name];
  if (key !== selfKey && !isKey(key)) throw new TypeError('malformed key');
  if (path.includes('{id}') && !commandIdPattern.test(id)) throw new TypeError('malformed command id');
  return path.replace('{key}', key).replace('{id}', id);
}

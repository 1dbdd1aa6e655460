/** The routes of the relay: path, methods, and the key that each method requires; matches a request path to its route. */
import { keyDigits, selfKey } from './keys.ts';
import { idDigits, paths } from './paths.ts';

/** The key that a route requires: none (`open`), the session key, the listener key, or one of the two (`either`). */
export type Access = 'open' | 'session' | 'listener' | 'either';

interface RouteShape {
  readonly path: string;
  readonly methods: Readonly<Partial<Record<Method, Access>>>;
  /**
   * GET consumes nothing and does not wait, so HEAD may do the same; on other routes HEAD only confirms that the route
   * exists.
   */
  readonly isHarmless?: boolean;
  /** POST creates a session or a command: a relay that is shutting down refuses it. */
  readonly begins?: boolean;
  /** A browser may load this from a link on any site. */
  readonly isPage?: boolean;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export const routes = {
  page: { path: paths.page, methods: { GET: 'open' }, isHarmless: true, isPage: true },
  pageStyle: { path: paths.pageStyle, methods: { GET: 'open' }, isHarmless: true, isPage: true },
  pageIcon: { path: paths.pageIcon, methods: { GET: 'open' }, isHarmless: true, isPage: true },
  pageScript: { path: paths.pageScript, methods: { GET: 'open' }, isHarmless: true, isPage: true },
  health: { path: paths.health, methods: { GET: 'open' }, isHarmless: true },
  ready: { path: paths.ready, methods: { GET: 'open' }, isHarmless: true },
  sessions: { path: paths.sessions, methods: { POST: 'open' }, begins: true },
  session: { path: paths.session, methods: { GET: 'session', DELETE: 'session' }, isHarmless: true },
  status: { path: paths.status, methods: { GET: 'session' }, isHarmless: true },
  reset: { path: paths.reset, methods: { POST: 'session' } },
  slotCommand: {
    path: paths.slotCommand,
    methods: { GET: 'session', POST: 'session', DELETE: 'session' },
    begins: true,
  },
  slotResult: { path: paths.slotResult, methods: { GET: 'session', POST: 'session', DELETE: 'session' } },
  runner: { path: paths.runner, methods: { GET: 'either' }, isHarmless: true },
  commands: {
    path: paths.commands,
    methods: { GET: 'session', POST: 'session' },
    begins: true,
  },
  command: { path: paths.command, methods: { GET: 'session', DELETE: 'session' } },
  output: { path: paths.output, methods: { GET: 'session', POST: 'listener' } },
  stdin: { path: paths.stdin, methods: { GET: 'listener', PUT: 'session' } },
  next: { path: paths.next, methods: { GET: 'listener' } },
  leave: { path: paths.leave, methods: { POST: 'listener' } },
  start: { path: paths.start, methods: { POST: 'listener' } },
  decline: { path: paths.decline, methods: { POST: 'listener' } },
  control: { path: paths.control, methods: { GET: 'listener' } },
  finish: { path: paths.finish, methods: { POST: 'listener' } },
} as const satisfies Record<keyof typeof paths, RouteShape>;

export type RouteName = keyof typeof routes;

export interface RouteMatch {
  readonly name: RouteName;
  readonly route: RouteShape;
  /** 32 hex digits, or `self`; empty if the route has no key. */
  readonly key: string;
  readonly id: string;
}

interface Pattern {
  readonly name: RouteName;
  readonly route: RouteShape;
  readonly pattern: RegExp;
}

/** The bucket of a path: the number of its parts, and the last part. */
function bucketOf(path: string, last = path.slice(path.lastIndexOf('/') + 1)): string {
  return `${path.split('/').length} ${last}`;
}

/** Used instead of the last part if that is a placeholder in the route. */
const anyValue = '*';

/** The routes by bucket, so that each request is compared with one or two routes only. */
const buckets = new Map<string, Pattern[]>();

for (const [name, route] of Object.entries(routes)) {
  // The pattern limits the placeholders, so that a malformed key or id matches no route and gets a 404.
  const pattern = new RegExp(
    `^${route.path
      .replaceAll('.', '\\.')
      .replace('{key}', `(?<key>${keyDigits}|${selfKey})`)
      .replace('{id}', `(?<id>${idDigits})`)}$`,
  );
  const bucket = route.path.endsWith('}') ? bucketOf(route.path, anyValue) : bucketOf(route.path);
  buckets.set(bucket, [...(buckets.get(bucket) ?? []), { name: name as RouteName, route, pattern }]);
}

/** The route of a request path (without query, not decoded). Never throws. */
export function matchRoute(path: string): RouteMatch | undefined {
  for (const bucket of [bucketOf(path), bucketOf(path, anyValue)]) {
    for (const { name, route, pattern } of buckets.get(bucket) ?? []) {
      const match = pattern.exec(path);
      if (match) return { name, route, key: match.groups?.['key'] ?? '', id: match.groups?.['id'] ?? '' };
    }
  }
  return undefined;
}

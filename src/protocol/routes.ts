/** Every path of the wire as the relay matches it, with the methods that it has and who may use them. */
import { keyDigits, selfKey } from './keys.ts';
import { idDigits, paths } from './paths.ts';

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
  /** 32 hex digits, or `self`; empty where the route has none. */
  readonly key: string;
  readonly id: string;
}

interface Pattern {
  readonly name: RouteName;
  readonly route: RouteShape;
  readonly pattern: RegExp;
}

/** How many parts a path has, and its last part. */
function bucketOf(path: string, last = path.slice(path.lastIndexOf('/') + 1)): string {
  return `${path.split('/').length} ${last}`;
}

/** In the place of the last part where a route has any value there. */
const anyValue = '*';

/** Each request looks for its route: by its bucket it is compared with one or two of them. */
const buckets = new Map<string, Pattern[]>();

for (const [name, route] of Object.entries(routes)) {
  // Placeholders are bounded here so that a malformed key or id matches no route and is a plain 404.
  const pattern = new RegExp(
    `^${route.path
      .replaceAll('.', '\\.')
      .replace('{key}', `(?<key>${keyDigits}|${selfKey})`)
      .replace('{id}', `(?<id>${idDigits})`)}$`,
  );
  const bucket = route.path.endsWith('}') ? bucketOf(route.path, anyValue) : bucketOf(route.path);
  buckets.set(bucket, [...(buckets.get(bucket) ?? []), { name: name as RouteName, route, pattern }]);
}

/** The route of a path as it came over the wire (no query, not decoded). Never throws. */
export function matchRoute(path: string): RouteMatch | undefined {
  for (const bucket of [bucketOf(path), bucketOf(path, anyValue)]) {
    for (const { name, route, pattern } of buckets.get(bucket) ?? []) {
      const match = pattern.exec(path);
      if (match) return { name, route, key: match.groups?.['key'] ?? '', id: match.groups?.['id'] ?? '' };
    }
  }
  return undefined;
}

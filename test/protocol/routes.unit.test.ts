import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildPath } from '../../src/protocol/paths.ts';
import { matchRoute, type RouteName, routes } from '../../src/protocol/routes.ts';
import { seed } from '../harness/seed.ts';

const key = '0123456789abcdef0123456789abcdef';
const names = Object.keys(routes) as RouteName[];

test.each(names)('the path that is built for route %s matches that route', (name) => {
  const { path } = routes[name];
  const hasKey = path.includes('{key}');
  const hasId = path.includes('{id}');
  expect(matchRoute(buildPath(name, { key, id: 'c12' }))).toEqual({
    name,
    route: routes[name],
    key: hasKey ? key : '',
    id: hasId ? 'c12' : '',
  });
  if (hasKey) expect(matchRoute(buildPath(name, { id: 'c12' }))?.key).toBe('self');
});

test('no two routes have the same path', () => {
  const paths = names.map((name) => buildPath(name, { key, id: 'c1' }));
  expect(new Set(paths).size).toBe(names.length);
});

describe('a malformed key matches no route and builds no path:', () => {
  test.each([
    ['empty', ''],
    ['a digit too few', key.slice(1)],
    ['a digit too many', `${key}0`],
    ['upper case', key.toUpperCase()],
    ['a letter that is not a hex digit', `g${key.slice(1)}`],
    ['a line feed at its end', `${key}\n`],
    ['a NUL in it', `${key.slice(0, 31)}\0`],
    ['an encoded digit', `%30${key.slice(1)}`],
    ['a slash', `${key.slice(0, 31)}/`],
    ['dots', '..'],
    ['a placeholder', '{key}'],
    ['a digit of another script', `${key.slice(0, 31)}٣`],
    ['nearly self', 'selfs'],
    ['SELF', 'SELF'],
  ])('%s', (_name, malformed) => {
    for (const name of names.filter((route) => routes[route].path.includes('{key}'))) {
      const path = routes[name].path.replace('{key}', malformed).replace('{id}', 'c1');
      expect(matchRoute(path), path).toBeUndefined();
      expect(() => buildPath(name, { key: malformed, id: 'c1' }), name).toThrow(TypeError);
    }
  });
});

describe('a malformed id matches no route and builds no path:', () => {
  test.each([
    '',
    'c',
    'c0',
    'c01',
    '1',
    'C1',
    'c1x',
    'c-1',
    'c1.0',
    'c 1',
    'c1\n',
    'c1234567890',
    '..',
    'c1/../c2',
    '%631',
  ])('%j', (malformed) => {
    for (const name of names.filter((route) => routes[route].path.includes('{id}'))) {
      const path = routes[name].path.replace('{key}', key).replace('{id}', malformed);
      expect(matchRoute(path), path).toBeUndefined();
      expect(() => buildPath(name, { key, id: malformed }), name).toThrow(TypeError);
    }
  });
});

test.each([
  '',
  'api/health',
  '//api/health',
  '/api/health/',
  '/api//health',
  '/API/health',
  '/api/health?x',
  '/api/health#x',
  '/api/health%00',
  '/api/%68ealth',
  '/api/./health',
  '/x/../api/health',
  '/landingXcss',
  `/cmd-${key}/`,
  `/cmd-${key}?nowait=1`,
  `/cmd-${key}\n`,
  `/cmd_${key}`,
  `/api/session/${key}/commands/`,
  `/api/session/${key}/commands/c1/output/more`,
  'http://host/api/health',
  '*',
])('path %j matches no route', (path) => {
  expect(matchRoute(path)).toBeUndefined();
});

test('arbitrary path: matchRoute does not throw, and a match has a well-formed key and id', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '/',
      '//',
      'api',
      'session',
      'cmd-',
      'result-',
      'r',
      'self',
      key,
      'commands',
      'c1',
      '%',
      '%00',
      '..',
      '?',
      '{key}',
    ),
  );
  const path = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(path, (text) => {
      const match = matchRoute(text);
      if (!match) return;
      expect(match.key).toMatch(/^([0-9a-f]{32}|self|)$/);
      expect(match.id).toMatch(/^(c[1-9][0-9]{0,8}|)$/);
      expect(routes[match.name].path.replace('{key}', match.key).replace('{id}', match.id)).toBe(text);
    }),
    { seed, numRuns: 2_000 },
  );
});

test('arbitrary key and id: buildPath throws a TypeError, or the path matches its route', () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(key, 'self', 'c1', '$&', '$1', '{id}'),
  );
  fc.assert(
    fc.property(fc.constantFrom(...names), word, word, (name, someKey, id) => {
      let path: string;
      try {
        path = buildPath(name, { key: someKey, id });
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        return;
      }
      expect(matchRoute(path)?.name).toBe(name);
    }),
    { seed, numRuns: 2_000 },
  );
});

test('path of up to 3 MB of repeated text: matchRoute does not backtrack', () => {
  // A pattern with catastrophic backtracking would not return for these.
  for (const unit of ['/', 'a', '/api', 'c1/', key]) expect(matchRoute(unit.repeat(100_000))).toBeUndefined();
});

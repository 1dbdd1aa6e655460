import { expect, test } from 'vitest';
import { parseRedisUrl } from '../../src/store/redis-url.ts';

const single = { kind: 'single', isTls: false, database: 0 };

test.each([
  ['redis://localhost', { ...single, addresses: [{ host: 'localhost', port: 6379 }] }],
  ['redis://127.0.0.1:7000/3', { ...single, database: 3, addresses: [{ host: '127.0.0.1', port: 7000 }] }],
  ['rediss://[::1]:7000', { ...single, isTls: true, addresses: [{ host: '::1', port: 7000 }] }],
  [
    'redis://me:se%40cret%2F@redis.example',
    { ...single, username: 'me', password: 'se@cret/', addresses: [{ host: 'redis.example', port: 6379 }] },
  ],
  ['redis://:a@b@h', { ...single, password: 'a@b', addresses: [{ host: 'h', port: 6379 }] }],
  [
    'redis+cluster://a,b:7001',
    {
      ...single,
      kind: 'cluster',
      addresses: [
        { host: 'a', port: 6379 },
        { host: 'b', port: 7001 },
      ],
    },
  ],
  [
    'rediss+sentinel://:x@a,b:5/main/2',
    {
      kind: 'sentinel',
      isTls: true,
      database: 2,
      masterName: 'main',
      password: 'x',
      addresses: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 5 },
      ],
    },
  ],
])('the Redis URL %s is parsed', (url, place) => {
  expect(parseRedisUrl(url)).toEqual(place);
});

test.each([
  'redis:',
  'redis://',
  'redis:///var/run/redis.sock',
  'redis://:sesame@',
  'redis://:sesame@host:0',
  'redis://:sesame@host:70000',
  'redis://:sesame@host/name',
  'redis://:sesame@a,b',
  'redis://:%zzsesame@host',
  'redis://:sesame@host?db=1',
  'redis://:sesame@ho st',
  'redis+http://:sesame@host',
  'redis+cluster://:sesame@host/1',
  'redis+sentinel://:sesame@host',
  'redis+sentinel://:sesame@host/main/1/2',
])('the invalid Redis URL %s: the error does not repeat the password', (url) => {
  expect(() => parseRedisUrl(url)).toThrow(/^not a Redis URL: (?!.*sesame)/);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hideStoreSecrets, maskStoreUrl } from '../../src/protocol/mask-store-url.ts';
import { seed } from '../harness/seed.ts';

test.each([
  ['memory:', 'memory:'],
  ['memory', 'memory'],
  ['file:/var/lib/remotify', 'file:/var/lib/remotify'],
  ['file:/srv/a@b?password=x', 'file:/srv/a@b?password=x'],
  ['redis://localhost:6379', 'redis://localhost:6379'],
  ['redis://127.0.0.1:6379/2', 'redis://127.0.0.1:6379/2'],
  ['rediss://[::1]:6379', 'rediss://[::1]:6379'],
  ['redis+cluster://a:1,b:2,[fd00::1]:3', 'redis+cluster://a:1,b:2,[fd00::1]:3'],
  ['redis+sentinel://s1:26379,s2:26379/mymaster?db=3', 'redis+sentinel://s1:26379,s2:26379/mymaster?db=3'],
  ['redis://user:SECRET@host:6379/0', 'redis://user:***@host:6379/0'],
  ['redis://:SECRET@host', 'redis://:***@host'],
  ['redis://SECRET@host', 'redis://***@host'],
  ['redis://user:@host', 'redis://user:***@host'],
  ['redis://us%65r:SEC%40RET@host', 'redis://***@host'],
  ['redis://user%3ASECRET@host', 'redis://***@host'],
  ['redis://user:SEC@RET@host', 'redis://user:***@host'],
  ['redis://user:SEC/RET@host/1', 'redis://user:***@host/1'],
  ['redis://user:SEC?RET@host/1', 'redis://***'],
  ['redis://user:SEC#RET@host/1', 'redis://***'],
  ['redis://user:SEC:RET@host', 'redis://user:***@host'],
  ['redis://user:SEC RET@host', 'redis://user:***@host'],
  ['redis://user:SEC\nRET@host', 'redis://user:***@host'],
  ['redis+cluster://u:SECRET@a:1,u:SECRET@b:2', 'redis+cluster://u:***@b:2'],
  ['redis://host?password=SECRET', 'redis://host?password=***'],
  ['redis://host?db=1&p%61ssword=SECRET', 'redis://host?db=1&***'],
  ['redis://host?sentinelPassword=SECRET&tls=1', 'redis://host?sentinelPassword=***&tls=1'],
  ['redis://host?SECRET', 'redis://host?***'],
  ['redis://host?password=SEC@RET', 'redis://***'],
  ['redis://host#SECRET', 'redis://host#***'],
  ['redis://host:SECRET', 'redis://***'],
  ['redis://:SECRET', 'redis://***'],
  ['redis://:123?SECRET', 'redis://***'],
  ['redis://host?token=SECRET', 'redis://host?***'],
  ['redis:user:SECRET@host', 'redis:user:***@host'],
  ['user:SECRET@host:6379', 'user:***@host:6379'],
  ['SECRET@host', '***@host'],
  ['http://[SECRET@host', 'http://***@host'],
  ['REDIS://user:SECRET@host', 'REDIS://user:***@host'],
  ['redis://user:SECRET@', 'redis://user:***@'],
])('store URL %j is shown as %j', (url, shown) => {
  expect(maskStoreUrl(url)).toBe(shown);
  expect(maskStoreUrl(maskStoreUrl(url))).not.toMatch(/SEC|RET/);
});

test('any password in a store URL: no part of it is shown', () => {
  const marked = fc.string({ minLength: 0, maxLength: 20 }).map((text) => `Z1${text}Z2`);
  const user = fc.constantFrom('', 'user', 'us:er', 'u@r');
  const tail = fc.constantFrom('@host', '@host:6379/0', '@[::1]/0?db=1', '', '@h1,h2/name');
  fc.assert(
    fc.property(user, marked, tail, (name, password, end) => {
      // Without a host, the text after an @ in the password counts as the host.
      fc.pre(end !== '' || !password.includes('@'));
      for (const written of [password, encodeURIComponent(password.toWellFormed())]) {
        const shown = maskStoreUrl(`redis://${name}:${written}${end}`);
        expect(shown).not.toContain('Z1');
        expect(shown).not.toContain('Z2');
      }
    }),
    { seed, numRuns: 2_000 },
  );
});

test.each([
  ['redis://user:p%40ss@host', 'no such store: redis://user:p%40ss@host'],
  ['redis://user:p%40ss@host', 'AUTH user p@ss refused'],
  ['redis://user:p%40ss@host', 'AUTH user p%40ss refused'],
  ['redis://host?password=p%40ss', 'AUTH p@ss refused'],
  ['redis://:p@ss@host', 'AUTH p@ss refused'],
])('store URL %s: the password is removed from the message "%s"', (url, message) => {
  expect(hideStoreSecrets(message, url)).not.toMatch(/p(@|%40)ss/);
});

test('store URL without a password: the message is unchanged', () => {
  expect(hideStoreSecrets('cannot reach host:6379', 'redis://host:6379')).toBe('cannot reach host:6379');
  expect(hideStoreSecrets('file:/a is taken', 'file:/a')).toBe('file:/a is taken');
});

import { expect, test } from 'vitest';
import { hideKeys } from '../../src/text/hide-keys.ts';

const key = '0123456789abcdef0123456789abcdef';

test.each([
  ['a key', key, '0123...'],
  ['a key in upper case', key.toUpperCase(), '0123...'],
  ['a key in a path', `GET /cmd-${key}?x`, 'GET /cmd-0123...?x'],
  ['a key after a percent encoding', `%2D${key}`, '%2D01...'],
  ['a key after another hex digit', `f${key}.`, 'f012....'],
  ['two keys', `${key} ${key}`, '0123... 0123...'],
  ['31 digits, which are too short for a key', key.slice(1), key.slice(1)],
  ['a digest of 64 digits', key + key, key + key],
])('hideKeys of %s: logs show only the beginning of a key', (_name, text, shown) => {
  expect(hideKeys(text)).toBe(shown);
});

import { expect, test } from 'vitest';
import { hideKeys } from '../../src/text/hide-keys.ts';

const key = '0123456789abcdef0123456789abcdef';

test.each([
  ['a key', key, '0123...'],
  ['one in capitals', key.toUpperCase(), '0123...'],
  ['one in a path', `GET /cmd-${key}?x`, 'GET /cmd-0123...?x'],
  ['one behind a percent sign', `%2D${key}`, '%2D01...'],
  ['one with a digit that belongs to something else', `f${key}.`, 'f012....'],
  ['two of them', `${key} ${key}`, '0123... 0123...'],
  ['what is shorter', key.slice(1), key.slice(1)],
  ['a digest', key + key, key + key],
])('of %s a log shows what tells it apart', (_name, text, shown) => {
  expect(hideKeys(text)).toBe(shown);
});

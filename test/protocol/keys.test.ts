import { expect, test } from 'vitest';
import { deriveListenerKey, nameSession } from '../../src/protocol/key-derivation.ts';
import { isKey, shortName } from '../../src/protocol/keys.ts';

const sessionKey = '0123456789abcdef0123456789abcdef';
const listenerKey = 'bd8e4e6f0815e1bdda34ba1b4c255017';
const name = 'c41f12a825dc7761304a837783eacd987127349d3d5a736535e8b1c9c3d635cd';

// Computed apart: hmac.new(key, b'listener', sha256) and sha256 of Python. A change would lock everybody out.
test('keys are derived as the reference says', () => {
  expect(deriveListenerKey(sessionKey)).toBe(listenerKey);
  expect(nameSession(listenerKey)).toBe(name);
});

test('a listener key looks like a key, and does not lead to itself', () => {
  expect(isKey(listenerKey)).toBe(true);
  expect(deriveListenerKey(listenerKey)).not.toBe(listenerKey);
});

test('logs show no more than eight digits', () => {
  expect(shortName(name)).toBe(name.slice(0, 8));
});

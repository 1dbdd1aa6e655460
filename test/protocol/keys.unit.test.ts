import { expect, test } from 'vitest';
import { deriveListenerKey, nameSession } from '../../src/protocol/key-derivation.ts';
import { isKey, shortName } from '../../src/protocol/keys.ts';

const sessionKey = '0123456789abcdef0123456789abcdef';
const listenerKey = 'bd8e4e6f0815e1bdda34ba1b4c255017';
const name = 'c41f12a825dc7761304a837783eacd987127349d3d5a736535e8b1c9c3d635cd';

// Computed independently, with hmac.new(key, b'listener', sha256) and sha256 in Python. A change would lock out all sessions.
test('listener key and session name are derived as in the reference', () => {
  expect(deriveListenerKey(sessionKey)).toBe(listenerKey);
  expect(nameSession(listenerKey)).toBe(name);
});

test('the listener key is a valid key, and differs from the key derived from it', () => {
  expect(isKey(listenerKey)).toBe(true);
  expect(deriveListenerKey(listenerKey)).not.toBe(listenerKey);
});

test('shortName: the first eight digits of the session name', () => {
  expect(shortName(name)).toBe(name.slice(0, 8));
});

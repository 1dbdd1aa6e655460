import { Readable, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { OpenSession } from '../../src/client/open-session.ts';
import { RelayClient } from '../../src/client/relay-client.ts';
import { Sessions } from '../../src/mcp/sessions.ts';

/** Sessions of a fake host that records the names of the sessions it created. */
function createSessions(): { sessions: Sessions; made: string[] } {
  const made: string[] = [];
  const nowhere = new RelayClient({
    baseUrl: 'http://nowhere',
    send: () => Promise.reject(new Error('no request is expected')),
    close: () => Promise.resolve(),
  });
  const makeSession = (name: string | undefined): Promise<OpenSession> => {
    const label = `${name ?? 'session'}-${made.length + 1}`;
    made.push(label);
    return Promise.resolve({ label, quickstart: '', url: '', dialect: 'commands', client: nowhere });
  };
  const sessions = new Sessions({
    input: new Readable(),
    output: new Writable(),
    version: '',
    describedAs: '',
    showBytes: String,
    explain: () => ({ message: '', hint: undefined, code: '' }),
    listSessions: () => Promise.resolve([]),
    openSession: () => Promise.resolve(undefined),
    makeSession,
  });
  return { sessions, made };
}

test('three calls at once without a session: one new session for all', async () => {
  const { sessions, made } = createSessions();
  const first = await Promise.all([1, 2, 3].map(() => sessions.findOrMake()));
  expect(new Set(first).size).toBe(1);
  expect(made).toEqual(['session-1']);
});

test('a session is gone, and three calls notice it at once: it is replaced once', async () => {
  const { sessions, made } = createSessions();
  const old = await sessions.findOrMake();
  const replaced = await Promise.all([1, 2, 3].map(() => sessions.replace(undefined, old, 'it was gone')));
  expect(new Set(replaced).size).toBe(1);
  expect(made).toEqual(['session-1', 'session-2']);
  // A call that still holds the old one gets its replacement.
  expect(await sessions.replace(undefined, old, 'it was gone')).toBe(replaced[0]);
});

test('sessions with different names: created and replaced independently', async () => {
  const { sessions, made } = createSessions();
  const [prod, other] = await Promise.all([sessions.findOrMake('prod'), sessions.findOrMake('other')]);
  expect([prod.label, other.label]).toEqual(['prod-1', 'other-2']);
  await sessions.replace('prod', prod, 'it was gone');
  expect(await sessions.findOrMake('other')).toBe(other);
  expect(made).toEqual(['prod-1', 'other-2', 'prod-3']);
});

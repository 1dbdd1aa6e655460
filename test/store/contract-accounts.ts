import { describe, expect, test } from 'vitest';
import type { RefusalCode } from '../../src/protocol/errors.ts';
import { chooseAccount } from '../../src/session/account.ts';
import { endCommand } from '../../src/session/command.ts';
import { evict } from '../../src/session/quota.ts';
import { findCommand, replaceCommand } from '../../src/session/session.ts';
import type { Store } from '../../src/store/store.ts';
import {
  addCommand,
  append,
  makeSession,
  nameOf,
  type OpenStore,
  push,
  readText,
  refusalOf,
} from './store-kit.ts';

const address = '192.0.2.7';
const limits = { sessions: 2, bytes: 20 };

export function describeAccounts(open: OpenStore): void {
  /** A store with two sessions: a… with the address, b… without one. */
  async function openAccount(): Promise<{ store: Store; name: string; none: string }> {
    const { store } = await open();
    await store.remove(nameOf('a'));
    await store.create(makeSession(nameOf('a'), address), limits);
    await store.create(makeSession(nameOf('b')), limits);
    return { store, name: nameOf('a'), none: nameOf('b') };
  }

  const create = (store: Store, letter: string, from: string | null): Promise<RefusalCode | undefined> =>
    refusalOf(store.create(makeSession(nameOf(letter), from), limits));

  const pushFor = (store: Store, name: string, script: string): Promise<RefusalCode | undefined> =>
    refusalOf(store.update(name, (session) => addCommand(session, script), limits));

  describe('account limits', () => {
    test('an account at its session limit: no new session until one is removed', async () => {
      const { store, name } = await openAccount();
      expect(await create(store, 'c', address)).toBeUndefined();
      expect(await create(store, 'd', address)).toBe('too_many_sessions');
      expect(await store.has(nameOf('d'))).toBe(false);
      expect((await store.listAccount(address)).toSorted()).toEqual([name, nameOf('c')]);
      expect(await create(store, 'd', '192.0.2.8')).toBeUndefined();
      await store.remove(name);
      expect(await create(store, 'e', address)).toBeUndefined();
    });

    test('sessions that are created at the same time cannot exceed the limit', async () => {
      const { store } = await openAccount();
      const answers = await Promise.all(['c', 'd', 'e', 'f'].map((letter) => create(store, letter, address)));
      expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
      expect(await store.listAccount(address)).toHaveLength(limits.sessions);
    });

    test('sessions without an address have no account and no limits', async () => {
      const { store, none } = await openAccount();
      for (const letter of ['c', 'd', 'e']) expect(await create(store, letter, null)).toBeUndefined();
      expect(await pushFor(store, none, 'x'.repeat(100))).toBeUndefined();
      expect(await store.listAccount(address)).toEqual([nameOf('a')]);
      expect(await store.listAccount('')).toEqual([]);
    });

    test.each([
      ['the same IPv6 /64', '2001:db8:1:2::1', '2001:db8:1:2:ffff:2:3:4', true],
      ['another IPv6 /64', '2001:db8:1:2::1', '2001:db8:1:3::1', false],
      ['a short form in the same /64', '2001:db8::1', '2001:db8:0:0:9::', true],
      ['an IPv4 address and the same mapped to IPv6', address, `::ffff:${address}`, true],
      ['two IPv4 addresses', address, '192.0.2.8', false],
      ['two mapped IPv4 addresses', `::ffff:${address}`, '::ffff:192.0.2.8', false],
    ])('%s: shared account of %s and %s: %s', async (_name, one, other, isShared) => {
      const { store } = await open();
      expect(await create(store, 'c', one)).toBeUndefined();
      expect(await create(store, 'd', one)).toBeUndefined();
      expect(await create(store, 'e', other)).toBe(isShared ? 'too_many_sessions' : undefined);
      const listed = (await store.listAccount(chooseAccount(one))).toSorted();
      expect(listed).toEqual([nameOf('c'), nameOf('d')]);
    });

    test('the quota counts the bytes of all sessions of the account; a removal frees them', async () => {
      const { store, name } = await openAccount();
      await create(store, 'c', address);
      expect(await pushFor(store, name, '0123456789')).toBeUndefined();
      expect(await pushFor(store, nameOf('c'), '0123456789a')).toBe('address_quota');
      expect((await store.read(nameOf('c'))).commands).toEqual([]);
      expect(await pushFor(store, nameOf('c'), '0123456789')).toBeUndefined();
      expect(await refusalOf(append(store, name, 'c1', 'stdout', 0, 'x', limits))).toBe('address_quota');
      await store.remove(nameOf('c'));
      expect(await append(store, name, 'c1', 'stdout', 0, '0123456789', limits)).toBe(10);
      expect(await refusalOf(append(store, name, 'c1', 'stdout', 10, 'x', limits))).toBe('address_quota');
      expect(await readText(store, name, 'c1', 'stdout')).toBe('0123456789');
    });

    test('a removal frees all bytes of the session: script, input and output', async () => {
      const { store, name } = await openAccount();
      await push(store, name, '01234');
      for (const flow of ['stdin', 'stdout', 'stderr'] as const)
        await append(store, name, 'c1', flow, 0, '01234');
      await create(store, 'c', address);
      expect(await pushFor(store, nameOf('c'), 'x')).toBe('address_quota');
      await store.remove(name);
      expect(await pushFor(store, nameOf('c'), 'x'.repeat(limits.bytes))).toBeUndefined();
      expect(await pushFor(store, nameOf('c'), 'x')).toBe('address_quota');
    });

    test('simultaneous updates cannot exceed the quota', async () => {
      const { store, name } = await openAccount();
      await create(store, 'c', address);
      const answers = await Promise.all([
        pushFor(store, name, '012345678901'),
        pushFor(store, nameOf('c'), '012345678901'),
      ]);
      expect(answers.filter((answer) => answer === 'address_quota')).toHaveLength(1);
      expect(await pushFor(store, name, '01234567')).toBeUndefined();
      expect(await pushFor(store, name, 'x')).toBe('address_quota');
    });

    test('an account over its quota: an update that adds no bytes is accepted', async () => {
      const { store, name } = await openAccount();
      await push(store, name, 'x'.repeat(30));
      expect(await pushFor(store, name, 'x')).toBe('address_quota');
      const ending = store.update(
        name,
        (session) => ({
          session: replaceCommand(session, endCommand(findCommand(session, 'c1'), 'cancelled', 1)),
          result: 0,
        }),
        limits,
      );
      expect(await refusalOf(ending)).toBeUndefined();
    });

    test('an account over its quota: an update that frees bytes is accepted, even if it stays over the quota', async () => {
      const { store, name } = await openAccount();
      await push(store, name, 'x'.repeat(30));
      await append(store, name, 'c1', 'stdout', 0, '01234');
      const evicting = store.update(
        name,
        (session) => ({ session: evict(session, new Set(['c1'])), result: 0 }),
        limits,
      );
      expect(await refusalOf(evicting)).toBeUndefined();
      expect(findCommand(await store.read(name), 'c1').isEvicted).toBe(true);
    });

    test('an update with overQuotaBytes may exceed the quota by that much, and its bytes count', async () => {
      const { store, name } = await openAccount();
      const pushOver = (script: string, overQuotaBytes: number): Promise<RefusalCode | undefined> =>
        refusalOf(store.update(name, (s) => ({ ...addCommand(s, script), overQuotaBytes }), limits));
      expect(await pushOver('x'.repeat(26), 5)).toBe('address_quota');
      expect(await pushOver('x'.repeat(25), 5)).toBeUndefined();
      expect(await pushOver('x', 5)).toBe('address_quota');
      expect(await pushOver('x', 6)).toBeUndefined();
    });

    test('eviction frees the bytes of input and output, not those of the script', async () => {
      const { store, name } = await openAccount();
      await push(store, name, '01234');
      await append(store, name, 'c1', 'stdout', 0, '0123456789');
      await append(store, name, 'c1', 'stderr', 0, '01234');
      await store.update(name, (session) => ({ session: evict(session, new Set(['c1'])), result: 0 }));
      expect(await pushFor(store, name, 'x'.repeat(16))).toBe('address_quota');
      expect(await pushFor(store, name, 'x'.repeat(15))).toBeUndefined();
    });

    test('a dropped command frees all of its bytes', async () => {
      const { store, name } = await openAccount();
      await push(store, name, 'x'.repeat(limits.bytes));
      await store.update(name, (session) => ({ session: { ...session, commands: [] }, result: 0 }));
      expect(await pushFor(store, name, 'x'.repeat(limits.bytes))).toBeUndefined();
    });
  });
}

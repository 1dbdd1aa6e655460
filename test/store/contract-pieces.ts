import { describe, expect, test } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import { endCommand } from '../../src/session/command.ts';
import { evict } from '../../src/session/quota.ts';
import { finishCommand, claimNext } from '../../src/session/serve-listener.ts';
import {
  findCommand,
  type Outcome,
  type Piece,
  replaceCommand,
  type Session,
} from '../../src/session/session.ts';
import { append, type OpenStore, partBytes, push, readStored, readText, refusalOf } from './store-kit.ts';

const listener = { id: 'one', kind: 'runner', host: 'vm', user: 'root', mode: 'auto' } as const;

/** A transition that replaces the whole stdout of c1. */
function putWhole(text: string): (session: Session) => Outcome<void> {
  const bytes = Buffer.from(text);
  return (session) => ({
    session: replaceCommand(session, { ...findCommand(session, 'c1'), stdoutBytes: bytes.byteLength }),
    result: undefined,
    put: [{ id: 'c1', part: 'stdout', bytes }],
  });
}

export function describePieces(open: OpenStore): void {
  describe('pieces of an update', () => {
    test.each([
      ['a longer one', 'short'],
      ['short', 'a longer one'],
      ['some', ''],
    ])('a whole part replaces %j: only the new bytes %j remain', async (first, second) => {
      const { store, name } = await open();
      await push(store, name, 'echo');
      await store.update(name, putWhole(first));
      await store.update(name, putWhole(second));
      expect(await readStored(store, name, 'c1', 'stdout')).toBe(second);
    });

    test('several pieces in one update: all are stored', async () => {
      const { store, name } = await open();
      const put: Piece[] = [
        { id: 'c1', part: 'script', bytes: Buffer.from('first') },
        { id: 'c2', part: 'script', bytes: Buffer.from('second') },
        { id: 'c2', part: 'stdin', bytes: Buffer.from('in') },
        { id: 'c2', part: 'stdin', offset: 2, bytes: Buffer.from('put') },
      ];
      const { put: written } = await store.update(name, (session) => ({
        session: { ...session, revision: 1 },
        result: 0,
        put,
      }));
      expect(written).toEqual(put);
      expect(await readStored(store, name, 'c1', 'script')).toBe('first');
      expect(await readStored(store, name, 'c2', 'script')).toBe('second');
      expect(await readStored(store, name, 'c2', 'stdin')).toBe('input');
    });

    test('a finish with the rest of both streams: one update stores the end and all bytes', async () => {
      const { store, name } = await open();
      await push(store, name, 'make');
      await store.update(name, (session, { now }) => claimNext(session, listener, now));
      await append(store, name, 'c1', 'stdout', 0, 'out ');
      const rest = [
        { flow: 'stdout' as const, offset: 2, bytes: Buffer.from('t and more') },
        { flow: 'stderr' as const, offset: 0, bytes: Buffer.from('oops') },
      ];
      const finish = { exitStatus: 3, signal: null, timedOut: false, rest, cut: null };
      const { before, after, put } = await store.update(name, (session, { now }) =>
        finishCommand(session, 'c1', listener.id, finish, now),
      );
      expect(findCommand(before, 'c1')).toMatchObject({ state: 'running', stdoutBytes: 4, stderrBytes: 0 });
      expect(findCommand(after, 'c1')).toMatchObject({ state: 'finished', exitStatus: 3, stdoutBytes: 12 });
      expect(put.map(({ part, offset, bytes }) => [part, offset, bytes.toString()])).toEqual([
        ['stdout', 4, 'and more'],
        ['stderr', 0, 'oops'],
      ]);
      expect(await store.read(name)).toBe(after);
      expect(await readStored(store, name, 'c1', 'stdout')).toBe('out and more');
      expect(await readStored(store, name, 'c1', 'stderr')).toBe('oops');
    });

    test('a finish whose rest has a gap: neither the end nor any of its bytes is stored', async () => {
      const { store, name } = await open();
      await push(store, name, 'make');
      await store.update(name, (session, { now }) => claimNext(session, listener, now));
      const before = await store.read(name);
      const rest = [
        { flow: 'stdout' as const, offset: 0, bytes: Buffer.from('fits') },
        { flow: 'stderr' as const, offset: 5, bytes: Buffer.from('gap') },
      ];
      const finish = { exitStatus: 0, signal: null, timedOut: false, rest, cut: null };
      const finishing = store.update(name, (session, { now }) =>
        finishCommand(session, 'c1', listener.id, finish, now),
      );
      expect(await refusalOf(finishing)).toBe('output_gap');
      expect(await store.read(name)).toBe(before);
      expect(await readStored(store, name, 'c1', 'stdout')).toBe('');
    });

    test('an evicted command: its input and output are removed, its script and other commands stay', async () => {
      const { store, name } = await open();
      for (const id of ['c1', 'c2']) {
        await push(store, name, `script of ${id}`);
        await append(store, name, id, 'stdin', 0, 'in');
        await append(store, name, id, 'stdout', 0, 'out');
        await append(store, name, id, 'stderr', 0, 'error');
      }
      await store.update(name, (session) => {
        const ended = replaceCommand(session, endCommand(findCommand(session, 'c1'), 'finished', 1));
        return { session: evict(ended, new Set(['c1'])), result: undefined };
      });
      for (const part of ['stdin', 'stdout', 'stderr'] as const) {
        expect(await readStored(store, name, 'c1', part)).toBe('');
        expect(await readText(store, name, 'c2', part)).not.toBe('');
      }
      expect(await readText(store, name, 'c1', 'script')).toBe('script of c1');
      expect(findCommand(await store.read(name), 'c1')).toMatchObject({ stdoutBytes: 3, isEvicted: true });
    });

    test('output for an evicted command: the session counts it, the store writes no byte', async () => {
      const { store, name } = await open();
      await push(store, name, 'echo');
      await append(store, name, 'c1', 'stdout', 0, 'out');
      await store.update(name, (session) => ({
        session: evict(session, new Set(['c1'])),
        result: undefined,
      }));
      expect(await append(store, name, 'c1', 'stdout', 3, ' more')).toBe(8);
      expect(await readStored(store, name, 'c1', 'stdout')).toBe('');
      expect(partBytes(await store.read(name), 'c1', 'stdout')).toBe(0);
    });

    test('a transition that throws after it prepared pieces: none of them is stored', async () => {
      const { store, name } = await open();
      await push(store, name, 'echo');
      const before = await store.read(name);
      const refusing = store.update(name, (session) => {
        putWhole('prepared')(session);
        throw new Refusal('queue_full');
      });
      expect(await refusalOf(refusing)).toBe('queue_full');
      expect(await store.read(name)).toBe(before);
      expect(await readStored(store, name, 'c1', 'stdout')).toBe('');
    });
  });
}

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pastKeyMs } from '../../src/protocol/limits.ts';
import { countPastKeys, rememberKeys } from '../../src/session/past-keys.ts';
import { replaceCommand, type Session } from '../../src/session/session.ts';
import type { Entry } from '../../src/store/journal-lines.ts';
import { JournalState } from '../../src/store/journal-state.ts';
import { seed } from '../harness/seed.ts';
import { makeEnded } from './past-key-kit.ts';
import { addCommand, extend, makeSession } from './store-kit.ts';

const { name } = makeSession();

const change = fc.oneof(
  fc.record({ what: fc.constant('push' as const) }),
  fc.record({ what: fc.constant('change' as const), which: fc.nat(9) }),
  fc.record({ what: fc.constant('forget' as const), which: fc.nat(9) }),
  fc.record({ what: fc.constant('grow' as const), which: fc.nat(9), bytes: fc.nat(99) }),
  fc.record({ what: fc.constant('remember' as const), keys: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ what: fc.constant('wait' as const), ms: fc.nat(pastKeyMs) }),
);

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Applies the changes and yields the session after each. */
function* follow(changes: readonly Change[]): Generator<Session> {
  let session = makeSession();
  let now = session.createdAt;
  let keys = 0;
  yield session;
  for (const step of changes) {
    const { commands, pastKeys } = session;
    const chosen = 'which' in step ? commands[step.which % Math.max(1, commands.length)] : undefined;
    if (step.what === 'wait') now += step.ms;
    if (step.what === 'push') session = addCommand(session, 'echo').session;
    if (step.what === 'remember') {
      const ended = Array.from({ length: step.keys }, () => makeEnded((keys += 1), now));
      session = { ...session, pastKeys: rememberKeys(pastKeys, ended, now) };
    }
    if (step.what === 'forget' && chosen)
      session = { ...session, commands: commands.filter((one) => one !== chosen) };
    if (step.what === 'change' && chosen)
      session = replaceCommand(session, { ...chosen, cancelCount: chosen.cancelCount + 1 });
    if (step.what === 'grow' && chosen)
      session = extend(session, chosen.id, 'stdout', chosen.stdoutBytes, Buffer.alloc(step.bytes)).session;
    yield session;
  }
}

/** Compares keys as one list: the journal does not keep their division into pages. */
function flatten({ pastKeys, ...session }: Session): unknown {
  return { ...session, dropped: pastKeys.dropped, keys: pastKeys.pages.flat() };
}

function read(entries: Iterable<Entry>): Session | undefined {
  const kept = new JournalState();
  // Through JSON, as in the journal.
  for (const entry of entries) kept.take(JSON.parse(JSON.stringify(entry)) as Entry);
  return kept.find(name);
}

test('replaying all entries, or a snapshot and the later entries, gives the same session', () => {
  let dropped = 0;
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), fc.nat(40), (changes, snapshotAt) => {
      const told = new JournalState();
      const entries: Entry[] = [];
      const fromSnapshot: Entry[] = [];
      let latest = makeSession();
      for (const [index, session] of [...follow(changes)].entries()) {
        const entry = told.describe(session);
        entries.push(entry);
        fromSnapshot.push(entry);
        told.put(session);
        latest = session;
        if (index === snapshotAt) fromSnapshot.splice(0, fromSnapshot.length, ...told.snapshot());
      }
      dropped += latest.pastKeys.dropped;
      for (const list of [entries, fromSnapshot, [...told.snapshot()]]) {
        const found = read(list);
        expect(found && flatten(found)).toEqual(flatten(latest));
        expect(found && countPastKeys(found.pastKeys)).toBe(countPastKeys(latest.pastKeys));
      }
    }),
    { seed, numRuns: 300 },
  );
  // Otherwise no run tested dropped keys.
  expect(dropped).toBeGreaterThan(0);
});

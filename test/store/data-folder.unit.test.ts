/** Data folders of earlier relays (see `test/fixtures/write-data-folder.ts`): the current store has all data that those relays returned. */
import { cp, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { deriveListenerKey, nameSession } from '../../src/protocol/key-derivation.ts';
import { usedBytes } from '../../src/session/open-commands.ts';
import type { Part, Session } from '../../src/session/session.ts';
import type { Store } from '../../src/store/store.ts';
import { makeFolder, open, openKilled } from './folder-kit.ts';
import { partBytes, readText } from './store-kit.ts';

interface Answered {
  key: string;
  ended: boolean;
  status: { revision: number };
  commands: {
    id: string;
    state: string;
    exit_status: number | null;
    signal: string | null;
    reason: string | null;
    origin: string;
    pushed_by: string;
    idempotency_key?: string;
    script: string;
    stdin?: string;
    stdout: string;
    stderr: string;
  }[];
}

async function readAnswers(format: number): Promise<Map<string, Answered>> {
  const path = fileURLToPath(new URL(`../fixtures/data-folder-format-${format}.json`, import.meta.url));
  const { sessions } = JSON.parse(await readFile(path, 'utf8')) as { sessions: Record<string, Answered> };
  return new Map(Object.values(sessions).map((one) => [nameSession(deriveListenerKey(one.key)), one]));
}

async function expectSession(store: Store, session: Session, answered: Answered): Promise<void> {
  expect(session.revision).toBe(answered.status.revision);
  expect(session.commands.map(({ id }) => id)).toEqual(answered.commands.map(({ id }) => id));
  let bytes = 0;
  for (const [index, command] of answered.commands.entries()) {
    const { id, state, exit_status: exitStatus, signal, reason, origin, pushed_by: pushedBy } = command;
    const idempotencyKey = command.idempotency_key ?? null;
    const expected = { id, state, exitStatus, signal, reason, origin, pushedBy, idempotencyKey };
    expect(session.commands[index]).toMatchObject({ ...expected, isEvicted: false, wasRefused: false });
    const parts: [Part, string][] = [
      ['script', command.script],
      ['stdin', command.stdin ?? ''],
      ['stdout', command.stdout],
      ['stderr', command.stderr],
    ];
    for (const [part, text] of parts) {
      expect(await readText(store, session.name, id, part)).toBe(text);
      expect(partBytes(session, id, part)).toBe(Buffer.byteLength(text));
      bytes += Buffer.byteLength(text);
    }
  }
  expect(usedBytes(session)).toBe(bytes);
}

test('a data folder of format 2: each session that had not ended has the recorded data, also after a kill', async () => {
  const folder = await makeFolder();
  const fixture = fileURLToPath(new URL('../fixtures/data-folder-format-2', import.meta.url));
  await cp(fixture, folder, { recursive: true });
  const answers = await readAnswers(2);
  const warnings: string[] = [];
  const store = await open(folder, (line) => warnings.push(line));
  const again = await openKilled(folder, (line) => warnings.push(line));
  const kept = [...answers].filter(([, { ended }]) => !ended);
  expect(kept.length).toBeGreaterThan(5);
  for (const found of [store, again]) {
    expect(await found.count()).toBe(kept.length);
    for (const [name, answered] of kept) await expectSession(found, await found.read(name), answered);
  }
  expect(warnings).toEqual([]);
  for (const [name] of kept) expect(await again.read(name)).toEqual(await store.read(name));
});

/** Helpers to write and read journal lines and to open journals in tests. */
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { expect } from 'vitest';
import { Journal, type JournalOptions } from '../../src/store/journal.ts';
import type { Entry } from '../../src/store/journal-lines.ts';
import { JournalState } from '../../src/store/journal-state.ts';

/** One journal line; it is the same in every format. */
export function renderLine(entry: Entry): string {
  const text = JSON.stringify(entry);
  return `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`;
}

export async function readEntries(path: string): Promise<Entry[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line.slice(9)) as Entry);
}

/** The offsets at which the lines of a journal end. */
export async function readEnds(path: string): Promise<number[]> {
  const text = await readFile(path);
  return [...text.keys()].filter((at) => text[at] === 0x0a).map((at) => at + 1);
}

/** A journal of numbered entries whose snapshot has all of them. */
export async function openNumbers(
  path: string,
  { durability = 'process' }: Partial<JournalOptions> = {},
): Promise<{ journal: Journal; taken: Entry[]; warnings: string[] }> {
  const taken: Entry[] = [];
  const warnings: string[] = [];
  const options = {
    path,
    durability,
    snapshot: () => taken,
    countSnapshot: () => taken.length,
    warn: (line: string) => void warnings.push(line),
  };
  return { journal: await Journal.open(options, (entry) => taken.push(entry)), taken, warnings };
}

/** A journal of sessions, without a store and its files. */
export async function openSessions(path: string): Promise<{ journal: Journal; kept: JournalState }> {
  const kept = new JournalState();
  const options: JournalOptions = {
    path,
    durability: 'process',
    snapshot: () => kept.snapshot(),
    countSnapshot: () => kept.countSnapshot(),
    warn: (line) => expect.fail(line),
  };
  const journal = await Journal.open(
    options,
    (entry) => kept.take(entry),
    () => kept.finishReading(),
  );
  return { journal, kept };
}

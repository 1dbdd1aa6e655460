/** Removes files of removed sessions, dropped commands and evicted output that a relay left behind because it died before removing them. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '../session/command.ts';
import type { Session } from '../session/session.ts';

/** Commands created while the sweep runs have higher numbers: the sweep leaves their files alone. */
function isForgotten(id: string, known: ReadonlyMap<string, Command>, nextNumber: number): boolean {
  const number = /^c([1-9]\d*)$/.exec(id)?.[1];
  return number !== undefined && Number(number) < nextNumber && !known.has(id);
}

async function sweepSession(folder: string, { commands, nextNumber }: Session): Promise<void> {
  const known = new Map(commands.map((command) => [command.id, command]));
  for (const id of await readdir(folder).catch(() => [])) {
    const path = join(folder, id);
    if (isForgotten(id, known, nextNumber)) await rm(path, { recursive: true, force: true });
    else if (known.get(id)?.isEvicted === true)
      for (const part of ['stdin', 'stdout', 'stderr']) await rm(join(path, part), { force: true });
  }
}

/**
 * Removes folders of unknown sessions, folders of commands that the sessions no longer list, and evicted input and output. `names`
 * and `sessions` are the entries of `folder` and the sessions at the time the store was opened: later ones are left alone.
 * Stops between two sessions when `signal` is aborted.
 */
export async function sweepSessions(
  folder: string,
  names: readonly string[],
  sessions: readonly Session[],
  signal: AbortSignal,
): Promise<void> {
  const known = new Map(sessions.map((session) => [session.name, session]));
  for (const name of names) {
    if (signal.aborted) return;
    const session = known.get(name);
    const path = join(folder, name);
    if (session) await sweepSession(path, session);
    else if (/^[0-9a-f]{64}$/.test(name)) await rm(path, { recursive: true, force: true });
  }
}

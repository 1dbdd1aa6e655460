/** Loads the functions of src/session as one object, so that the same properties can check a copy with a defect. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as applying from '../../src/session/apply-transition.ts';
import type * as cancelling from '../../src/session/cancel-command.ts';
import type * as pushing from '../../src/session/push-command.ts';
import type * as reopening from '../../src/session/reopen-session.ts';
import type * as listening from '../../src/session/serve-listener.ts';
import type * as slots from '../../src/session/serve-slots.ts';
import type * as sessions from '../../src/session/session.ts';
import type * as time from '../../src/session/time.ts';

export type SessionModule = typeof applying &
  typeof cancelling &
  typeof pushing &
  typeof reopening &
  typeof listening &
  typeof slots &
  typeof sessions &
  typeof time;

export const sessionFolder = fileURLToPath(new URL('../../src/session/', import.meta.url));

/** All exports of the files in the folder. */
export async function loadSessionModule(folder = sessionFolder): Promise<SessionModule> {
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  const load = (name: string) =>
    import(/* @vite-ignore */ pathToFileURL(join(folder, name)).href) as Promise<object>;
  return Object.assign({}, ...(await Promise.all(files.map(load)))) as SessionModule;
}

/** Resolves where `serve` stores sessions, and how durable accepted data is there. */
import { join } from 'node:path';
import { maskStoreUrl } from '../protocol/mask-store-url.ts';
import type { ChooseValue } from './choose-value.ts';
import { ConfigError } from './config-error.ts';
import type { Environment } from './environment.ts';
import { parseWord } from './parse-serve-values.ts';
import { readSecret, type Secret } from './read-secret.ts';
import { chooseStateDir } from './settings-file.ts';

export type StoreFlag = 'store' | 'durability';

export type Durability = 'process' | 'replica' | 'power';

export interface StoreSettings {
  storeUrl: string;
  /** The same without a password, for messages and logs. */
  shownStore: string;
  /** What acknowledged data survives: a crash of the process, loss of the machine that stores it, or a power cut. */
  durability: Durability;
}

/** If the text of the file is not a store URL, it may be a bare secret: no message contains it. */
function checkFromFile({ value, source }: Secret): Secret {
  if (!source.endsWith('_FILE') || /^(?:file:|memory:?$|rediss?(?:\+\w+)?:)/i.test(value))
    return { value, source };
  throw new ConfigError(
    `${source}: the file does not contain a store URL`,
    'write file:DIR, memory: or redis://USER:PASSWORD@HOST into it',
  );
}

function chooseStore(flag: string | undefined, environment: Environment): Secret {
  if (flag !== undefined) return { value: flag, source: '--store' };
  const fallback = `file:${join(chooseStateDir(environment), 'relay')}`;
  const found = readSecret(environment, 'REMOTIFY_STORE');
  return found ? checkFromFile(found) : { value: fallback, source: 'default' };
}

/** Whether stored data takes memory and not disk. */
export function isInMemory(storeUrl: string): boolean {
  return !storeUrl.startsWith('file:');
}

export function resolveStore(
  flag: string | undefined,
  choose: ChooseValue<StoreFlag>,
  environment: Environment,
  notes: string[],
): StoreSettings {
  const { value: storeUrl, source } = chooseStore(flag, environment);
  const shownStore = maskStoreUrl(storeUrl);
  if (source === '--store' && shownStore !== storeUrl) {
    notes.push(
      'the password in --store is in the process list: put the URL into a file of mode 0600 and set REMOTIFY_STORE_FILE to its path',
    );
  }
  const durability = choose('durability', ['REMOTIFY_DURABILITY'], 'process', (text) => {
    const word = parseWord(text, ['process', 'replica', 'power'] as const);
    if (word === 'replica' && /^(?:file:|memory:?$)/.test(storeUrl)) {
      throw new ConfigError(
        `"replica" needs a store with a replica, but sessions are in ${shownStore}`,
        'write process or power, or use a Redis store with --store',
      );
    }
    return word;
  });
  return { storeUrl, shownStore, durability };
}

/** What is looked at once, before the first session: whether this Redis can keep sessions at all, and how well. */
import type { RedisClient } from './redis-client.ts';
import { formatKey, formatName } from './redis-layout.ts';
import type { StoreDurability } from './store.ts';

function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).map((line) => /^([a-z0-9_]+):(.*)$/.exec(line));
  return new Map(lines.flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? '']] : [])));
}

function isOlder(version: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split('.').map(Number);
  return first < major || (first === major && second < minor);
}

async function readInfo(client: RedisClient): Promise<ReadonlyMap<string, string>> {
  // Some providers bar it: then nothing is known, and nothing is warned of.
  const sections = ['server', 'memory', 'persistence', 'replication'];
  const texts = await Promise.all(sections.map((name) => client.call('INFO', name).catch(() => '')));
  return parseInfo(texts.map(String).join('\n'));
}

/** Valkey counts its own versions, and says which of Redis it is like. */
function versionOf(info: ReadonlyMap<string, string>): string {
  return info.get('redis_version') ?? '';
}

async function readSetting(client: RedisClient, name: string): Promise<string | undefined> {
  const reply = await client.call('CONFIG', 'GET', name).catch(() => []);
  return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : undefined;
}

async function checkFormat(client: RedisClient): Promise<void> {
  await client.call('SET', formatKey, formatName, 'NX');
  const found = await client.call('GET', formatKey);
  if (found !== formatName)
    throw new Error('its sessions are in a format that this version of remotify does not know');
}

/** How an acknowledgement is waited for: undefined where the answer of Redis is enough. */
export type AcknowledgeBy = 'replica' | 'disk' | undefined;

async function chooseAcknowledgement(
  client: RedisClient,
  durability: StoreDurability,
  version: string,
  warn: (text: string) => void,
): Promise<AcknowledgeBy> {
  if (durability === 'process') return undefined;
  if (durability === 'replica') return 'replica';
  const isAppending = (await readSetting(client, 'appendonly')) === 'yes';
  // With this setting Redis answers only once its disk has what was written.
  if (isAppending && (await readSetting(client, 'appendfsync')) === 'always') return undefined;
  if (version !== '' && isOlder(version, 7, 2)) {
    throw new Error(
      'durability power needs Redis 7.2 or later, or one with appendonly yes and appendfsync always',
    );
  }
  if (!isAppending)
    warn('durability power needs Redis with appendonly yes: until then nothing is acknowledged');
  return 'disk';
}

/** Throws an Error where it cannot be used; warns, once, of what loses sessions. Resolves with how to wait for an acknowledgement. */
export async function checkRedis(
  client: RedisClient,
  durability: StoreDurability,
  warn: (text: string) => void,
): Promise<AcknowledgeBy> {
  const info = await readInfo(client);
  const version = versionOf(info);
  if (version !== '' && isOlder(version, 6, 2))
    throw new Error(`Redis ${version} is too old: it is to be 6.2 or later`);
  if (info.get('role') === 'slave') throw new Error('it is a replica, which takes no writes');
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction')
    warn(`Redis removes sessions when its memory is full: set maxmemory-policy noeviction (it is ${policy})`);
  if (info.get('aof_enabled') === '0')
    warn('Redis keeps nothing of the last seconds or minutes over a restart: set appendonly yes');
  if (durability === 'replica' && info.get('connected_slaves') === '0')
    warn('durability replica, and Redis has no replica: until it has one nothing is acknowledged');
  await checkFormat(client);
  return chooseAcknowledgement(client, durability, version, warn);
}

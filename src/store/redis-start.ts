/** Checks Redis once at the start: whether the relay can use it, and whether its settings risk losing sessions. */
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
  // Some providers block INFO: then the checks below have no data and are skipped.
  const sections = ['server', 'memory', 'persistence', 'replication'];
  const texts = await Promise.all(sections.map((name) => client.call('INFO', name).catch(() => '')));
  return parseInfo(texts.map(String).join('\n'));
}

/** Valkey has its own version numbers; `redis_version` is the version of Redis that it is compatible with. */
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
    throw new Error('its sessions are in a format that this version of remotify cannot read');
}

/** What the relay waits for before it acknowledges a write; undefined: the answer of Redis is enough. */
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
  // With this setting Redis answers only once the write is on its disk.
  if (isAppending && (await readSetting(client, 'appendfsync')) === 'always') return undefined;
  if (version !== '' && isOlder(version, 7, 2)) {
    throw new Error(
      'durability power needs Redis 7.2 or later, or the settings appendonly yes and appendfsync always',
    );
  }
  if (!isAppending) warn('durability power: nothing is acknowledged until Redis has appendonly yes');
  return 'disk';
}

/** Throws an Error if Redis cannot be used; warns once of settings that lose sessions. Resolves with what to wait for after a write. */
export async function checkRedis(
  client: RedisClient,
  durability: StoreDurability,
  warn: (text: string) => void,
): Promise<AcknowledgeBy> {
  const info = await readInfo(client);
  const version = versionOf(info);
  if (version !== '' && isOlder(version, 6, 2))
    throw new Error(`Redis ${version} is too old: 6.2 or later is required`);
  if (info.get('role') === 'slave') throw new Error('it is a replica, which accepts no writes');
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction')
    warn(`Redis evicts sessions when its memory is full: set maxmemory-policy noeviction (now: ${policy})`);
  if (info.get('aof_enabled') === '0')
    warn('Redis loses the last seconds or minutes at a restart: set appendonly yes');
  if (durability === 'replica' && info.get('connected_slaves') === '0')
    warn('durability replica: Redis has no replica, nothing is acknowledged until one is connected');
  await checkFormat(client);
  return chooseAcknowledgement(client, durability, version, warn);
}

/** The contents of the settings file: the sessions, the name of the current one, and the address of a relay. */
import { type Fields, parseFields, parseJsonFields, readNumber, readText } from '../protocol/json-fields.ts';
import { isKey } from '../protocol/keys.ts';
import { ConfigError } from './config-error.ts';

/** Whether the line starts a listener that asks before each command, or one that runs commands without asking. */
export type LineMode = 'supervised' | 'auto';

export interface StoredSession {
  key: string;
  url: string;
  /** The features of its relay; none for a legacy relay. */
  features: string[];
  /** The line to paste, as it was printed. */
  quickstart: string;
  /** The mode of the listener that the line starts. Absent in files of earlier versions. */
  mode?: LineMode;
  /** Milliseconds since 1970. */
  createdAt: number;
}

export interface Settings {
  url?: string;
  current?: string;
  sessions: Record<string, StoredSession>;
}

/** Checks that a session name needs no quoting in a shell and is not a key. */
export function checkSessionName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name) && !isKey(name)) return name;
  throw new ConfigError(
    'not a valid name for a session',
    'use letters, digits, dots, dashes and underscores, 64 at most',
  );
}

function parseSession(value: unknown): StoredSession | undefined {
  const fields = parseFields(value);
  const key = fields && readText(fields, 'key');
  const url = fields && readText(fields, 'url');
  if (!fields || key === undefined || !isKey(key) || url === undefined) return undefined;
  const features = fields['features'];
  const mode = fields['mode'];
  return {
    ...((mode === 'auto' || mode === 'supervised') && { mode }),
    key,
    url,
    features: Array.isArray(features) ? features.filter((item) => typeof item === 'string') : [],
    quickstart: readText(fields, 'quickstart') ?? '',
    createdAt: readNumber(fields, 'createdAt') ?? 0,
  };
}

function parseSessions(fields: Fields): Settings['sessions'] {
  const sessions: Settings['sessions'] = {};
  for (const [name, value] of Object.entries(parseFields(fields['sessions']) ?? {})) {
    const session = parseSession(value);
    if (session && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) sessions[name] = session;
  }
  return sessions;
}

/** Parses the text of the file; undefined if it is not a JSON object. Skips invalid entries. */
export function parseSettings(text: string): Settings | undefined {
  const fields = parseJsonFields(text);
  if (!fields) return undefined;
  const settings: Settings = { sessions: parseSessions(fields) };
  const url = readText(fields, 'url');
  const current = readText(fields, 'current');
  if (url !== undefined) settings.url = url;
  if (current !== undefined && Object.hasOwn(settings.sessions, current)) settings.current = current;
  return settings;
}

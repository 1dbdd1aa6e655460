/** The response body of `POST /api/session` and `GET /api/session/{key}`, and its parser. */
import { parseFields, readNumber, readText } from './json-fields.ts';
import { isKey, keyDigits } from './keys.ts';

export interface SessionPayload {
  key: string;
  ttl_seconds: number;
  urls: { cmd: string; result: string; runner: string; api: string };
  /** The line to paste on the remote; supervised unless `?mode=auto` is added to its URL. */
  remote_quickstart: string;
  /** A curl line with the placeholder COMMAND. */
  exec: string;
  /** A legacy relay does not send these three. */
  version?: string;
  features?: string[];
  listener_key?: string;
}

/** The features of this relay beyond the slots. */
export const features = ['commands', 'output', 'cancel', 'stdin', 'listener-key'] as const;

/** The payload, or undefined if the value is not a session payload. */
export function parseSessionPayload(value: unknown): SessionPayload | undefined {
  const fields = parseFields(value);
  const urls = parseFields(fields?.['urls']);
  if (!fields || !urls) return undefined;
  const key = readText(fields, 'key');
  const quickstart = readText(fields, 'remote_quickstart');
  if (key === undefined || !isKey(key) || quickstart === undefined) return undefined;
  // Users paste it into a shell: it must be one line without invisible characters.
  if (!/^[\x20-\x7e]+$/.test(quickstart)) return undefined;
  const url = (name: string): string => readText(urls, name) ?? '';
  const payload: SessionPayload = {
    key,
    ttl_seconds: readNumber(fields, 'ttl_seconds') ?? 0,
    urls: { cmd: url('cmd'), result: url('result'), runner: url('runner'), api: url('api') },
    remote_quickstart: quickstart,
    exec: readText(fields, 'exec') ?? '',
  };
  const version = readText(fields, 'version');
  const listenerKey = readText(fields, 'listener_key');
  if (version !== undefined) payload.version = version;
  if (listenerKey !== undefined && isKey(listenerKey)) payload.listener_key = listenerKey;
  const listed = fields['features'];
  if (Array.isArray(listed)) payload.features = listed.filter((item) => typeof item === 'string');
  return payload;
}

const scriptPath = new RegExp(`(/r/${keyDigits})(?=['" ])`);

/** The same line in auto mode. */
export function addAutoMode(quickstart: string): string {
  return quickstart.replace(scriptPath, '$1?mode=auto');
}

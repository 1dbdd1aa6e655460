/** The URL paths of the HTTP API: one table for the relay, which matches them, and for clients, which build them. */
import { isKey, selfKey } from './keys.ts';

const sessions = '/api/session';
const session = `${sessions}/{key}` as const;
const command = `${session}/commands/{id}` as const;

/** `{key}` and `{id}` are the only placeholders: a key and a command id. */
export const paths = {
  page: '/',
  pageStyle: '/landing.css',
  pageIcon: '/icon.svg',
  pageScript: '/landing.js',
  health: '/api/health',
  ready: '/api/ready',
  sessions,
  session,
  status: `${session}/status`,
  reset: `${session}/reset`,
  slotCommand: '/cmd-{key}',
  slotResult: '/result-{key}',
  runner: '/r/{key}',
  commands: `${session}/commands`,
  command,
  output: `${command}/output`,
  stdin: `${command}/stdin`,
  next: `${session}/next`,
  leave: `${session}/leave`,
  start: `${command}/start`,
  decline: `${command}/decline`,
  control: `${command}/control`,
  finish: `${command}/finish`,
} as const;

/**
 * Part of a regular expression. Ids are `c1`, `c2`, … in order of arrival: short enough to type, unique within their
 * session.
 */
export const idDigits = 'c[1-9][0-9]{0,8}';

export const commandIdPattern = new RegExp(`^${idDigits}$`);

/** The path of a route. Throws a TypeError on a malformed key or id, so that it cannot build any other path. */
export function buildPath(name: keyof typeof paths, values: { key?: string; id?: string } = {}): string {
  const { key = selfKey, id = '' } = values;
  const path: string = paths[name];
  if (key !== selfKey && !isKey(key)) throw new TypeError('malformed key');
  if (path.includes('{id}') && !commandIdPattern.test(id)) throw new TypeError('malformed command id');
  return path.replace('{key}', key).replace('{id}', id);
}

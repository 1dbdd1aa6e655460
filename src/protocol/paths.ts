/** The paths of the wire: one table for the relay, which matches them, and for clients, which build them. */
import { isKey, selfKey } from './keys.ts';

/** `{key}` and `{id}` are the only placeholders; they match one key and one command id. */
export const paths = {
  page: '/',
  pageStyle: '/landing.css',
  pageIcon: '/icon.svg',
  pageScript: '/landing.js',
  health: '/api/health',
  ready: '/api/ready',
  sessions: '/api/session',
  session: '/api/session/{key}',
  status: '/api/session/{key}/status',
  reset: '/api/session/{key}/reset',
  slotCommand: '/cmd-{key}',
  slotResult: '/result-{key}',
  runner: '/r/{key}',
  commands: '/api/session/{key}/commands',
  command: '/api/session/{key}/commands/{id}',
  output: '/api/session/{key}/commands/{id}/output',
  stdin: '/api/session/{key}/commands/{id}/stdin',
  next: '/api/session/{key}/next',
  leave: '/api/session/{key}/leave',
  start: '/api/session/{key}/commands/{id}/start',
  decline: '/api/session/{key}/commands/{id}/decline',
  control: '/api/session/{key}/commands/{id}/control',
  finish: '/api/session/{key}/commands/{id}/finish',
} as const;

/** Ids are `c1`, `c2`, … in order of arrival: short enough to be typed, unique within their session. As a part of a regular expression. */
export const idDigits = 'c[1-9][0-9]{0,8}';

export const commandIdPattern = new RegExp(`^${idDigits}$`);

/** The path of a route. Throws a TypeError on a malformed key or id, so that no other path can be built. */
export function buildPath(name: keyof typeof paths, values: { key?: string; id?: string } = {}): string {
  const { key = selfKey, id = '' } = values;
  const path: string = paths[name];
  if (key !== selfKey && !isKey(key)) throw new TypeError('malformed key');
  if (path.includes('{id}') && !commandIdPattern.test(id)) throw new TypeError('malformed command id');
  return path.replace('{key}', key).replace('{id}', id);
}

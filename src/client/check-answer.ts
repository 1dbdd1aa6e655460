/** From an answer to what it says: everything that crosses the wire is hostile until parsed. */
import { goneText } from '../protocol/gone.ts';
import { header } from '../protocol/headers.ts';
import { parseJsonFields, readText } from '../protocol/json-fields.ts';
import type { HttpAnswer } from './http.ts';
import { RelayError } from './relay-error.ts';

const decoder = new TextDecoder();

/** Short, and with nothing in it that acts on a screen. */
function clean(text = ''): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

/** One line of an answer's text. */
function firstLine(body: Uint8Array): string {
  return clean(decoder.decode(body.subarray(0, 300)).split('\n')[0]);
}

function describeStranger({ status, headers, body }: HttpAnswer): string {
  const { location, 'content-type': type = '' } = headers;
  if (status >= 300 && status < 400 && location !== undefined)
    return ` and points elsewhere (${clean(location)})`;
  const looksLikePage = type.includes('html') || /^\s*</.test(decoder.decode(body.subarray(0, 64)));
  return looksLikePage ? ' with a web page' : '';
}

/** For an answer that no relay would give. */
export function notARelay(answer: HttpAnswer, baseUrl: string): RelayError {
  const message = `${baseUrl} is no relay: it answered ${answer.status}${describeStranger(answer)}`;
  return new RelayError('not_a_relay', message, { status: answer.status });
}

function readMove(body: Uint8Array): RelayError {
  const fields = parseJsonFields(decoder.decode(body)) ?? {};
  const where = clean(readText(fields, 'endpoint'));
  const action = clean(readText(fields, 'action'));
  const message = `the relay has moved${where && ` to ${where}`}${action && `: ${action}`}`;
  return new RelayError('moved', message, { status: 426 });
}

/** The error for an answer that says that there is no such session. Not every such answer has the status 410. */
export function goneError(baseUrl: string): RelayError {
  return new RelayError('refused', goneText, { status: 410, code: 'gone', url: baseUrl });
}

/** The answer when it is a success; otherwise throws what it says. `baseUrl` is for the words only. */
export function checkAnswer(answer: HttpAnswer, baseUrl: string): HttpAnswer {
  const { status, headers, body } = answer;
  if (status >= 200 && status < 300) return answer;
  if (status === 426) throw readMove(body);
  const refused = (message: string, code = ''): RelayError =>
    new RelayError('refused', message, { status, code, url: baseUrl });
  const code = headers[header.error];
  if (code !== undefined) throw refused(firstLine(body), code.replaceAll(/[^a-z_]/g, ''));
  if (status === 410) throw goneError(baseUrl);
  if (status === 413) throw refused('the body is too large for a proxy on the way');
  if (status === 429) throw refused('the relay limits how many requests it takes', 'rate_limited');
  if (status >= 500) throw refused(`${baseUrl} is in trouble (${status})`);
  throw notARelay(answer, baseUrl);
}

/** Throws unless the status is this one. */
export function expectStatus(status: number, answer: HttpAnswer, baseUrl: string): void {
  if (answer.status !== status) throw notARelay(answer, baseUrl);
}

/** The JSON of an answer as `parse` understands it; throws `not_a_relay` when it does not. */
export function parseAnswer<T>(
  answer: HttpAnswer,
  parse: (value: unknown) => T | undefined,
  baseUrl: string,
): T {
  const parsed = parse(parseJsonFields(decoder.decode(answer.body)));
  if (parsed !== undefined) return parsed;
  throw notARelay(answer, baseUrl);
}

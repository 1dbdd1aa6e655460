/** Validates and parses HTTP responses: all data from the network is untrusted until it is parsed. */
import { goneText } from '../protocol/gone.ts';
import { header } from '../protocol/headers.ts';
import { parseJsonFields, readText } from '../protocol/json-fields.ts';
import type { HttpAnswer } from './http.ts';
import { RelayError } from './relay-error.ts';

const decoder = new TextDecoder();

/** Printable ASCII only, at most 200 characters, so that the text cannot act on a terminal. */
function clean(text = ''): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

/** The first line of a response body. */
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

/** The error for a response that no relay sends. */
export function notARelay(answer: HttpAnswer, baseUrl: string): RelayError {
  const message = `${baseUrl} is not a relay: it answered ${answer.status}${describeStranger(answer)}`;
  return new RelayError('not_a_relay', message, { status: answer.status });
}

function readMove(body: Uint8Array): RelayError {
  const fields = parseJsonFields(decoder.decode(body)) ?? {};
  const where = clean(readText(fields, 'endpoint'));
  const action = clean(readText(fields, 'action'));
  const message = `the relay has moved${where && ` to ${where}`}${action && `: ${action}`}`;
  return new RelayError('moved', message, { status: 426 });
}

/** The error for a session that does not exist. The relay does not always report this with status 410. */
export function goneError(baseUrl: string): RelayError {
  return new RelayError('refused', goneText, { status: 410, code: 'gone', url: baseUrl });
}

/** Returns a 2xx response; throws the error that any other one reports. `baseUrl` is used in messages only. */
export function checkAnswer(answer: HttpAnswer, baseUrl: string): HttpAnswer {
  const { status, headers, body } = answer;
  if (status >= 200 && status < 300) return answer;
  if (status === 426) throw readMove(body);
  const refused = (message: string, code = ''): RelayError =>
    new RelayError('refused', message, { status, code, url: baseUrl });
  const code = headers[header.error];
  if (code !== undefined) throw refused(firstLine(body), code.replaceAll(/[^a-z_]/g, ''));
  if (status === 410) throw goneError(baseUrl);
  if (status === 413) throw refused('a proxy in front of the relay rejects a body of this size');
  if (status === 429) throw refused('the rate limit of the relay is reached', 'rate_limited');
  if (status >= 500) throw refused(`${baseUrl} failed (HTTP ${status})`);
  throw notARelay(answer, baseUrl);
}

/** Throws `not_a_relay` unless the response has this status. */
export function expectStatus(status: number, answer: HttpAnswer, baseUrl: string): void {
  if (answer.status !== status) throw notARelay(answer, baseUrl);
}

/** Parses the JSON of a response; throws `not_a_relay` if `parse` returns undefined. */
export function parseAnswer<T>(
  answer: HttpAnswer,
  parse: (value: unknown) => T | undefined,
  baseUrl: string,
): T {
  const parsed = parse(parseJsonFields(decoder.decode(answer.body)));
  if (parsed !== undefined) return parsed;
  throw notARelay(answer, baseUrl);
}

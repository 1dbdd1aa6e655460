/** Parses the answer of `GET …/output`: its headers and its body. */
import { type CommandState, isCommandState } from '../protocol/command-states.ts';
import { isExitStatus } from '../protocol/command-view.ts';
import { isMissingReason, type MissingOutput } from '../protocol/missing-output.ts';
import { header } from '../protocol/headers.ts';
import type { HttpAnswer } from './http.ts';
import { RelayError } from './relay-error.ts';

export interface OutputPart {
  state: CommandState;
  exitStatus: number | null;
  signal: string | null;
  reason: string | null;
  startedAt: number | null;
  durationMs: number | null;
  stdout: Uint8Array;
  stderr: Uint8Array;
  /** No more output will follow. */
  complete: boolean;
  /** Output that this reader cannot get; undefined while it gets all of it. */
  missing: MissingOutput | undefined;
}

/** A count, a size in bytes or a time. With more than 15 digits it would not be exact, nor a valid date. */
function parseNumber(text = ''): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function decode(text: string | undefined): string | null {
  if (text === undefined) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parseMissing(headers: HttpAnswer['headers']): MissingOutput | undefined {
  const reason = headers[header.missingReason];
  if (!isMissingReason(reason)) return undefined;
  return { bytes: parseNumber(headers[header.missingBytes]) ?? 0, reason };
}

/** Throws `not_a_relay` when body and headers do not agree, or for an exit status that no process has. */
export function parseOutputPart({ headers, body, status }: HttpAnswer, baseUrl: string): OutputPart {
  const state = headers[header.state];
  if (state !== undefined && !isCommandState(state)) {
    const message = `unknown command state: ${state.replaceAll(/[^a-z_]/g, '').slice(0, 40)}`;
    throw new RelayError('not_a_relay', message, { status, code: 'unknown_state' });
  }
  const stdoutBytes = parseNumber(headers[header.stdoutBytes]);
  const stderrBytes = parseNumber(headers[header.stderrBytes]);
  const exitStatus = parseNumber(headers[header.exitStatus]);
  if (
    state === undefined ||
    stdoutBytes === null ||
    stderrBytes === null ||
    stdoutBytes + stderrBytes !== body.byteLength ||
    (headers[header.exitStatus] !== undefined && !isExitStatus(exitStatus))
  ) {
    throw new RelayError('not_a_relay', `${baseUrl} is not a relay: its answer is invalid`, { status });
  }
  return {
    state,
    exitStatus,
    signal: headers[header.signal] ?? null,
    reason: decode(headers[header.reason]),
    startedAt: parseNumber(headers[header.startedAt]),
    durationMs: parseNumber(headers[header.durationMs]),
    stdout: body.subarray(0, stdoutBytes),
    stderr: body.subarray(stdoutBytes),
    complete: headers[header.complete] === 'true',
    missing: parseMissing(headers),
  };
}

/** The fields of one event in the audit log. */
import type { Command } from '../session/command.ts';
import type { Listener } from '../session/listener.ts';
import { findMissingFrom } from '../session/missing-output.ts';
import { nameListener } from '../protocol/name-listener.ts';
import type { SessionEvent } from './session-event.ts';
import { cutBytes } from '../text/cut-bytes.ts';
import { hideKeys } from '../text/hide-keys.ts';
import { decode } from '../text/utf8.ts';

/** How much of a script the `text` field contains: anything longer is a file, and the relay stores it. */
const maxTextBytes = 4096;

/** Fields in the order of the log line; undefined ones are left out. */
export type Fields = Record<string, string | number | undefined>;

/** One entry, for text and JSON logs. */
export interface Entry {
  event: string;
  command?: string;
  /** The client or listener, as it reported itself; unverified. */
  by?: string;
  fields: Fields;
}

function nameKind(listener: Pick<Listener, 'kind' | 'user' | 'host'>): string {
  return listener.kind === 'slot' ? 'slot' : nameListener(listener);
}

function describeText(script: Uint8Array): Fields {
  const shown = cutBytes(script, maxTextBytes);
  const leftOut = script.byteLength - shown.byteLength;
  return { text: hideKeys(decode(shown)), text_left_out: leftOut === 0 ? undefined : leftOut };
}

function describeEnd(command: Command, withSizes = false): Fields {
  const { state, exitStatus, signal, pushedAt, startedAt, endedAt, reason } = command;
  return {
    state,
    exit_status: exitStatus ?? undefined,
    signal: signal ?? undefined,
    waited_ms: (startedAt ?? endedAt ?? pushedAt) - pushedAt,
    ran_ms: startedAt !== null && endedAt !== null ? endedAt - startedAt : undefined,
    stdout: withSizes ? command.stdoutBytes : undefined,
    stderr: withSizes ? command.stderrBytes : undefined,
    missing: withSizes ? findMissingFrom(command, { stdout: 0, stderr: 0 })?.bytes : undefined,
    // A reason for declining is the operator's own text, which only `text` mode logs; all other reasons are the relay's.
    reason: state === 'declined' ? undefined : (reason ?? undefined),
  };
}

function describeCommand(
  { change, script }: SessionEvent & { change: { subject: 'command' } },
  withText: boolean,
): Entry {
  const { what, command, listener } = change;
  const { id, listenerHost, pushedBy } = command;
  const holder = listener === null ? (listenerHost ?? undefined) : nameKind(listener);
  const entry = (by: string | undefined, fields: Fields): Entry => ({
    event: `command ${what}`,
    command: id,
    ...(by !== undefined && { by }),
    fields,
  });
  switch (what) {
    case 'pushed':
      return entry(pushedBy ?? undefined, {
        bytes: command.scriptBytes,
        ...(withText && script && describeText(script)),
      });
    case 'signalled':
      return entry(undefined, { signal: command.cancelSignal ?? undefined });
    case 'cancelled':
      return entry(undefined, describeEnd(command));
    case 'ended':
      return entry(holder, describeEnd(command, true));
    case 'declined':
      return entry(holder, {
        ...describeEnd(command),
        reason: withText && command.reason !== null ? hideKeys(command.reason) : undefined,
      });
    case 'started':
      return entry(holder, { waited_ms: (command.startedAt ?? command.pushedAt) - command.pushedAt });
    case 'evicted':
      return entry(undefined, { stdout: command.stdoutBytes, stderr: command.stderrBytes });
    case 'shown':
    case 'queued again':
      return entry(holder, {});
  }
}

export function describeEvent(event: SessionEvent, withText: boolean): Entry {
  const { change } = event;
  if (change.subject === 'session') return { event: `session ${change.what}`, fields: {} };
  if (change.subject === 'command') return describeCommand({ ...event, change }, withText);
  const { listener, former, what } = change;
  return {
    event: `listener ${what}`,
    by: nameKind(listener),
    fields: { door: listener.kind, mode: listener.mode, former: former && nameKind(former) },
  };
}

/** A command as clients see it, in JSON and in the headers of its output. */
import { type CommandState, isCommandState, isSignal, type Signal } from './command-states.ts';
import { parseFields, readNumber, readText } from './json-fields.ts';
import { isMissingReason, type MissingReason } from './missing-output.ts';
import { commandIdPattern } from './paths.ts';

export interface CommandView {
  id: string;
  state: CommandState;
  /** 0–255; 128 and its number after a signal; null while unknown, and for a command that never ended by itself. */
  exit_status: number | null;
  /** Name without SIG of the signal that ended it. */
  signal: string | null;
  /** The operator's words on declining, or why it was lost or dropped. */
  reason: string | null;
  /** 0 for the one whose turn it is; null once it was picked up. */
  position: number | null;
  /** Pushed through the slot or the commands resource. */
  origin: 'slot' | 'commands';
  /** What its client said of itself; untrusted text. */
  pushed_by: string | null;
  /** The beginning of the script, 200 characters at most: untrusted text. Null where the relay does not know it. */
  text: string | null;
  script_bytes: number;
  /** Input that the relay has taken so far. */
  stdin_bytes: number;
  stdout_bytes: number;
  stderr_bytes: number;
  /** Bytes of output that can no longer be read, or never were stored; 0 beside a reason: it is not known how many. */
  missing_bytes: number;
  /** Null while the output is whole. */
  missing_reason: MissingReason | null;
  /** Milliseconds since 1970. */
  pushed_at: number;
  /** When its listener got it: a supervised one asks its operator since then. Null while it is queued, and where the relay does not say it. */
  shown_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  duration_ms: number | null;
  /** The signal that a client asked for. */
  cancel_signal: Signal | null;
  /** Host of the listener that has it; untrusted text. */
  listener: string | null;
}

/** A whole number that fits in one byte. Where a larger one becomes the exit status of a process, 256 turns into 0. */
export function isExitStatus(value: unknown): value is number {
  return typeof value === 'number' && Uint8Array.of(value)[0] === value;
}

/** A relay that is newer than its client may have more states. */
export type AnyCommandView = Omit<CommandView, 'state'> & { state: string };

/** The command, or undefined when this is none. */
export function parseCommandView(value: unknown): CommandView | undefined {
  const view = parseAnyCommandView(value);
  return view && isCommandState(view.state) ? { ...view, state: view.state } : undefined;
}

/** As `parseCommandView`, and accepts a state that this version does not know. */
function parseAnyCommandView(value: unknown): AnyCommandView | undefined {
  const fields = parseFields(value);
  if (!fields) return undefined;
  const text = (name: string): string | null => readText(fields, name) ?? null;
  const number = (name: string): number | null => readNumber(fields, name) ?? null;
  const id = text('id');
  const state = text('state');
  const exitStatus = fields['exit_status'] ?? null;
  if (id === null || !commandIdPattern.test(id) || state === null) return undefined;
  if (exitStatus !== null && !isExitStatus(exitStatus)) return undefined;
  const signal = fields['cancel_signal'];
  const missing = fields['missing_reason'];
  return {
    id,
    state,
    exit_status: exitStatus,
    signal: text('signal'),
    reason: text('reason'),
    position: number('position'),
    origin: fields['origin'] === 'slot' ? 'slot' : 'commands',
    pushed_by: text('pushed_by'),
    text: text('text'),
    script_bytes: number('script_bytes') ?? 0,
    stdin_bytes: number('stdin_bytes') ?? 0,
    stdout_bytes: number('stdout_bytes') ?? 0,
    stderr_bytes: number('stderr_bytes') ?? 0,
    missing_bytes: number('missing_bytes') ?? 0,
    missing_reason: isMissingReason(missing) ? missing : null,
    pushed_at: number('pushed_at') ?? 0,
    shown_at: number('shown_at'),
    started_at: number('started_at'),
    ended_at: number('ended_at'),
    duration_ms: number('duration_ms'),
    cancel_signal: isSignal(signal) ? signal : null,
    listener: text('listener'),
  };
}

const cancelOutcomes = ['cancelled', 'signalled', 'running', 'ended'] as const;

/** What `DELETE …/commands/{id}` answers. */
export interface CancelAnswer {
  /**
   * `cancelled`: it never ran. `signalled`: it runs, and the listener is told. `running`: it runs, and no signal was asked for. `ended`: it
   * was over already.
   */
  outcome: (typeof cancelOutcomes)[number];
  command: CommandView;
}

export function parseCancelAnswer(value: unknown): CancelAnswer | undefined {
  const fields = parseFields(value);
  const command = parseCommandView(fields?.['command']);
  const outcome = cancelOutcomes.find((name) => name === fields?.['outcome']);
  return command && outcome && { outcome, command };
}

/** `[]` of commands as `GET …/commands` answers it, or undefined. */
export function parseCommandList(value: unknown): CommandView[] | undefined {
  return parseList(value, parseCommandView);
}

/** As `parseCommandList`, and accepts states that this version does not know. */
export function parseAnyCommandList(value: unknown): AnyCommandView[] | undefined {
  return parseList(value, parseAnyCommandView);
}

function parseList<T>(value: unknown, parse: (item: unknown) => T | undefined): T[] | undefined {
  const listed = parseFields(value)?.['commands'];
  if (!Array.isArray(listed)) return undefined;
  const commands = listed.map(parse);
  return commands.every((command) => command !== undefined) ? commands : undefined;
}

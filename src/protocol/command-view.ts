/** A command as the relay shows it to clients, in JSON and in the headers of its output; parsers for it. */
import { type CommandState, isCommandState, isSignal, type Signal } from './command-states.ts';
import { parseFields, readNumber, readText } from './json-fields.ts';
import { isMissingReason, type MissingReason } from './missing-output.ts';
import { commandIdPattern } from './paths.ts';

export interface CommandView {
  id: string;
  state: CommandState;
  /**
   * 0–255; 128 plus the number of the signal that ended it; null while unknown, and if the listener did not report an
   * end.
   */
  exit_status: number | null;
  /** Name of the signal that ended the command, without SIG. */
  signal: string | null;
  /** The operator's reason for declining, or why the command was lost, cancelled or expired. */
  reason: string | null;
  /** Position in the queue, 0 for the next command; null once a listener picked it up. */
  position: number | null;
  /** Pushed through the slot or the commands resource. */
  origin: 'slot' | 'commands';
  /** The name that the client gave for itself; untrusted text. */
  pushed_by: string | null;
  /** The beginning of the script, at most 200 characters; untrusted text. Null if the relay does not have it. */
  text: string | null;
  script_bytes: number;
  /** Bytes of stdin that the relay has received so far. */
  stdin_bytes: number;
  stdout_bytes: number;
  stderr_bytes: number;
  /** Bytes of output that were evicted or never stored; 0 with a `missing_reason`: the number is unknown. */
  missing_bytes: number;
  /** Null while the output is complete. */
  missing_reason: MissingReason | null;
  /** Milliseconds since 1970. */
  pushed_at: number;
  /**
   * When a listener got the command; a supervised one then asks its operator. Null while queued, or if the relay does
   * not send it.
   */
  shown_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  duration_ms: number | null;
  /** The signal that a client asked the relay to deliver. */
  cancel_signal: Signal | null;
  /** Host of the listener that has the command; untrusted text. */
  listener: string | null;
}

/** A whole number that fits in one byte: as the exit status of a process, 256 would become 0. */
export function isExitStatus(value: unknown): value is number {
  return typeof value === 'number' && Uint8Array.of(value)[0] === value;
}

/** A command whose state may be unknown here: a relay that is newer than its client may have more states. */
export type AnyCommandView = Omit<CommandView, 'state'> & { state: string };

/** The command, or undefined if the value is not a command. */
export function parseCommandView(value: unknown): CommandView | undefined {
  const view = parseAnyCommandView(value);
  return view && isCommandState(view.state) ? { ...view, state: view.state } : undefined;
}

/** Like `parseCommandView`, but accepts a state that this version does not know. */
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

/** The response to `DELETE …/commands/{id}`. */
export interface CancelAnswer {
  /**
   * `cancelled`: the command never ran. `signalled`: it is running, and the listener gets the signal. `running`: it is
   * running, and the client asked for no signal. `ended`: it had already ended.
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

/** The commands in the response to `GET …/commands`, or undefined if the value is no such response. */
export function parseCommandList(value: unknown): CommandView[] | undefined {
  return parseList(value, parseCommandView);
}

/** Like `parseCommandList`, but accepts states that this version does not know. */
export function parseAnyCommandList(value: unknown): AnyCommandView[] | undefined {
  return parseList(value, parseAnyCommandView);
}

function parseList<T>(value: unknown, parse: (item: unknown) => T | undefined): T[] | undefined {
  const listed = parseFields(value)?.['commands'];
  if (!Array.isArray(listed)) return undefined;
  const commands = listed.map(parse);
  return commands.every((command) => command !== undefined) ? commands : undefined;
}

/** A command as clients see it. */
import { isEnded } from '../protocol/command-states.ts';
import type { CommandView } from '../protocol/command-view.ts';
import type { Command } from './command.ts';
import { findMissingFrom } from './missing-output.ts';
import { queuePosition, type Session } from './session.ts';

/** `command` may be one that the session no longer lists. */
export function viewCommand(session: Session, command: Command): CommandView {
  const { startedAt, endedAt } = command;
  const missing = findMissingFrom(command, { stdout: 0, stderr: 0 });
  return {
    id: command.id,
    state: command.state,
    exit_status: command.exitStatus,
    signal: command.signal,
    reason: command.reason,
    position: queuePosition(session, command.id),
    origin: command.origin,
    pushed_by: command.pushedBy,
    text: command.text ?? null,
    script_bytes: command.scriptBytes,
    stdin_bytes: command.stdinBytes,
    stdout_bytes: command.stdoutBytes,
    stderr_bytes: command.stderrBytes,
    pushed_at: command.pushedAt,
    shown_at: command.shownAt,
    started_at: startedAt,
    ended_at: endedAt,
    duration_ms:
      startedAt !== null && endedAt !== null && isEnded(command.state) ? endedAt - startedAt : null,
    cancel_signal: command.cancelSignal,
    missing_bytes: missing?.bytes ?? 0,
    missing_reason: missing?.reason ?? null,
    listener: command.state === 'queued' ? null : command.listenerHost,
  };
}

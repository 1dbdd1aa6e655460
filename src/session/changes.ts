/** Lists what changed between two states of a session. It compares them: no transition can forget to report a change. */
import { isEnded, isInFlight } from '../protocol/command-states.ts';
import type { Command } from './command.ts';
import { compareCommands } from './compare-commands.ts';
import type { Listener } from './listener.ts';
import type { Session } from './session.ts';

export type ListenerChange = 'attached' | 'taken over' | 'gone' | 'back' | 'left';

export type CommandChange =
  | 'pushed'
  | 'shown'
  | 'started'
  | 'queued again'
  | 'signalled'
  | 'evicted'
  | 'ended'
  | 'declined'
  | 'cancelled';

export type Change =
  | {
      readonly subject: 'listener';
      readonly what: ListenerChange;
      readonly listener: Listener;
      /** The listener that it replaced. */
      readonly former?: Listener;
    }
  | {
      readonly subject: 'command';
      readonly what: CommandChange;
      /** The command after the change. */
      readonly command: Command;
      /** The listener that has or had the command; null when there is none, or the session no longer knows it. */
      readonly listener: Listener | null;
    };

function compareListeners(before: Listener | null, after: Listener | null): Change[] {
  if (after === null || after === before) return [];
  const tell = (what: ListenerChange): Change[] => [{ subject: 'listener', what, listener: after }];
  if (before === null) return tell('attached');
  if (before.id !== after.id) {
    // The earlier listener had left: this is no takeover.
    if (before.hasLeft) return tell('attached');
    return [{ subject: 'listener', what: 'taken over', listener: after, former: before }];
  }
  if (after.hasLeft) return before.hasLeft ? [] : tell('left');
  if (before.goneAt === null && after.goneAt !== null) return tell('gone');
  if (before.goneAt !== null && after.goneAt === null) return tell('back');
  return [];
}

/** One update can move a command from one listener to another and leave its state the same. */
function isInOtherHands(before: Command, after: Command): boolean {
  return (
    isInFlight(after.state) && (before.listenerId !== after.listenerId || before.shownAt !== after.shownAt)
  );
}

function nameCommandChange(before: Command | undefined, after: Command): CommandChange | undefined {
  if (before === undefined || before.state !== after.state || isInOtherHands(before, after)) {
    switch (after.state) {
      case 'queued':
        return before === undefined ? 'pushed' : 'queued again';
      case 'awaiting_approval':
        return 'shown';
      case 'running':
        return 'started';
      case 'declined':
      case 'cancelled':
        return after.state;
      case 'finished':
      case 'timed_out':
      case 'lost':
      case 'expired':
        return 'ended';
    }
  }
  if (after.isEvicted && !before.isEvicted) return 'evicted';
  const isAsked = before.cancelCount < after.cancelCount && !isEnded(after.state);
  return isAsked ? 'signalled' : undefined;
}

/** Whether this change ended the command. An evicted command had ended before. */
export function isEnding({ what, command }: Extract<Change, { subject: 'command' }>): boolean {
  return what !== 'evicted' && isEnded(command.state);
}

/** Endings first: one command often ends because the listener polled for another. */
function rank(change: Change): number {
  return change.subject === 'command' && isEnding(change) ? 0 : 1;
}

/** Listener changes first, then commands, endings before the rest. Empty for the same object; leaves out heartbeats. */
export function listChanges(before: Session, after: Session): Change[] {
  if (before === after) return [];
  const listeners = compareListeners(before.listener, after.listener);
  if (before.commands === after.commands) return listeners;
  const holders = [after.listener, before.listener];
  const differences = compareCommands(before.commands, after.commands);
  const commands = differences.flatMap(({ before: was, after: command }): Change[] => {
    const what = command && nameCommandChange(was, command);
    if (command === undefined || what === undefined) return [];
    const listener = holders.find((one) => one !== null && one.id === command.listenerId) ?? null;
    return [{ subject: 'command', what, command, listener }];
  });
  return [...listeners, ...commands.toSorted((a, b) => rank(a) - rank(b))];
}

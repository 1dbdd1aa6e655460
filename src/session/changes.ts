/** What happened between two looks at a session: told by comparing them, so that nothing that changes one can forget to tell. */
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
      /** Whose place it took. */
      readonly former?: Listener;
    }
  | {
      readonly subject: 'command';
      readonly what: CommandChange;
      /** As it is afterwards. */
      readonly command: Command;
      /** Who has, or had, it in hand; null for nobody, or for one that is not remembered. */
      readonly listener: Listener | null;
    };

function compareListeners(before: Listener | null, after: Listener | null): Change[] {
  if (after === null || after === before) return [];
  const tell = (what: ListenerChange): Change[] => [{ subject: 'listener', what, listener: after }];
  if (before === null) return tell('attached');
  if (before.id !== after.id) {
    // One that left gave its place up; nobody takes it from it.
    if (before.hasLeft) return tell('attached');
    return [{ subject: 'listener', what: 'taken over', listener: after, former: before }];
  }
  if (after.hasLeft) return before.hasLeft ? [] : tell('left');
  if (before.goneAt === null && after.goneAt !== null) return tell('gone');
  if (before.goneAt !== null && after.goneAt === null) return tell('back');
  return [];
}

/** In one update a command may go from hand to hand: then its state alone shows nothing. */
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

/** Whether the command ended by this change: one that is evicted had ended before. */
export function isEnding({ what, command }: Extract<Change, { subject: 'command' }>): boolean {
  return what !== 'evicted' && isEnded(command.state);
}

/** Endings first: one command often ends because another one was asked for. */
function rank(change: Change): number {
  return change.subject === 'command' && isEnding(change) ? 0 : 1;
}

/** Nothing for the same object, and nothing for signs of life. Listeners come first, then commands, endings before the rest. */
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

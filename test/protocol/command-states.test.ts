import { describe, expect, test } from 'vitest';
import {
  type CommandState,
  commandStates,
  isCommandState,
  isEnded,
  isInFlight,
  isReported,
  isSettled,
  isSignal,
  isWaiting,
  takesOutput,
} from '../../src/protocol/command-states.ts';

const where = (is: (state: CommandState) => boolean): CommandState[] => commandStates.filter(is);

describe('what several states have in common', () => {
  test.each([
    ['waits', isWaiting, ['queued', 'awaiting_approval']],
    ['a listener has it', isInFlight, ['awaiting_approval', 'running']],
    ['ended', isEnded, ['finished', 'timed_out', 'lost', 'cancelled', 'expired', 'declined']],
    ['takes output', takesOutput, ['running', 'lost']],
    ['its end was reported', isReported, ['finished', 'timed_out']],
    ['nothing more is to come', isSettled, ['finished', 'timed_out', 'cancelled', 'expired', 'declined']],
  ] as const)('%s', (_title, is, states) => {
    expect(where(is)).toEqual(states);
  });

  test('each state waits, runs or ended, and is no two of these', () => {
    for (const state of commandStates)
      expect([isWaiting(state), state === 'running', isEnded(state)].filter(Boolean), state).toHaveLength(1);
  });

  test('a state that this version does not know: ended, so that nothing waits for it or runs it again', () => {
    const unknown = 'paused' as CommandState;
    expect(isEnded(unknown)).toBe(true);
    expect([isWaiting(unknown), isInFlight(unknown), takesOutput(unknown)]).toEqual([false, false, false]);
  });
});

test.each(['', 'Queued', 'queued ', 'constructor', 'toString', null, 7, undefined])(
  '%j is no state',
  (text) => {
    expect(isCommandState(text)).toBe(false);
    expect(isSignal(text)).toBe(false);
  },
);

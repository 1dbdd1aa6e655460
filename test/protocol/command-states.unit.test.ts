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

describe('groups of command states', () => {
  test.each([
    ['isWaiting: not started', isWaiting, ['queued', 'awaiting_approval']],
    ['isInFlight: a listener has the command', isInFlight, ['awaiting_approval', 'running']],
    ['isEnded', isEnded, ['finished', 'timed_out', 'lost', 'cancelled', 'expired', 'declined']],
    ['takesOutput', takesOutput, ['running', 'lost']],
    ['isReported: the listener reported the end', isReported, ['finished', 'timed_out']],
    ['isSettled: final state', isSettled, ['finished', 'timed_out', 'cancelled', 'expired', 'declined']],
  ] as const)('%s', (_title, is, states) => {
    expect(where(is)).toEqual(states);
  });

  test('each state is exactly one of waiting, running and ended', () => {
    for (const state of commandStates)
      expect([isWaiting(state), state === 'running', isEnded(state)].filter(Boolean), state).toHaveLength(1);
  });

  test('unknown state: it counts as ended, so that nothing waits for the command or runs it again', () => {
    const unknown = 'paused' as CommandState;
    expect(isEnded(unknown)).toBe(true);
    expect([isWaiting(unknown), isInFlight(unknown), takesOutput(unknown)]).toEqual([false, false, false]);
  });
});

test.each(['', 'Queued', 'queued ', 'constructor', 'toString', null, 7, undefined])(
  '%j is not a command state and not a signal',
  (text) => {
    expect(isCommandState(text)).toBe(false);
    expect(isSignal(text)).toBe(false);
  },
);

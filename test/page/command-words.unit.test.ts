import { expect, test } from 'vitest';
import {
  type CardView,
  describeState,
  describeTime,
  findTone,
  toCardView,
} from '../../src/page/command-words.ts';
import { commandStates } from '../../src/protocol/command-states.ts';
import type { AnyCommandView } from '../../src/protocol/command-view.ts';

// The text and the tone of each state of a command.

test.each<[CardView, string, string]>([
  [{ state: 'sending' }, 'sending', 'plain'],
  [{ state: 'unsent', reason: 'not accepted: no' }, 'not accepted: no', 'bad'],
  [{ state: 'queued', position: 0 }, 'queued, next', 'plain'],
  [{ state: 'queued', position: null }, 'queued, next', 'plain'],
  [{ state: 'queued', position: 3 }, 'queued, 3 ahead of it', 'plain'],
  [{ state: 'awaiting_approval' }, 'waiting for approval', 'asking'],
  [{ state: 'running' }, 'running', 'busy'],
  [{ state: 'running', cancel_signal: 'INT' }, 'running (SIGINT sent)', 'busy'],
  [{ state: 'running', cancel_signal: 'TERM' }, 'stopping (SIGTERM sent)', 'busy'],
  [{ state: 'running', cancel_signal: 'KILL' }, 'stopping (SIGKILL sent)', 'busy'],
  [{ state: 'finished', exit_status: 0 }, 'exit status 0', 'good'],
  [{ state: 'finished', exit_status: 1 }, 'exit status 1', 'bad'],
  [{ state: 'finished', exit_status: 137, signal: 'KILL' }, 'ended by SIGKILL, exit status 137', 'bad'],
  [
    { state: 'finished', exit_status: 143, signal: 'TERM', cancel_signal: 'TERM' },
    'ended by SIGTERM, exit status 143',
    'plain',
  ],
  [{ state: 'finished', exit_status: 3, cancel_signal: 'INT' }, 'exit status 3', 'plain'],
  [{ state: 'finished', exit_status: null, signal: 'HUP' }, 'ended by SIGHUP', 'plain'],
  // With a legacy listener or missing output, the relay does not know the exit status.
  [{ state: 'finished', exit_status: null }, 'ended', 'plain'],
  // Showing exit status 0 would suggest that the output is complete.
  [{ state: 'finished', exit_status: 0, missing_reason: 'cut' }, 'ended, output incomplete', 'plain'],
  [{ state: 'finished', exit_status: 3, missing_reason: 'cut' }, 'exit status 3', 'bad'],
  [{ state: 'timed_out', exit_status: 143, signal: 'TERM' }, 'timed out', 'bad'],
  [{ state: 'lost' }, 'lost, outcome unknown', 'bad'],
  [{ state: 'lost', reason: 'the listener ended' }, 'lost, outcome unknown: the listener ended', 'bad'],
  [{ state: 'cancelled', reason: null }, 'cancelled before it started', 'plain'],
  [{ state: 'cancelled', reason: 'the session was reset' }, 'the session was reset', 'plain'],
  [{ state: 'expired' }, 'expired before it started', 'plain'],
  [{ state: 'declined', reason: '' }, 'declined by the operator', 'declined'],
  [
    { state: 'declined', reason: 'not \u202enow\u001b[1m' },
    'declined by the operator: not \\u{202e}now\\x1b[1m',
    'declined',
  ],
  [{ state: 'unknown', reason: 'outcome unknown: why' }, 'outcome unknown: why', 'plain'],
  [
    toCardView({ state: 'paused\u001b' } as AnyCommandView),
    'unknown state "paused\\x1b": reload the page',
    'plain',
  ],
  [
    toCardView({ state: `${'x'.repeat(39)}😀` } as AnyCommandView),
    `unknown state "${'x'.repeat(39)}": reload the page`,
    'plain',
  ],
])('text and tone of %o', (view, words, tone) => {
  expect(describeState(view)).toBe(words);
  expect(findTone(view)).toBe(tone);
});

test('every state of a command: has a text and a tone', () => {
  for (const state of commandStates) {
    expect(describeState({ state })).not.toBe('');
    expect(findTone({ state })).not.toBe('');
  }
});

test('a time that the relay does not report: left out', () => {
  expect(describeTime({ state: 'queued', pushed_at: 0 }, true)).toBe('');
  expect(describeTime({ state: 'running', pushed_at: 1, started_at: null }, true)).toBe('');
  expect(describeTime({ state: 'finished' }, false)).toBe('');
});

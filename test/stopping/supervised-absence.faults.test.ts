import { describe, expect, test } from 'vitest';
import { absences, untilMissed } from '../harness/audit-lines.ts';
import { untilPassed } from '../harness/deadline.ts';
import { hasTmux } from '../harness/tmux.ts';
import { startSpiedRelay } from '../harness/spied-relay.ts';
import { codeOf, openOperator } from './operator.ts';

// Each answer of an operator ends one request of the listener and begins another: the audit log must not report an absence.

describe.skipIf(!hasTmux)('with tmux as the terminal', () => {
  test('an operator approves and declines commands: the audit log has shown, started and declined, and no absence', {
    timeout: 60_000,
  }, async () => {
    const relay = await startSpiedRelay({ flags: ['--audit-log'] });
    const operator = await openOperator(relay);
    for (const [nth, answer] of ['y', 'n', 'y', 'n', 'y'].entries()) {
      const exec = operator.push();
      await operator.waitForQuestion(nth + 1);
      // Long enough for the relay to hold the heartbeat request of the question.
      await untilPassed('the question is open', 1_300);
      await operator.terminal.type(`${answer}\n`);
      if (answer === 'n') await operator.terminal.type('\n');
      expect(await codeOf(exec, 'exec ends', 15_000)).toBe(answer === 'y' ? 0 : 126);
    }
    await untilMissed();
    const lines = relay.lines('audit');
    expect(absences(relay)).toEqual([]);
    const told = lines.map((line) => /command (c\d) (shown|started|declined)/.exec(line)?.slice(1).join(' '));
    expect(told.filter(Boolean)).toEqual([
      'c1 shown',
      'c1 started',
      'c2 shown',
      'c2 declined',
      'c3 shown',
      'c3 started',
      'c4 shown',
      'c4 declined',
      'c5 shown',
      'c5 started',
    ]);
  });

  test('an approved command that runs for three seconds: the audit log has no absence', {
    timeout: 60_000,
  }, async () => {
    const relay = await startSpiedRelay({ flags: ['--audit-log'] });
    const operator = await openOperator(relay);
    const exec = operator.start(['exec', 'sleep 3; echo over']);
    await operator.waitForQuestion();
    await operator.terminal.type('y\n');
    expect(await codeOf(exec, 'exec ends', 20_000)).toBe(0);
    await untilMissed();
    expect(absences(relay)).toEqual([]);
  });
});

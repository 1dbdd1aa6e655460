import { describe, expect, onTestFinished, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { eventually } from '../harness/deadline.ts';
import { hasTmux } from '../harness/tmux.ts';
import { codeOf, openOperator } from '../stopping/operator.ts';
import { readFailure } from './read-failure.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// How long exec waits for the operator of a supervised listener.

const relay = useRelay();

describe.skipIf(!hasTmux)('a supervised listener (needs tmux)', () => {
  test('--wait 0: fails immediately with a hint, and the operator is not asked', async () => {
    const operator = await openOperator(relay);
    const forms: [string[], Record<string, string>, string][] = [
      [['-w', '0'], {}, '--wait 0'],
      [['--wait-approval', '0'], {}, '--wait-approval 0'],
      [[], { REMOTIFY_WAIT: '0' }, 'REMOTIFY_WAIT=0'],
    ];
    for (const [args, env, named] of forms) {
      const result = await operator.run(['exec', '--json', ...args, 'echo asked'], { env });
      expect(result.exitCode).toBe(255);
      expect(JSON.parse(result.text)).toEqual({
        error: {
          code: 'not_approved',
          message: expect.stringContaining(
            `asks its operator before each command, and ${named} leaves no time for an answer`,
          ),
          hint: 'give the operator more time: --wait-approval 5m',
        },
      });
    }
    expect(await operator.runJson('status')).toMatchObject({ commands: [] });
    expect(await operator.terminal.transcript()).not.toContain('asked');
  });

  test('--wait 0 --wait-approval 5m: the operator has time, and the command runs', async () => {
    const operator = await openOperator(relay);
    const exec = operator.push('-w', '0', '--wait-approval', '5m');
    await operator.waitForQuestion();
    const asked = performance.now();
    await eventually('more time than a start needs', 15_000, () => performance.now() - asked > 6_000);
    await operator.terminal.type('y\n');
    expect(await codeOf(exec, 'exec ends', 15_000)).toBe(0);
    expect(exec.stdout().toString()).toBe('ran\n');
  });

  test('--wait-approval 1s: not_approved, and a late y does not run the command', async () => {
    const operator = await openOperator(relay);
    const exec = operator.push('--json', '--wait-approval', '1s');
    await operator.waitForQuestion();
    expect(await codeOf(exec, 'exec ends', 15_000)).toBe(255);
    expect(JSON.parse(exec.stdout().toString())).toMatchObject({
      id: 'c1',
      state: 'cancelled',
      started_at: null,
      error: {
        code: 'not_approved',
        message: 'command c1 never ran: the operator did not answer within 1 s (--wait-approval)',
        hint: 'give the operator more time: --wait-approval 10m',
      },
    });
    await operator.terminal.type('y\n');
    const next = operator.push('--wait-approval', '5m');
    await operator.waitForQuestion(2);
    await operator.terminal.type('y\n');
    expect(await codeOf(next, 'the next ends', 15_000)).toBe(0);
    expect(await operator.ledger()).toBe('ran\n');
  });

  test('--wait 2s: the total limit includes the approval', async () => {
    const operator = await openOperator(relay);
    const exec = operator.push('--wait', '2s', '--wait-approval', '5m');
    expect(await codeOf(exec, 'exec ends', 15_000)).toBe(255);
    expect(readFailure(exec.stderr())).toEqual({
      error: 'command c1 never ran: the operator did not answer within 2 s (--wait)',
      hint: 'give the operator more time: --wait 10m',
    });
    expect(await operator.ledger()).toBe('');
  });

  test('--wait-approval 1s: does not include the wait for the listener', async () => {
    const client = await forTest(makeClient(relay));
    await client.makeSession();
    const exec = client.start(['exec', '--wait-approval', '1s', '--wait', '3s', 'true']);
    onTestFinished(() => void exec.child.kill('SIGKILL'));
    expect(await codeOf(exec, 'exec ends', 15_000)).toBe(255);
    expect(readFailure(exec.stderr()).error).toBe(
      'command c1 never ran: no listener connected to session session-1 within 3 s (--wait)',
    );
  });
});

import { describe, expect, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { startRemote } from '../harness/remote.ts';
import { readFailure } from './read-failure.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// REMOTIFY_WAIT and REMOTIFY_TIMEOUT: the defaults of --wait and --timeout.

const relay = useRelay();

describe('waits and timeouts in the environment', () => {
  test('REMOTIFY_WAIT: the default of --wait, which the flag overrides', async () => {
    const client = await forTest(makeClient(relay));
    await client.makeSession();
    const env = { REMOTIFY_WAIT: '1s' };
    const byVariable = await client.run(['exec', 'true'], { env });
    expect(readFailure(byVariable.stderr)).toEqual({
      error: 'command c1 never ran: no listener connected to session session-1 within 1 s (REMOTIFY_WAIT)',
      hint: 'paste its line on the remote, or wait longer: REMOTIFY_WAIT=10m',
    });
    const byFlag = await client.run(['exec', '-w', '2s', 'true'], { env });
    expect(readFailure(byFlag.stderr).error).toContain('within 2 s (--wait)');
  });

  test('REMOTIFY_TIMEOUT: the default of --timeout, which the flag overrides', async () => {
    const remote = await forTest(startRemote(relay));
    const env = { REMOTIFY_TIMEOUT: '1s' };
    expect(await remote.run(['exec', 'sleep 30'], { env })).toMatchObject({ exitCode: 124 });
    for (const limit of ['0', '30s']) {
      const result = await remote.run(['exec', '--timeout', limit, 'sleep 1.5; echo done'], { env });
      expect(result).toMatchObject({ exitCode: 0, text: 'done\n' });
    }
    const empty = { REMOTIFY_TIMEOUT: '', REMOTIFY_WAIT: '' };
    expect(await remote.run(['exec', 'true'], { env: empty })).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('a timeout of more digits than the runner reads: the command runs', async () => {
    const remote = await forTest(startRemote(relay));
    const env = { REMOTIFY_TIMEOUT: '9999999h' };
    expect(await remote.run(['exec', 'echo done'], { env })).toMatchObject({ exitCode: 0, text: 'done\n' });
    const byFlag = await remote.run(['exec', '-t', '999999999d', 'echo done']);
    expect(byFlag).toMatchObject({ exitCode: 0, text: 'done\n' });
  });

  test.each(['REMOTIFY_WAIT', 'REMOTIFY_TIMEOUT'])(
    '%s with a bad value: an error that names it, and no session is created',
    async (name) => {
      const client = await forTest(makeClient(relay));
      const result = await client.run(['exec', 'true'], { env: { [name]: 'soon' } });
      expect(result).toMatchObject({ exitCode: 2, text: '' });
      expect(readFailure(result.stderr)).toEqual({
        error: `${name}: not a duration: "soon"`,
        hint: 'write it as 30s, 5m or 2h',
      });
      expect(await client.runJson('list')).toMatchObject({ sessions: [] });
    },
  );
});

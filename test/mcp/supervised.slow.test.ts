import { stat } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { startRelay } from '../harness/relay-process.ts';
import { startSupervised } from '../harness/remote.ts';
import { hasTmux } from '../harness/tmux.ts';
import { startMcpHost } from './mcp-host.ts';
import { forTest } from '../harness/for-test.ts';
import { notRun, question } from '../harness/prompts.ts';

async function setUp() {
  const relay = await forTest(startRelay());
  const remote = await forTest(startSupervised(relay));
  const host = await forTest(startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }));
  return { remote, host };
}

describe.skipIf(!hasTmux)('supervised listener', () => {
  test('the operator has not answered: state awaiting_approval; after y: the same call joins the command', async () => {
    const { remote, host } = await setUp();
    const { data } = await host.exec('echo approved', { wait_seconds: 3 });
    expect(data).toMatchObject({ state: 'awaiting_approval', exit_status: null, paste: null });
    const info = await host.call('remote_session_info');
    expect(info.data.listener).toMatchObject({ connected: true, mode: 'supervised' });
    expect(info.text).toContain('its operator is asked before each command');
    expect(await remote.terminal.waitForText(question, 10_000)).toMatch(/remotify\/\d/);
    const joining = host.exec('echo approved');
    await remote.terminal.type('y\n');
    expect((await joining).data).toMatchObject({
      id: data.id,
      state: 'finished',
      untrusted: { stdout: { head: 'approved\n' } },
    });
  });

  test('the operator declines with a reason: the answer has the reason in a fence, and the command did not run', async () => {
    const { remote, host } = await setUp();
    const call = host.exec('rm -rf /srv');
    await remote.terminal.waitForText(question, 10_000);
    await remote.terminal.type('n not on \u202ea friday\n');
    const { data, text, isError } = await call;
    expect(isError).toBe(false);
    expect(data).toMatchObject({ state: 'declined', exit_status: null });
    expect(data.untrusted.reason).toBe('not on \\u{202e}a friday');
    expect(text).toContain(`The operator declined command ${data.id}: it did not run.`);
    expect(text).toMatch(
      /\[(\w{24})\] begin untrusted reason\nnot on \\u\{202e\}a friday\n\[\1\] end untrusted/,
    );
    expect(data.next).toContain('Ask the user before trying another way');
  });

  test('remote_write_file: the operator sees the content; after a decline, nothing is written', async () => {
    const { remote, host } = await setUp();
    const path = `${remote.configDir}/notes`;
    const call = host.call('remote_write_file', { path, content: 'first line\nsecond line\n' });
    const screen = await remote.terminal.waitForText(question, 10_000);
    expect(screen).toContain(`# remotify: write 23 B to "${path}"`);
    expect(screen).toContain('first line');
    await remote.terminal.type('n not there\n');
    const { text, isError } = await call;
    expect(isError).toBe(false);
    expect(text).toContain(`"${path}" was not written by this call.`);
    expect(text).toContain('begin untrusted reason\nnot there\n');
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  test('the operator declines without a reason: the answer tells the model', async () => {
    const { remote, host } = await setUp();
    const call = host.exec('reboot');
    await remote.terminal.waitForText(question, 10_000);
    await remote.terminal.type('n\n');
    const { data } = await call;
    expect(data).toMatchObject({ state: 'declined', untrusted: { reason: null } });
    expect(data.next).toContain('They gave no reason');
  });

  test('the host cancels a call at the approval prompt: the command never runs, even if the operator types y afterwards', async () => {
    const { remote, host } = await setUp();
    const cancel = new AbortController();
    const call = host.exec(`touch '${remote.configDir}/ran'`, {}, { signal: cancel.signal });
    call.catch(() => {});
    await remote.terminal.waitForText(question, 10_000);
    cancel.abort();
    await remote.terminal.waitForText(notRun, 15_000);
    await remote.terminal.type('y\n');
    const { data } = await host.exec(`test -e '${remote.configDir}/ran'`, { wait_seconds: 3 });
    expect(data.state).toBe('awaiting_approval');
    await remote.terminal.type('y\n');
    expect((await host.exec(`test -e '${remote.configDir}/ran'`)).data.exit_status).toBe(1);
  });
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { spawnCaptured } from '../harness/captured-process.ts';
import { makeClient } from '../harness/client.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { startListener } from '../harness/listener.ts';
import { readSession } from '../harness/remote.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { type GitHubFlow, type GitHubStep, type GitLabJob, runGitHubJob, runGitLabJob } from './ci-runner.ts';
import { makeTools, readExample } from './example-files.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The jobs of docs/examples, with their own shell, on a real relay with a real listener.

const relay = useRelay();

const flow = parse(readExample('github-actions.yml')) as GitHubFlow;
const gitLab = (parse(readExample('gitlab-ci.yml')) as Record<string, GitLabJob>)['remote-check'];

/** A machine of the CI system, and a remote whose `df` may fail. */
async function setUp({ df }: { df?: string } = {}) {
  const tools = await forTest(makeTools());
  const there = await forTest(makeTools());
  if (df !== undefined) await there.add('df', df);
  const home = await forTest(makeTemporaryFolder());
  const remote = await forTest(makeClient(relay));
  const line = await remote.makeSession('--auto');
  await forTest(startListener(`cd '${home.path}' && ${line}`, { PATH: there.path }));
  const { key } = await readSession(remote.configDir);
  const folder = await forTest(makeTemporaryFolder());
  return { tools, remote, key, folder: folder.path };
}

type Place = Awaited<ReturnType<typeof setUp>>;

async function isReportThere({ remote }: Place): Promise<boolean> {
  return (await remote.run(['exec', 'test -e remote-report.txt'])).exitCode === 0;
}

function runCheck({ tools, key, folder }: Place, uploads: GitHubStep[] = []) {
  return runGitHubJob(flow, 'check', {
    folder,
    env: { PATH: tools.path },
    known: { REMOTIFY_URL: relay.url, REMOTIFY_KEY: key },
    secrets: [key],
    onUse: async (step) => void (step.uses?.startsWith('actions/upload-artifact') && uploads.push(step)),
  });
}

describe('github-actions.yml, check', () => {
  test('all steps pass, the report is uploaded, the remote is cleaned up, and no step prints the key', async () => {
    const place = await setUp();
    const uploads: GitHubStep[] = [];
    const { steps, failed, bare, log } = await runCheck(place, uploads);
    expect(failed, log).toBeUndefined();
    expect(steps.map(({ name }) => name)).toEqual([
      'Install',
      'Wait for the listener',
      'Check',
      'Fetch the report',
      'Clean up',
    ]);
    expect(bare).not.toContain(place.key);
    const [upload] = uploads;
    const report = await readFile(
      join(place.folder, String(upload?.with?.['path']), 'remote-report.txt'),
      'utf8',
    );
    expect(report).toMatch(/^Linux .*\n[^]*\/\n$/);
    expect(await isReportThere(place)).toBe(false);
  });

  test('the check fails: the job fails with its status, and the partial report is still fetched', async () => {
    const place = await setUp({ df: 'exit 9' });
    const { steps, failed, log } = await runCheck(place);
    expect(failed).toBe('Check');
    expect(steps.find(({ name }) => name === 'Check')?.status, log).toBe(9);
    expect(steps.slice(3).map(({ name, status }) => [name, status])).toEqual([
      ['Fetch the report', 0],
      ['Clean up', 0],
    ]);
    expect(await readFile(join(place.folder, 'report/remote-report.txt'), 'utf8')).toMatch(/^Linux/);
    expect(await isReportThere(place)).toBe(false);
  });

  test('a wrong key: the first step that needs a key fails, and the log does not show the key', async () => {
    const place = await setUp();
    const { failed, log } = await runCheck({ ...place, key: 'f'.repeat(32) });
    expect(failed).toBe('Wait for the listener');
    expect(log).not.toContain('f'.repeat(32));
  });
});

test('github-actions.yml, supervised: an operator gets the line from the summary; the key is in no output; the session ends', async () => {
  const tools = await forTest(makeTools());
  const folder = await forTest(makeTemporaryFolder());
  const running = runGitHubJob(flow, 'supervised', {
    folder: folder.path,
    env: { PATH: tools.path },
    known: { REMOTIFY_URL: relay.url },
    secrets: [],
  });
  const line = await eventually('the line is in the summary', 20_000, async () => {
    const summary = await readFile(join(folder.path, 'summary'), 'utf8');
    return /^curl .*\| bash$/m.exec(summary)?.[0];
  });
  const { key } = await eventually('the session is stored', 10_000, () =>
    readSession(join(folder.path, 'remotify')),
  );
  // Other tests cover the operator's answers: this listener runs commands without asking.
  await forTest(startListener(line.replace(/(\/r\/[0-9a-f]{32})/, '$1?mode=auto')));
  const { failed, bare, log } = await running;
  expect(failed, log).toBeUndefined();
  expect(log).toContain('Linux');
  expect(bare).not.toContain(key);
  expect(await readFile(join(folder.path, 'summary'), 'utf8')).not.toContain(key);
  expect((await fetch(`${relay.url}/api/session/${key}`)).status).toBe(410);
});

describe('gitlab-ci.yml', () => {
  const runIt = ({ tools, key, folder }: Place) => {
    if (!gitLab) throw new Error('no such job');
    return runGitLabJob(gitLab, {
      folder,
      env: { PATH: tools.path, REMOTIFY_URL: relay.url, REMOTIFY_KEY: key },
      secrets: [key],
    });
  };

  test('the job passes, its artifact is there, the remote is cleaned up, and the key is never printed', async () => {
    const place = await setUp();
    const { failed, bare, log } = await runIt(place);
    expect(failed, log).toBeUndefined();
    for (const path of gitLab?.artifacts.paths ?? [])
      expect(await readFile(join(place.folder, path), 'utf8')).toMatch(/^Linux .*\n[^]*\/\n$/);
    expect(bare).not.toContain(place.key);
    expect(await isReportThere(place)).toBe(false);
  });

  test('the check fails: the job fails, and the remote is still cleaned up', async () => {
    const place = await setUp({ df: 'exit 9' });
    const { failed, steps, log } = await runIt(place);
    expect(failed, log).toBe('script');
    expect(steps[0]?.status).toBe(9);
    expect(await isReportThere(place)).toBe(false);
  });
});

test('the line of github-actions.yml that reads a session key from the settings: prints only the key', async () => {
  const { tools, folder } = await setUp();
  const [, command = ''] =
    /^# +(node -p .*) \| gh secret set REMOTIFY_KEY$/m.exec(readExample('github-actions.yml')) ?? [];
  const env = cleanEnvironment(folder, { PATH: tools.path, REMOTIFY_URL: relay.url });
  const shell = spawnCaptured(
    'bash',
    ['-c', `cd && remotify new --name ci --auto --no-wait >line && ${command}`],
    {
      env,
    },
  );
  const { code } = await withDeadline(shell.closed, 20_000, 'the lines end');
  expect({ code, stdout: shell.stdout().toString() }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^[0-9a-f]{32}\n$/),
  });
});

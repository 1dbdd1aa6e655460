import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { findProgram } from '../harness/find-program.ts';
import type { GitHubFlow, GitLabJob } from './ci-runner.ts';
import { readExample } from './example-files.ts';

const flow = parse(readExample('github-actions.yml')) as GitHubFlow;
const gitLab = Object.entries(parse(readExample('gitlab-ci.yml')) as Record<string, GitLabJob>);

const scripts: [string, string][] = [
  ['cron-backup.sh', readExample('cron-backup.sh')],
  ['remotify.sh', readExample('remotify.sh')],
  ...Object.entries(flow.jobs).flatMap(([job, { steps }]) =>
    steps.flatMap(({ name = '', run }): [string, string][] =>
      run === undefined ? [] : [[`github-actions.yml, ${job}, ${name}`, run]],
    ),
  ),
  ...gitLab.map(
    ([job, { before_script: before = [], script, after_script: after = [] }]): [string, string] => [
      `gitlab-ci.yml, ${job}`,
      [...before, ...script, ...after].join('\n'),
    ],
  ),
];

test.skipIf(findProgram('shellcheck') === undefined).each(scripts)(
  '%s: shellcheck reports nothing (needs shellcheck)',
  async (_name, script) => {
    // SC2016: the single quotes are intended, since the text is for another shell or for node.
    const check = spawnCaptured('shellcheck', ['-s', 'bash', '-e', 'SC2016', '-'], {
      env: cleanEnvironment('/nonexistent'),
      stdin: { bytes: script },
    });
    const { code } = await check.closed;
    expect({ code, said: check.stdout().toString() }).toEqual({ code: 0, said: '' });
  },
);

test('the jobs mask the key, wait for the listener, always run their last step, and keep artifacts', () => {
  expect(Object.keys(flow.jobs)).toEqual(['check', 'supervised']);
  for (const { steps } of Object.values(flow.jobs)) {
    const runs = steps.map(({ run = '' }) => run).join('\n');
    expect(runs).toContain('::add-mask::');
    expect(runs).toContain('remotify wait --listener');
    expect(steps.at(-1)?.if).toBe('always()');
  }
  expect(gitLab[0]?.[1].artifacts).toMatchObject({ when: 'always' });
});

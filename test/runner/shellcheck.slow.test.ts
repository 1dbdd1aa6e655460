import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { curl } from '../harness/curl.ts';
import { partNames } from '../../src/runner/runner-source.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

const relay = useRelay();

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;

const file = fileURLToPath(new URL('../../dist/runner.sh', import.meta.url));

function shellcheck(args: string[], input?: string) {
  const { status, stdout } = spawnSync('shellcheck', ['--norc', '--shell=bash', ...args], {
    input,
    encoding: 'utf8',
  });
  return { status, stdout };
}

test.skipIf(!hasShellcheck)('shellcheck reports nothing about dist/runner.sh', () => {
  expect(shellcheck([file])).toEqual({ status: 0, stdout: '' });
});

// Alone, a part lacks variables that other parts own and read: the rules about these are excluded.
test.skipIf(!hasShellcheck).each(['preamble', ...partNames])(
  'shellcheck reports nothing about the part %s',
  (name) => {
    const part = fileURLToPath(new URL(`../../src/runner/${name}.sh`, import.meta.url));
    const { status, stdout } = shellcheck(['--exclude=SC2034,SC2154', part]);
    expect([status, stdout]).toEqual([0, '']);
  },
);

test.skipIf(!hasShellcheck).each(['supervised', 'auto'])(
  'shellcheck reports nothing about the served script, %s',
  async (mode) => {
    const client = await forTest(makeClient(relay));
    const made = await client.runJson<SessionPayload>('new');
    const { status, text } = await curl([`${relay.url}/r/${made.listener_key}?mode=${mode}`]);
    expect(status).toBe(200);
    expect(text).toContain(`REMOTIFY_MODE='${mode}'`);
    expect(shellcheck(['-'], text)).toEqual({ status: 0, stdout: '' });
  },
);

test.skipIf(!hasShellcheck)('shellcheck reports an error in a faulty script', () => {
  expect(shellcheck(['-'], '#!/bin/bash\nrm -rf $1\n').status).toBe(1);
});

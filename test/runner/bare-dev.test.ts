import { expect, test } from 'vitest';
import { makeClient } from '../harness/client.ts';
import { startListener } from '../harness/listener.ts';
import { startRelay } from '../harness/relay-process.ts';
import { canMount } from '../store/small-disk.ts';
import { forTest } from '../harness/for-test.ts';

test.skipIf(!canMount)(
  'no /dev/fd, as in a chroot: a command runs, and stdout and stderr stay separate',
  async () => {
    const relay = await forTest(startRelay());
    const client = await forTest(makeClient(relay));
    const line = await client.makeSession('--auto');
    const nodes = ['null c 1 3', 'zero c 1 5', 'urandom c 1 9'].map((node) => `mknod -m 666 /dev/${node}`);
    const script = ['mount -t tmpfs tmpfs /dev', ...nodes, '[ ! -e /dev/fd ]', line].join(' && ');
    await forTest(startListener(`unshare -m bash -c "$0" || exit`.replace('"$0"', JSON.stringify(script))));
    const { exitCode, text, stderr } = await client.run(['exec', 'echo out; echo err >&2; exit 4']);
    expect([exitCode, text, stderr]).toEqual([4, 'out\n', 'err\n']);
    expect((await client.run(['exec', '--merge', 'echo 1; echo 2 >&2; echo 3'])).text).toBe('1\n2\n3\n');
  },
);

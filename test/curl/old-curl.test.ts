import { expect, onTestFinished, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';
import { makeOldCurl } from '../harness/old-curl.ts';
import { readSession, startRemote } from '../harness/remote.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { forFile } from '../harness/for-file.ts';

// Runs curl through a wrapper that rejects options that curl 7.29 does not know.

const relay = useRelay();
const oldCurl = forFile('the old curl', makeOldCurl);

async function setUp() {
  const remote = await forTest(startRemote(relay, { PATH: oldCurl.path }));
  return remote;
}

test('a listener with curl 7.29: output, input, a timeout and a cancel work', async () => {
  const { run, start } = await setUp();
  const before = (await oldCurl.read()).runs;
  expect(await run(['exec', 'seq 3; exit 4'])).toMatchObject({ exitCode: 4, text: '1\n2\n3\n' });
  expect(await run(['exec', '-i', 'cat'], { stdin: 'in' })).toMatchObject({ exitCode: 0, text: 'in' });
  expect((await run(['exec', '-t', '1', 'sleep 60'])).exitCode).toBe(124);
  expect(
    (await run(['exec', 'head -c 3000000 /dev/zero | wc -c; head -c 3000000 /dev/zero'])).stdout,
  ).toHaveLength(3_000_008);
  const exec = start(['exec', 'sleep 60']);
  onTestFinished(() => void exec.child.kill('SIGKILL'));
  exec.child.kill('SIGINT');
  await withDeadline(exec.closed, 20_000, 'exec ends');
  const { runs, unknown } = await oldCurl.read();
  expect(unknown).toEqual([]);
  expect(runs - before).toBeGreaterThan(8);
});

test('the exec recipe with curl 7.29: prints the result of the command', async () => {
  const { configDir } = await setUp();
  const { key } = await readSession(configDir);
  const payload = (await (await fetch(`${relay.url}/api/session/${key}`)).json()) as SessionPayload;
  const folder = await forTest(makeTemporaryFolder());
  const recipe = spawnCaptured('sh', ['-c', payload.exec.replace('COMMAND', 'echo @ran')], {
    env: cleanEnvironment(folder.path, { PATH: oldCurl.path, TMPDIR: folder.path }),
  });
  const { code } = await withDeadline(recipe.closed, 20_000, 'the recipe ends');
  expect({ code, output: recipe.stdout().toString() }).toEqual({ code: 0, output: '@ran\n' });
  expect((await oldCurl.read()).unknown).toEqual([]);
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { spawnCaptured } from '../harness/captured-process.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { makeClient } from '../harness/client.ts';
import { withDeadline } from '../harness/deadline.ts';
import { findProgram } from '../harness/find-program.ts';
import { startListener } from '../harness/listener.ts';
import { makeTools, pathOfExample } from './example-files.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';
import { forFile } from '../harness/for-file.ts';

// docs/examples/remotify.sh in bash and zsh.

const relay = useRelay();
const tools = forFile('the tools', makeTools);

/** Two sessions with listeners, and a shell that knows the functions. */
async function setUp(shell: string) {
  const client = await forTest(makeClient(relay));
  for (const name of ['web', 'db']) {
    const line = await client.makeSession('--auto', '--name', name);
    await forTest(startListener(line, { PLACE: name }));
  }
  await client.run(['exec', '--all', 'true']);
  return {
    folder: client.configDir,
    run: async (line: string) => {
      const env = cleanEnvironment(client.configDir, {
        PATH: tools.path,
        REMOTIFY_CONFIG_DIR: client.configDir,
        REMOTIFY_URL: relay.url,
      });
      const process = spawnCaptured(shell, ['-c', `. '${pathOfExample('remotify.sh')}'\ncd\n${line}`], {
        env,
      });
      const { code } = await withDeadline(process.closed, 30_000, line);
      return { code, stdout: process.stdout().toString(), stderr: process.stderr() };
    },
  };
}

describe.each(['bash', 'zsh'].map((shell) => [shell, findProgram(shell) !== undefined] as const))(
  'the functions in %s (found: %s)',
  (shell, isThere) => {
    test.skipIf(!isThere)('on: chooses the session by name; keeps words, streams and status', async () => {
      const { run } = await setUp(shell);
      expect(await run(`on web printf '[%s]' 'a b' "it's" '$PLACE'`)).toMatchObject({
        code: 0,
        stdout: "[a b][it's][$PLACE]",
      });
      expect(await run(`on db 'echo "$PLACE" | tr a-z A-Z; echo err >&2; exit 7'`)).toEqual({
        code: 7,
        stdout: 'DB\n',
        stderr: 'err\n',
      });
      expect(await run('on web')).toMatchObject({
        code: 2,
        stderr: 'usage: on HOST COMMAND [ARGUMENT...]\n',
      });
      expect((await run('on nowhere true')).code).not.toBe(0);
    });

    test.skipIf(!isThere)(
      'on_all: prefixes each line with the name of its session, exits with the highest status',
      async () => {
        const { run } = await setUp(shell);
        const { code, stdout } = await run(`on_all 'echo $PLACE; [ $PLACE = web ]'`);
        expect(code).toBe(1);
        expect(
          stdout
            .split('\n')
            .filter(Boolean)
            .map((line) => line.replaceAll(/\s+/g, ' '))
            .toSorted(),
        ).toEqual([expect.stringMatching(/^db.*db$/), expect.stringMatching(/^web.*web$/)]);
      },
    );

    test.skipIf(!isThere)('put_on and get_from: bytes and names with blanks are kept', async () => {
      const { run, folder } = await setUp(shell);
      const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, at) => (at * 7) % 256));
      await writeFile(join(folder, 'here 1'), bytes);
      expect(await run(`put_on web 'here 1' '${folder}/there 1'`)).toMatchObject({ code: 0 });
      expect(await run(`get_from web '${folder}/there 1' 'back 1'`)).toMatchObject({ code: 0 });
      expect(await readFile(join(folder, 'back 1'))).toEqual(bytes);
      expect((await run(`mkdir sub && cp 'here 1' sub/x && put_on web sub '${folder}/tree'`)).code).toBe(0);
      expect(await readFile(join(folder, 'tree/x'))).toEqual(bytes);
      expect((await run("get_from web /nonexistent/file 'back 2'")).code).not.toBe(0);
    });
  },
);

/** Every example of the README, docs/, help and man pages runs here, or is marked in the text as not run, with the reason. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { buildWholeProgram } from '../../src/cli/build-program.ts';
import { readHelp } from '../../src/cli/help-format.ts';
import { spawnCaptured } from '../harness/captured-process.ts';
import { hasOpenssl, makeCertificate } from '../harness/certificate.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';
import { findProgram } from '../harness/find-program.ts';
import { hasRedis, startRedis } from '../harness/redis.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { type ExampleSite, type RunOptions, startExampleSite } from './example-site.ts';
import { listCodeBlocks, markdownFiles } from './markdown.ts';
import { forTest } from '../harness/for-test.ts';

const program = await buildWholeProgram('0.0.0');

/** docs/reference.md is written from the help. */
const blocks = markdownFiles
  .filter((path) => path !== 'docs/reference.md')
  .flatMap(listCodeBlocks)
  .filter(({ language }) => ['sh', 'console', 'js'].includes(language));

const shellLines = blocks
  .filter(({ mark, language }) => language !== 'js' && !/^(?:not run: |test$|demo$)/.test(mark))
  .flatMap(({ path, language, text }) =>
    text
      .split('\n')
      .filter((line) => (language === 'console' ? line.startsWith('$ ') : line.trim() !== ''))
      .map((line) => ({
        from: path,
        line: line
          .replace(/^\$ /, '')
          .replace(/ +# .*$/, '')
          .replace(/ &$/, ''),
      })),
  );

const helpLines = [program, ...program.commands].flatMap((command) =>
  (readHelp(command).examples ?? []).map((line) => ({ from: `${command.name()} --help`, line })),
);

/** Each line once, with the first place that has it. */
const examples = [
  ...new Map([...helpLines, ...shellLines].toReversed().map(({ from, line }) => [line, from])),
]
  .map(([line, from]) => ({ line, from }))
  .toReversed();

function optionsOf(line: string): RunOptions {
  if (/\bnew .*--wait\b.*> line\.txt/.test(line)) return { isNew: true, paste: 'line.txt' };
  if (/^remotify new\b/.test(line)) return { isNew: true };
  if (/\bremotify serve\b/.test(line)) return { until: line.includes('--json') ? '{"url"' : 'listening on' };
  if (line.includes('--watch')) return { until: 'prod' };
  if (/^remotify cancel\b/.test(line)) return { isBusy: true };
  if (/^remotify (?:end|reset)\b/.test(line)) return { isOwnSession: true };
  if (line.includes('fpath')) return { shell: 'zsh' };
  return {};
}

/** The line as it is run, where something beside addresses and paths differs. */
function prepare(line: string, redisUrl: string | undefined): string {
  return (
    line
      // A clipboard is one of a terminal.
      .replace(/^remotify new --copy .*$/, "script -qec '$&' /dev/null")
      .replace('--host 0.0.0.0', '--host 127.0.0.1')
      .replace('redis://127.0.0.1:6379', redisUrl ?? 'redis://127.0.0.1:6379')
      // The shell function of zsh has this array.
      .replace('${fpath[1]}', '$PWD')
  );
}

const needs = (line: string): string | undefined => {
  if (line.includes('redis:') && !hasRedis) return 'redis-server';
  if (line.includes('--tls-cert') && !hasOpenssl) return 'openssl';
  if (line.includes('--copy') && findProgram('script') === undefined) return 'script';
  if (line.includes('fpath') && findProgram('zsh') === undefined) return 'zsh';
  return undefined;
};

describe('shell examples', () => {
  let site: ExampleSite;
  let redisUrl: string | undefined;
  beforeAll(async () => {
    site = await startExampleSite();
    if (!hasRedis) return;
    const redis = await startRedis({});
    redisUrl = redis.url;
    return redis.stop;
  });
  afterAll(() => site.stop());

  for (const { line, from } of examples) {
    const missing = needs(line);
    test.skipIf(missing !== undefined)(
      `${from}: ${line}${missing === undefined ? '' : ` (${missing} is missing)`}`,
      { timeout: 60_000 },
      async () => {
        let text = prepare(line, redisUrl);
        if (text.includes('--tls-cert')) {
          const folder = await forTest(makeTemporaryFolder());
          const certificate = await makeCertificate(folder.path);
          text = text.replace('chain.pem', certificate.certPath).replace('key.pem', certificate.keyPath);
        }
        const { code, output } = await site.run(text, optionsOf(line));
        expect(code, output).toBe(0);
        expect(output).not.toMatch(/^remotify: error/m);
      },
    );
  }
});

test('a block of code that is not run says why', () => {
  const bare = blocks.filter(({ mark }) => mark.startsWith('not run') && !/^not run: \w.{8,}/.test(mark));
  expect(bare).toEqual([]);
});

test('docs/library.md: the example runs, and prints what its comments say', async () => {
  const block = blocks.find(({ mark }) => mark === 'example: library');
  const folder = await forTest(makeTemporaryFolder());
  const library = new URL('../../dist/library.js', import.meta.url).href;
  // The example waits for a listener: this one runs its line.
  const text = (block?.text ?? '')
    .replace("'remotify'", `'${library}'`)
    .replace(
      'console.log(session.remote_quickstart);',
      "const { spawn } = await import('node:child_process');\nconst listener = spawn('bash', ['-c', session.remote_quickstart.replace(/(\\/r\\/[0-9a-f]{32})/, '$1?mode=auto')], { stdio: 'ignore', detached: true });\nlistener.unref();\nprocess.on('exit', () => process.kill(-listener.pid));\nconsole.log(session.remote_quickstart);",
    );
  await writeFile(join(folder.path, 'example.mjs'), text);
  const run = spawnCaptured(process.execPath, [join(folder.path, 'example.mjs')], {
    env: cleanEnvironment(folder.path, { TMPDIR: folder.path }),
  });
  onTestFinished(() => void run.child.kill('SIGKILL'));
  const { code } = await withDeadline(run.closed, 20_000, 'the example ends');
  expect(code, run.stderr()).toBe(0);
  expect(run.stdout().toString()).toMatch(/^curl .* \| bash\n\w+\nfinished 7\n$/);
});

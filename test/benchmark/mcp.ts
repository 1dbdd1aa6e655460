/**
 * How long a host waits for `remotify mcp`: from its start to the answers to `initialize` and `tools/list`, against a bare node in the
 * same rounds. At most 4 × is what is promised. `npm run bench`, or `tsx test/benchmark/mcp.ts [rounds]`.
 */
import { spawn } from 'node:child_process';
import { binaryPath } from '../harness/binary.ts';
import { cleanEnvironment } from '../harness/clean-environment.ts';
import { withDeadline } from '../harness/deadline.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { quantile, report } from './figures.ts';

const rounds = Number(process.argv[2] ?? 60);
const warmUpRounds = 5;

const opening = [
  {
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
  },
  { method: 'notifications/initialized' },
  { id: 2, method: 'tools/list' },
]
  .map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  .join('');

/** Until `isOver` says so of what it printed, or its end. The process is ended then, and waited for. */
async function time(
  args: readonly string[],
  env: Record<string, string>,
  isOver?: (said: string) => boolean,
) {
  const began = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  let said = '';
  let took = Number.NaN;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString('utf8');
    if (!Number.isNaN(took) || isOver?.(said) !== true) return;
    took = performance.now() - began;
    child.stdin.end();
  });
  if (isOver) child.stdin.write(opening);
  await withDeadline(exited, 30_000, args.join(' '));
  return Number.isNaN(took) ? performance.now() - began : took;
}

const folder = await makeTemporaryFolder();
const env = cleanEnvironment(folder.path);
const bare: number[] = [];
const toFirstAnswer: number[] = [];
try {
  for (let round = -warmUpRounds; round < rounds; round++) {
    const node = await time(['-e', '0'], env);
    const mcp = await time([binaryPath, 'mcp'], env, (said) => said.includes('"id":2'));
    if (round < 0) continue;
    bare.push(node);
    toFirstAnswer.push(mcp);
  }
} finally {
  await folder.remove();
}
const base = quantile(bare, 0.5);
report('node -e 0', bare, base);
report('remotify mcp, tools listed', toFirstAnswer, base);

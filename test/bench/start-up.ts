import { binaryPath } from '../harness/binary.ts';
import { withDeadline } from '../harness/deadline.ts';
import type { Bench, Group } from './kit/group.ts';
import { findNode, nodeMajors } from './kit/nodes.ts';
import { spawnOwn } from './kit/own-process.ts';
import { type BenchRemote, noSsh, startBenchRemote } from './kit/remote.ts';
import { alternate, type Side } from './kit/series.ts';
import { runTimed } from './kit/timed-run.ts';

/** Since Node 22 a program can cache its compiled code, so the goal is stricter. */
const goalOfMajor = (major: number): number => (major >= 22 ? 2.5 : 3);

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

/** Milliseconds from the start of `remotify mcp` to its answers to `initialize` and `tools/list`. Resolves after it has ended. */
async function timeMcp(env: Record<string, string>): Promise<{ first: number; tools: number }> {
  const began = performance.now();
  const words = [process.execPath, binaryPath, 'mcp'];
  const { child, closed, kill } = spawnOwn(words, env, ['pipe', 'pipe', 'ignore']);
  let said = '';
  let [first, tools] = [Number.NaN, Number.NaN];
  child.stdin?.on('error', () => undefined);
  child.stdout?.on('data', (bytes: Buffer) => {
    said += bytes.toString('utf8');
    const now = performance.now() - began;
    if (Number.isNaN(first) && said.includes('"id":1')) first = now;
    if (!Number.isNaN(tools) || !said.includes('"id":2')) return;
    tools = now;
    child.stdin?.end();
  });
  child.stdin?.write(opening);
  await withDeadline(closed, 30_000, 'mcp answers').finally(kill);
  if (Number.isNaN(tools)) throw new Error(`mcp ended without an answer: ${said.slice(0, 200)}`);
  return { first, tools };
}

async function timeBareSpawn(env: Record<string, string>): Promise<number> {
  const began = performance.now();
  await spawnOwn([process.execPath, '-e', '0'], env, ['pipe', 'pipe', 'ignore']).closed;
  return performance.now() - began;
}

function listSides({ remotify, recipe, ssh, env }: BenchRemote): Side[] {
  const words: Record<string, string[]> = {
    bare: [process.execPath, '-e', '0'],
    version: [...remotify, '--version'],
    help: [...remotify, '--help'],
    exec: [...remotify, 'exec', 'true'],
    recipe,
    ...(ssh && { ssh: [...ssh.client, 'true'] }),
  };
  return [
    ...Object.entries(words).map(([name, command]) => ({ name, measure: () => runTimed(command, env) })),
    { name: 'bare-spawn', measure: async () => ({ ms: await timeBareSpawn(env) }) },
    { name: 'mcp', measure: () => timeMcp(env) },
  ];
}

async function measureHere({ isShort, add, skip }: Bench, remote: BenchRemote): Promise<void> {
  const { of } = await alternate(listSides(remote), isShort ? { rounds: 1 } : { rounds: 40, warmUps: 3 });
  const bare = { name: 'bare node', values: of('bare') };
  const bareCpu = { name: 'bare node', values: of('bare', 'cpuMs') };
  const unit = 'ms';
  const cpuUnit = 'ms CPU';
  add({ id: 'start-up.bare', name: 'node -e 0', unit, values: bare.values });
  add({ id: 'start-up.bare.cpu', name: 'node -e 0', unit: cpuUnit, values: bareCpu.values });
  for (const [side, name] of [
    ['version', 'remotify --version'],
    ['help', 'remotify --help'],
    ['exec', 'remotify exec true'],
  ] as const) {
    add({ id: `start-up.${side}`, name, unit, values: of(side), base: bare });
    add({ id: `start-up.${side}.cpu`, name, unit: cpuUnit, values: of(side, 'cpuMs'), base: bareCpu });
  }
  add({ id: 'start-up.recipe', name: 'legacy curl recipe, true', unit, values: of('recipe') });
  add({
    id: 'start-up.exec.recipe',
    name: 'remotify exec true',
    unit,
    values: of('exec'),
    base: { name: 'curl recipe', values: of('recipe') },
    goal: { atMost: 1 },
  });
  if (remote.ssh) {
    add({ id: 'start-up.ssh', name: 'ssh 127.0.0.1 true', unit, values: of('ssh') });
    add({
      id: 'start-up.exec.ssh',
      name: 'remotify exec true',
      unit,
      values: of('exec'),
      base: { name: 'ssh', values: of('ssh') },
      goal: { atMost: 0.33 },
    });
  } else {
    skip('start-up.exec.ssh', 'remotify exec true, against ssh', noSsh);
  }
  const bareSpawn = { name: 'bare node', values: of('bare-spawn') };
  add({
    id: 'start-up.mcp.first',
    name: 'remotify mcp, first answer',
    unit,
    values: of('mcp', 'first'),
    base: bareSpawn,
  });
  add({
    id: 'start-up.mcp.tools',
    name: 'remotify mcp, tools listed',
    unit,
    values: of('mcp', 'tools'),
    base: bareSpawn,
    goal: { atMost: 4 },
  });
}

async function measureNodes({ isShort, add, skip, say }: Bench, { env }: BenchRemote): Promise<void> {
  for (const major of nodeMajors) {
    const id = `start-up.exec.node-${major}`;
    const found = await findNode(major, !isShort);
    if ('missing' in found) {
      skip(id, `remotify exec true, Node ${major}`, found.missing);
      continue;
    }
    say(`Node ${major}`);
    const { of } = await alternate(
      [
        { name: 'bare', measure: () => runTimed([found.path, '-e', '0'], env) },
        { name: 'exec', measure: () => runTimed([found.path, binaryPath, 'exec', 'true'], env) },
      ],
      isShort ? { rounds: 1 } : { rounds: 30, warmUps: 3 },
    );
    add({
      id,
      name: `remotify exec true, Node ${major}`,
      unit: 'ms CPU',
      values: of('exec', 'cpuMs'),
      base: { name: `bare node ${major}`, values: of('bare', 'cpuMs') },
      goal: { atMost: goalOfMajor(major) },
    });
  }
}

export const startUp: Group = {
  name: 'start-up',
  title: 'Start-up',
  notes: [
    'Relay, bash listener and sshd are on loopback; the listener waits in auto mode, ssh has a key. Processor time is user and system time of the client’s process.',
    'The real time of a command is from its start to its end; that of `mcp` is from its start to the answer, compared with a bare node that is started the same way.',
    'Other Node versions come from the npm packages node-PLATFORM-ARCH.',
  ],
  async run(bench) {
    const remote = await startBenchRemote(bench.ends);
    await measureHere(bench, remote);
    await measureNodes(bench, remote);
  },
};

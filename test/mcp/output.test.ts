import { createHash } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { startMcpHost } from './mcp-host.ts';
import type { ReadAnswer } from './read-answer.ts';
import { useRelay } from '../harness/use-relay.ts';
import { useRemote } from '../harness/use-remote.ts';
import { forFile } from '../harness/for-file.ts';

// 5 MB of numbered lines, with a different line in the middle and a last line without a newline.
const lines = 625_000;
const needle = 'needle in ä haystack';
const script = `seq -f '%07.0f' 1 ${lines / 2}; echo 'a ${needle} here'; seq -f '%07.0f' ${lines / 2 + 1} ${lines}; printf last; echo problem >&2`;

function renderExpected(): string {
  const numbered = Array.from({ length: lines }, (_, index) => `${String(index + 1).padStart(7, '0')}\n`);
  return [...numbered.slice(0, lines / 2), `a ${needle} here\n`, ...numbered.slice(lines / 2), 'last'].join(
    '',
  );
}

const relay = useRelay();
const remote = useRemote(relay);
const host = forFile('the MCP host', () => startMcpHost(remote.configDir, { REMOTIFY_URL: relay.url }));
let answer: { text: string; data: ReadAnswer };
const expected = Buffer.from(renderExpected());
beforeAll(async () => {
  answer = await host.exec(script);
});

const read = async (input: object): Promise<ReadAnswer> =>
  (await host.call('remote_output', { id: answer.data.id, ...input })).data;

test('5 MB of output: the answer has beginning, end, totals and how to read the rest, within 16 KiB', () => {
  const { text, data } = answer;
  const { stdout, stderr } = data.untrusted;
  expect(stdout.bytes).toBe(expected.length);
  expect(expected.toString().startsWith(stdout.head)).toBe(true);
  expect(expected.toString().endsWith(stdout.tail)).toBe(true);
  expect(stdout.head.length + stdout.omitted_bytes + stdout.tail.length).toBe(expected.length);
  expect(stderr).toMatchObject({ head: 'problem\n', omitted_bytes: 0, next_offset: null });
  expect(text).toContain(`stdout has ${expected.length} bytes, stderr has 8 bytes.`);
  expect(text).toContain(
    `remote_output with id ${data.id}, stream stdout, offset ${stdout.next_offset}; do not run the command again`,
  );
  expect(text).toContain(`] ${stdout.omitted_bytes} bytes of stdout are left out here\n`);
  expect(Buffer.byteLength(text)).toBeLessThan(16 * 1024);
});

test('remote_output page by page, from several offsets: the pages are the output, byte for byte', async () => {
  // The whole output has 420 pages: read the first ones, those around the different line, and the last ones.
  for (const start of [0, expected.indexOf('needle') - 20_000, expected.length - 30_000]) {
    let offset = start;
    for (let page = 0; page < 4 && offset < expected.length; page++) {
      const { untrusted, next_offset: next, offset: from, bytes, complete } = await read({ offset });
      expect([from, bytes]).toEqual([offset, expected.length]);
      expect(untrusted.text).toBe(expected.subarray(offset, next).toString());
      expect(complete).toBe(next === expected.length);
      offset = next;
    }
  }
});

test('remote_output with length: a page of that length; with an offset beyond the end: nothing', async () => {
  expect(await read({ offset: 8, length: 8 })).toMatchObject({
    untrusted: { text: '0000002\n' },
    next_offset: 16,
    complete: false,
  });
  expect(await read({ offset: 10 ** 9 })).toMatchObject({ untrusted: { text: '' }, complete: true });
});

test('remote_output with tail: the last lines', async () => {
  const { untrusted, offset } = await read({ tail: 2 });
  expect(untrusted.text).toBe(`${lines}\nlast`.padStart(12, '0'));
  expect(offset).toBe(expected.length - 12);
  expect((await read({ tail: 1, stream: 'stderr' })).untrusted.text).toBe('problem\n');
});

test('remote_output with search: finds the line with its offset, and can continue from an offset', async () => {
  const { untrusted, next_offset: next, complete } = await read({ search: needle });
  const at = expected.indexOf(`a ${needle}`);
  expect(untrusted.matches).toEqual([{ offset: at, line: `a ${needle} here` }]);
  expect([next, complete]).toEqual([expected.length, true]);
  expect((await read({ search: needle, offset: at + 10 })).untrusted.matches).toEqual([]);
  expect((await read({ search: 'not there' })).untrusted.matches).toEqual([]);
});

test('a search with many matches: returned in parts, and none is missing', async () => {
  const found: string[] = [];
  for (let offset = 0, isOver = false; !isOver; ) {
    const page = await read({ search: '777', offset, stream: 'stdout' });
    found.push(...(page.untrusted.matches ?? []).map(({ line }) => line));
    isOver = page.complete;
    offset = page.next_offset;
  }
  const all = expected
    .toString()
    .split('\n')
    .filter((line) => line.includes('777'));
  expect(createHash('sha256').update(found.join()).digest('hex')).toBe(
    createHash('sha256').update(all.join()).digest('hex'),
  );
});

test('remote_output with wait_seconds: waits for output that does not exist yet', async () => {
  const command = 'sleep 1; echo late; sleep 2';
  const { data } = await host.exec(command, { wait_seconds: 0 });
  const page = await host.call('remote_output', { id: data.id, wait_seconds: 20 });
  expect(page.data).toMatchObject({ state: 'running', untrusted: { text: 'late\n' }, complete: false });
  const rest = await host.call('remote_output', { id: data.id, offset: 5, wait_seconds: 20 });
  expect(rest.data).toMatchObject({ state: 'finished', untrusted: { text: '' }, complete: true });
});

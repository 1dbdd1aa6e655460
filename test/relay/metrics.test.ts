import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Counter, Histogram } from '../../src/relay/metrics-text.ts';
import { startCannedServer } from '../harness/canned-server.ts';
import { runCli } from '../harness/cli.ts';
import { curl, startCurl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { parseMetrics } from '../harness/parse-metrics.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { openResource } from '../harness/resource.ts';
import { makeSession } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { forTest } from '../harness/for-test.ts';

async function setUp(flags: string[] = []) {
  const relay = await forTest(startRelay({ flags: ['--metrics', '0', ...flags] }));
  return { relay, metrics: relay.metrics ?? '' };
}

async function scrape(metrics: string) {
  const answer = await curl([metrics]);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const families = parseMetrics(answer.text);
  const samples = families.flatMap((family) => family.samples);
  /** The value of a sample; 0 if there is none. */
  const read = (name: string, labels: Record<string, string> = {}) =>
    samples.find((one) => one.name === name && JSON.stringify(one.labels) === JSON.stringify(labels))
      ?.value ?? 0;
  return { text: answer.text, families, samples, read };
}

test('scrape of a new relay: all thirteen families, in valid syntax', async () => {
  const { relay, metrics } = await setUp();
  expect(metrics).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  await eventually('the log has the URL', 5_000, () => relay.stderr().includes(`metrics on ${metrics}`));
  const { families, text } = await scrape(metrics);
  expect(families.map(({ name }) => name)).toEqual([
    'remotify_sessions',
    'remotify_listeners',
    'remotify_held_polls',
    'remotify_requests_total',
    'remotify_refusals_total',
    'remotify_commands_total',
    'remotify_received_bytes_total',
    'remotify_sent_bytes_total',
    'remotify_request_seconds',
    'remotify_store_seconds',
    'remotify_store_failures_total',
    'remotify_store_conflicts_total',
    'process_resident_memory_bytes',
  ]);
  const promtool = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  if (promtool.error === undefined) expect(promtool.stdout + promtool.stderr).toBe('');
});

test('scrape after some requests: the values match the sessions, requests, refusals and commands', async () => {
  const { relay, metrics } = await setUp();
  const session = await makeSession(relay);
  const { ask, listen } = openResource(relay.url, session);
  await makeSession(relay);
  await ask('POST', '/commands', 'x'.repeat(10_000));
  await listen('one', 'GET', '/next');
  await listen('one', 'POST', '/commands/c1/finish?exit_status=1', 'out');
  await ask('POST', '/commands', 'false');
  await ask('DELETE', '/commands/c2');
  await ask('GET', '/commands/c9');
  await curl([`${relay.url}/${session.key}`]);
  await curl([`${relay.url}/another?path=1`]);
  const bearer = [
    '-H',
    `Authorization: Bearer ${session.listener_key}`,
    '-H',
    'Remotify-Listener: one-listener',
  ];
  const poll = startCurl([...bearer, `${relay.url}/api/session/self/next`]);
  onTestFinished(poll.kill);
  const { read, samples, text } = await eventually('the poll is held', 5_000, async () => {
    const seen = await scrape(metrics);
    return seen.read('remotify_held_polls') === 1 && seen;
  });
  expect(read('remotify_sessions')).toBe(2);
  expect(read('remotify_listeners')).toBe(1);
  const requests = (route: string, status: string) => read('remotify_requests_total', { route, status });
  expect(requests('/api/session', '201')).toBe(2);
  expect(requests('/api/session/{key}/commands', '201')).toBe(2);
  expect(requests('/api/session/{key}/commands/{id}', '404')).toBe(1);
  expect(requests('-', '404')).toBe(2);
  expect(read('remotify_refusals_total', { code: 'not_found' })).toBe(2);
  expect(read('remotify_refusals_total', { code: 'no_such_command' })).toBe(1);
  expect(read('remotify_commands_total', { state: 'finished' })).toBe(1);
  expect(read('remotify_commands_total', { state: 'cancelled' })).toBe(1);
  expect(read('remotify_received_bytes_total')).toBeGreaterThan(10_000);
  expect(read('remotify_sent_bytes_total')).toBeGreaterThan(10_000);
  expect(read('process_resident_memory_bytes')).toBeGreaterThan(10 * 1024 ** 2);
  const counted = samples
    .filter(({ name }) => name === 'remotify_requests_total')
    .reduce((sum, { value }) => sum + value, 0);
  expect(read('remotify_request_seconds_count')).toBe(counted);
  expect(text).not.toContain(session.key.slice(0, 8));

  await poll.kill();
  await eventually('the disconnected client is counted, and no poll is held', 5_000, async () => {
    const seen = await scrape(metrics);
    const labels = { route: '/api/session/{key}/next', status: 'none' };
    return seen.read('remotify_requests_total', labels) === 1 && seen.read('remotify_held_polls') === 0;
  });
  await ask('DELETE', '');
  expect((await scrape(metrics)).read('remotify_sessions')).toBe(1);
});

test('long poll of 1.5 s: remotify_request_seconds does not include the time it was held', async () => {
  const { relay, metrics } = await setUp(['--long-poll', '1500ms']);
  const session = await makeSession(relay);
  expect((await (await session.waitForResult()).answer).status).toBe(204);
  const { read } = await scrape(metrics);
  expect(read('remotify_request_seconds_count')).toBe(2);
  expect(read('remotify_request_seconds_sum')).toBeLessThan(1.4);
});

test('the metrics port serves only GET /metrics, and only for allowed host names', async () => {
  const { metrics } = await setUp([
    '--allowed-host',
    'relay.example',
    '--public-url',
    'https://public.example',
  ]);
  const base = metrics.replace('/metrics', '');
  const status = async (...args: string[]) => (await curl(args)).status;
  expect(await status(`${metrics}?name%5B%5D=up`)).toBe(200);
  expect(await status(`${base}/`)).toBe(404);
  expect(await status(`${base}/api/health`)).toBe(404);
  expect(await status('--path-as-is', `${base}/../metrics`)).toBe(404);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
    expect(await status('-X', method, metrics), method).toBe(405);
  expect((await curl(['-X', 'POST', metrics])).headers['allow']).toBe('GET');
  expect(await status('-H', 'Host: rebind.example', metrics)).toBe(421);
  expect(await status('-H', 'Host: a b', metrics)).toBe(421);
  for (const host of ['relay.example:9', 'public.example', 'localhost', '10.0.0.1'])
    expect(await status('-H', `Host: ${host}`, metrics), host).toBe(200);
});

async function sendRaw(port: number, text: string): Promise<void> {
  const socket = createConnection(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  socket.end(text);
  await withDeadline(once(socket, 'close'), 15_000, `the connection ends: ${text.slice(0, 40)}`);
}

test('malformed requests to the metrics port: the metrics and the relay still work', async () => {
  const { relay, metrics } = await setUp();
  const port = Number(new URL(metrics).port);
  const bad = [
    'NONSENSE\r\n\r\n',
    'GET //metrics HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'GET /% HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'GET * HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n',
    `GET /${'x'.repeat(40_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    'POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nx',
    'POST /metrics HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
    'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    'CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n',
    '',
  ];
  await Promise.all(bad.map((text) => sendRaw(port, text)));
  await scrape(metrics);
  expect((await curl([`${relay.url}/api/health`])).status).toBe(200);
});

test('SIGTERM while a scraper keeps its connection: the relay ends, and the metrics port is closed', async () => {
  const { relay, metrics } = await setUp();
  const socket = createConnection(Number(new URL(metrics).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await withDeadline(once(socket, 'data'), 5_000, 'the scraper gets the metrics');
  expect(await relay.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect((await curl([metrics])).status).toBe(0);
});

test('no --metrics: no metrics port, and /metrics is 404', async () => {
  const relay: Relay = await startRelay();
  onTestFinished(relay.stop);
  expect(JSON.parse(relay.stdout())).toEqual({ url: relay.url });
  expect((await curl([`${relay.url}/metrics`])).status).toBe(404);
});

test('metrics port in use: serve fails with an error that names the port', async () => {
  const server = await forTest(startCannedServer(''));
  const folder = await forTest(makeTemporaryFolder());
  const { port } = new URL(server.url);
  const args = ['serve', '--port', '0', '--store', 'memory:', '--metrics', port];
  const { exitCode, stderr } = await runCli(args, { configDir: folder.path, deadlineMs: 10_000 });
  expect(exitCode).toBe(255);
  expect(stderr).toContain(`port for metrics ${port} on 127.0.0.1 is taken`);
  expect(stderr).toContain('choose another with --metrics');
  expect(stderr).not.toMatch(/at .*\.cjs|Error:/);
});

test('labels are escaped, and a value on a bound counts in the bucket of that bound', () => {
  const counter = new Counter<'label'>('a_total', 'help');
  counter.add({ label: 'a"b\\c\nd' });
  const [family] = parseMetrics(counter.render());
  expect(family?.samples).toEqual([{ name: 'a_total', labels: { label: 'a"b\\c\nd' }, value: 1 }]);
  const histogram = new Histogram('b_seconds', 'help', [1, 2]);
  for (const value of [0.5, 1, 1.5, 2, 3]) histogram.observe(value);
  const [buckets] = parseMetrics(histogram.render());
  expect(buckets?.samples.map(({ value }) => value)).toEqual([2, 4, 5, 8, 5]);
});

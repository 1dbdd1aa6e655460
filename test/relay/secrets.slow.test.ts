import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { type RefusalCode, refusals } from '../../src/protocol/errors.ts';
import { type Answer, curl } from '../harness/curl.ts';
import { eventually, withDeadline } from '../harness/deadline.ts';
import { asAuto, startListener } from '../harness/listener.ts';
import { introduce } from '../harness/resource.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import type { SessionPayload } from '../harness/slot-session.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';

/** A random word that cannot occur in the relay's own texts. */
const mark = (kind: string): string => `${kind}Mark${randomBytes(6).toString('hex')}`;

type Walk = {
  relay: Relay;
  /** From the context of the test: with concurrent tests, that of the module belongs to any of them. */
  onTestFinished: TestContext['onTestFinished'];
  token: string;
  idempotencyKey: string;
  /** In scripts and in reasons. */
  textMark: string;
  /** In the output and input of commands. */
  outputMark: string;
  /** Session and listener keys of every session, and one unknown key. */
  keys: string[];
  /** Text and headers of each refusal, by code. */
  refused: Map<string, string>;
};

type Ask = (...args: string[]) => Promise<Answer>;

async function makeWalk(
  flags: string[],
  store: string,
  afterwards: TestContext['onTestFinished'],
): Promise<Walk> {
  const token = mark('token');
  const all = [
    '--token',
    token,
    '--max-body-size',
    '4m',
    '--rate-limit',
    '4r/m',
    '--rate-limit-burst',
    '4',
    ...flags,
  ];
  const relay = await startRelay({ flags: all, store });
  afterwards(relay.stop);
  const unknown = randomBytes(16).toString('hex');
  return {
    relay,
    onTestFinished: afterwards,
    token,
    keys: [unknown],
    refused: new Map(),
    idempotencyKey: mark('idem'),
    textMark: mark('text'),
    outputMark: mark('output'),
  };
}

async function makeSession({ relay, token, keys }: Walk): Promise<SessionPayload> {
  const made = await curl(['-X', 'POST', '-H', `Authorization: Bearer ${token}`, `${relay.url}/api/session`]);
  expect(made.status).toBe(201);
  const payload = made.json<SessionPayload>();
  keys.push(payload.key, payload.listener_key);
  return payload;
}

/** Sends requests, and records the refusals. */
function asker(walk: Walk): Ask {
  return async (...args) => {
    const answer = await curl(args);
    const code = answer.headers['remotify-error'];
    if (code !== undefined) walk.refused.set(code, `${answer.text}${JSON.stringify(answer.headers)}`);
    return answer;
  };
}

/** With a real listener: commands are pushed, run and cancelled, the session is reset and ended. */
async function walkWithListener(walk: Walk, ask: Ask): Promise<void> {
  const payload = await makeSession(walk);
  const listener = await startListener(asAuto(payload.remote_quickstart));
  walk.onTestFinished(listener.stop);
  const { api } = payload.urls;
  const push = (text: string, ...more: string[]) => ask('-d', text, ...more, `${api}/commands`);
  await push(
    // The script may appear in the log, so its text must not contain its output.
    `for to in 1 2; do echo output''${walk.outputMark.slice(6)} >&$to; done; : ${walk.textMark}`,
    '-H',
    `Idempotency-Key: ${walk.idempotencyKey}`,
  );
  expect((await ask(`${api}/commands/c1?wait=20`)).json()).toMatchObject({ state: 'finished' });
  expect((await ask(`${api}/commands/c1/output`)).text).toContain(walk.outputMark);
  await push(`sleep 600 # ${walk.textMark} ${payload.key} ${payload.listener_key}`);
  await ask(`${api}/commands/c2?wait=20&state=queued`);
  await ask('-X', 'DELETE', `${api}/commands/c2?signal=KILL`);
  await ask(`${api}/commands/c2?wait=20`);
  await listener.stop();
  await push(`# ${walk.textMark}`);
  await ask('-X', 'POST', `${api}/reset`);
  await ask('-X', 'DELETE', api);
}

/** With a listener of the test that has keys in its names: commands are shown, declined and queued again; slots and input. */
async function walkByHand(walk: Walk, ask: Ask): Promise<void> {
  const payload = await makeSession(walk);
  const { api, cmd, result } = payload.urls;
  const self = `${walk.relay.url}/api/session/self`;
  const bearer = ['-H', `Authorization: Bearer ${payload.listener_key}`];
  const as = (id: string) => [
    ...bearer,
    ...introduce(id, { mode: 'supervised', host: payload.key, user: `u-${payload.listener_key}` }),
  ];
  const client = ['-H', `Remotify-Client: me-${payload.key}`, '-A', `agent/${payload.key}`];
  const push = (text: string, ...more: string[]) => ask('-d', text, ...client, ...more, `${api}/commands`);
  await push(`: ${walk.textMark}`, '-H', `Idempotency-Key: ${walk.idempotencyKey}`);
  await push(`: other ${walk.textMark}`, '-H', `Idempotency-Key: ${walk.idempotencyKey}`);
  await ask(...as('one'), `${self}/next`);
  await ask(...as('two'), `${self}/next?wait=0`);
  await ask('-X', 'POST', ...as('two'), `${self}/commands/c1/start`);
  await ask('-d', `no: ${walk.textMark}`, ...as('one'), `${self}/commands/c1/decline`);
  await ask('-X', 'POST', ...as('one'), `${self}/commands/c1/start`);
  await ask('-X', 'PUT', '-d', walk.outputMark, `${api}/commands/c1/stdin`);
  await ask('-d', walk.outputMark, ...as('one'), `${self}/commands/c1/output?stream=stdout`);
  await push(`: ${walk.textMark}`);
  await ask(...as('one'), `${self}/next`);
  await ask('-X', 'POST', ...as('one'), `${self}/commands/c2/start`);
  await ask('-d', walk.outputMark, ...as('one'), `${self}/commands/c2/output?stream=stdout&offset=9`);
  await ask('-X', 'POST', ...as('one'), `${self}/leave`);
  await ask(...as('one'), `${self}/next`);
  await ask('-d', `: ${walk.textMark}`, ...client, cmd);
  await ask(`${cmd}?nowait=1`);
  await ask('-d', `${walk.outputMark} ${payload.key}`, result);
  await ask(`${result}?nowait=1`);
  const fill = { method: 'POST', body: `: ${walk.textMark}` };
  await Promise.all(Array.from({ length: 33 }, () => fetch(`${api}/commands`, fill)));
  await push(`: ${walk.textMark}`);
}

/** Causes all other refusals, with keys and marks in every part of a request. */
async function walkIntoRefusals(walk: Walk, ask: Ask): Promise<void> {
  const { relay, token, textMark, keys } = walk;
  const payload = await makeSession(walk);
  const { key, listener_key: listenerKey } = payload;
  const { api, cmd } = payload.urls;
  const [unknown = ''] = keys;
  const { url } = relay;
  const post = (...args: string[]) => ask('-X', 'POST', ...args);
  for (const bad of [`${key}0`, key.toUpperCase(), key.slice(1), `${key}/`, `%63${key}`, `..%2f${key}`]) {
    await ask(`${url}/cmd-${bad}`);
    await ask('-H', `Authorization: Bearer ${bad}`, `${url}/api/session/self/status`);
  }
  await ask(`${url}/${key}/${listenerKey}?key=${key}`);
  await ask('-X', 'PATCH', api);
  await ask(`${url}/api/session/self`);
  await ask('-H', `Authorization: Basic ${key}`, `${url}/api/session/self`);
  await post('-H', `Authorization: Bearer wrong-${token}`, `${url}/api/session`);
  await ask('-H', `Host: ${key}.example`, api);
  await ask('-H', `Origin: https://${key}.example`, api);
  await ask(`${url}/cmd-${unknown}`);
  await ask(`${url}/cmd-${listenerKey}`);
  await ask('-H', `Remotify-Listener: ${key}`, `${url}/api/session/${key}/next`);
  await ask('-H', `Remotify-Listener: ${key}!`, `${url}/api/session/${listenerKey}/next`);
  await ask(`${api}/commands/c999`);
  await ask(`${api}/status?after=${key}`);
  await ask('-d', '', cmd);
  await post('-H', 'Content-Encoding: gzip', '-d', `${textMark} ${key}`, cmd);
  await post('-H', `Content-Encoding: ${key}`, '-d', textMark, cmd);
  const tooMuch = ['-H', 'Content-Length: 99999999', '-H', 'Expect:', '--max-time', '5'];
  await post(...tooMuch, '-d', `${textMark}`, cmd);
  const nul = await curl(['--data-binary', '@-', cmd], { stdin: `: ${textMark}\0${key}` });
  walk.refused.set(nul.headers['remotify-error'] ?? '', nul.text);
  await ask('-d', `: ${textMark}`, `${api}/commands?timeout=${key}`);
  await ask('-d', `: ${textMark}`, '-H', `Idempotency-Key: ${key.repeat(5)}`, `${api}/commands`);
  for (const noise of [
    `${key} ${textMark}\r\n\r\n`,
    `GET /cmd-${key} HTTP/9.9\r\n\r\n`,
    `POST /cmd-${key} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n${textMark}`,
  ]) {
    const socket = createConnection(relay.port, '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.end(noise);
    await withDeadline(once(socket, 'close'), 10_000, 'the relay closes the connection');
  }
  for (let count = 0; count < 9 && !walk.refused.has('rate_limited'); count += 1) {
    await post('-H', `Authorization: Bearer ${key}`, `${url}/api/session`);
  }
}

/**
 * Refusals that this test does not cause, and whose texts are fixed: they need a flood, an hour of pushes, a broken or full disk, a broken
 * relay, a relay that is shutting down, or a peer that does not read them.
 */
const elsewhere: readonly RefusalCode[] = [
  'internal',
  'too_many_headers',
  'relay_busy',
  'draining',
  'storage_busy',
  'storage_full',
  'session_quota',
  'address_quota',
  'too_many_sessions',
  'too_many_keys',
  'body_cut',
];

async function readStore(folder: string): Promise<{ names: string; stored: string }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = await Promise.all(
    files.map(({ parentPath, name }) => readFile(`${parentPath}/${name}`, 'latin1')),
  );
  const own = files.map(({ name }, at) => (name === 'journal' ? (texts[at] ?? '') : ''));
  return { names: entries.map(({ name }) => name).join('\n'), stored: own.join('\n') };
}

const settings: [string, string[]][] = [
  ['silent', []],
  ['text', ['--log', 'text', '--audit-log']],
  ['json', ['--log', 'json', '--audit-log', '1', '--metrics', '0']],
  ['text, with scripts', ['--log', 'text', '--audit-log', 'text', '--metrics', '0']],
  ['json, with scripts', ['--log', 'json', '--audit-log', 'text']],
];

test.concurrent.for(settings)(
  'no key, token, script or output appears in logs, metrics or refusals: log settings: %s',
  { timeout: 60_000 },
  async ([, flags], context) => {
    const folder = await makeTemporaryFolder();
    context.onTestFinished(folder.remove);
    const walk = await makeWalk(flags, `file:${folder.path}/store`, context.onTestFinished);
    const { relay, refused, keys, token, textMark, outputMark, idempotencyKey } = walk;
    const ask = asker(walk);
    await walkWithListener(walk, ask);
    await walkByHand(walk, ask);
    await walkIntoRefusals(walk, ask);
    const metrics = relay.metrics === undefined ? '' : (await curl([relay.metrics])).text;
    await relay.kill('SIGTERM');

    const missed = Object.keys(refusals).filter(
      (code) => !refused.has(code) && !elsewhere.includes(code as RefusalCode),
    );
    expect(missed).toEqual([]);
    const { names, stored } = await readStore(`${folder.path}/store`);
    const withText = flags.includes('text') && flags[flags.indexOf('--audit-log') + 1] === 'text';
    const places = { stderr: relay.stderr(), stdout: relay.stdout(), metrics, names, stored };
    const secrets: Record<string, string> = { token, textMark, outputMark };
    keys.forEach((key, at) => {
      secrets[`key ${at}`] = key;
    });
    const leaks: string[] = [];
    const all = {
      ...places,
      ...Object.fromEntries([...refused].map(([code, text]) => [`refusal ${code}`, text])),
    };
    for (const [place, text] of Object.entries(all)) {
      for (const [name, secret] of Object.entries(secrets)) {
        // Scripts belong in an audit log with text, and scripts and output in the store.
        const isMeant = (place === 'stderr' && name === 'textMark' && withText) || place === 'stored';
        if (!(isMeant && !name.startsWith('key')) && text.toLowerCase().includes(secret.toLowerCase()))
          leaks.push(`${name} in ${place}`);
      }
      // Not even 12 digits of a key may appear.
      for (const key of keys) {
        const digits = text.toLowerCase();
        if (digits.includes(key.slice(0, 12)) || digits.includes(key.slice(-12)))
          leaks.push(`a key in ${place}`);
      }
      if (place !== 'stored' && text.includes(idempotencyKey)) leaks.push(`idempotency key in ${place}`);
    }
    expect(leaks).toEqual([]);
    expect(relay.stderr().includes(textMark)).toBe(withText);
  },
);

test('the name of a session on disk is the SHA-256 of its listener key', async () => {
  const folder = await makeTemporaryFolder();
  onTestFinished(folder.remove);
  const relay = await startRelay({ store: `file:${folder.path}/store` });
  onTestFinished(relay.stop);
  const made = await curl(['-X', 'POST', `${relay.url}/api/session`]);
  const { listener_key: listenerKey } = made.json<SessionPayload>();
  const name = createHash('sha256').update(listenerKey).digest('hex');
  await eventually('the session is on disk', 5_000, async () =>
    (await readFile(`${folder.path}/store/journal`, 'utf8')).includes(name),
  );
});

import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { describeClient } from '../../src/cli/describe-client.ts';
import type { AnswerFault, FaultProxy } from '../harness/fault-proxy.ts';
import { isLong } from '../harness/is-long.ts';
import type { Remote } from '../harness/remote.ts';
import { type Ledger, makeLedger, waitForEnd, startBehindProxy, startFor, startRemoteFor } from './rig.ts';

const timeout = 400_000;

type Bad = { name: string; fault: AnswerFault };

const script = 'echo own;echo own >>$L';

const from = describeClient(packageJson.version).replaceAll(/[^A-Za-z0-9._@/,+-]/g, '_');

/** The frame that the relay sends for the first command of a session. */
function frame({ magic = 'remotify/1', id = 'c1', size = script.length, text = script, end = 'c1' } = {}) {
  return `${magic} run ${id} ${size} timeout=0 merge=0 stdin=0 from=${from}\n${text}\n${magic} end ${end}\n`;
}

const foreign = 'echo foreign|tee -a $L';
const whole = frame();

function canned(name: string, body: string | Uint8Array, status = 200, type = 'text/plain'): Bad {
  return { name, fault: { fault: 'canned', status, type, body } };
}

const everyByte = Array.from(Buffer.from(whole).keys());

const cuts: Bad[] = [
  ...everyByte.map(
    (at): Bad => ({
      name: `shortened to ${at} bytes, with a matching length`,
      fault: { fault: 'short', at },
    }),
  ),
  ...(isLong ? everyByte : [0, 1, 46, whole.length - 1]).map(
    (at): Bad => ({ name: `cut after ${at} bytes`, fault: { fault: 'cut', at } }),
  ),
];

/** Responses with status 200 that do not come from the relay, as seen on all kinds of networks. */
const strangers: Bad[] = [
  canned('a sign-in page', '<!DOCTYPE html>\n<title>Sign in to continue</title>\n<form method=post>\n'),
  canned('a page that redirects', '<meta http-equiv=refresh content="0; url=http://login.example/">\n'),
  canned('a script that redirects', '<script>location.href="http://login.example/?u="+document.URL</script>'),
  canned(
    'a hotspot that says Success',
    '<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>\n',
  ),
  canned('a network test', 'Microsoft Connect Test', 200, 'text/plain'),
  canned('a blocked category', '<h1>Web Page Blocked</h1><p>Category: proxy-avoidance</p>\n'),
  canned('a quota that is used up', '<h1>Your data plan is used up</h1>\n'),
  canned('a proxy that asks to agree', '<h1>Acceptable use</h1><a href="/accept">I agree</a>\n'),
  canned('a cache that failed', '<h1>ERROR</h1><p>The requested URL could not be retrieved</p>\n'),
  canned('a gateway that is down', '<html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>\n'),
  canned('a maintenance page', '<h1>We will be back soon</h1>\n'),
  canned('a parked domain', '<title>This domain is for sale</title>\n'),
  canned('a challenge', '<title>Just a moment...</title><noscript>Enable JavaScript</noscript>\n'),
  canned('a default page', '<title>Welcome to nginx!</title>\n'),
  canned('a listing', '<title>Index of /</title><pre><a href="../">../</a></pre>\n'),
  canned('a spinner of an application', '<div id=root></div><script src=/static/main.js></script>\n'),
  canned('a scanner that delays the download', '<p>Your download is being scanned</p>\n'),
  canned('an answer of SOAP', '<soap:Envelope><soap:Body/></soap:Envelope>\n', 200, 'text/xml'),
  canned('an image of one pixel', Buffer.from('R0lGODlhAQABAAAAACw=', 'base64'), 200, 'image/gif'),
  canned('a bare newline', '\n'),
  canned('NULs', Buffer.alloc(600)),
  canned('64 KiB of a page', `<!-- ${foreign}\n${'x'.repeat(65_536)} -->\n`),
];

const pages: Bad[] = [
  ...strangers,
  canned('HTML', `<!DOCTYPE html>\n<p>Sign in</p>\n<!--\n${foreign}\n-->\n`, 200, 'text/html'),
  canned('nothing', ''),
  canned('JSON', JSON.stringify({ ok: true, cmd: foreign }), 200, 'application/json'),
  canned('a bare command', `${foreign}\n`),
  canned('a command of the slots, 502', `${foreign}\n`, 502),
  canned('one byte more than declared', frame({ size: foreign.length - 1, text: foreign })),
  canned('one byte less than declared', frame({ size: foreign.length + 1, text: foreign })),
  canned('a length below zero', frame({ size: -1, text: foreign })),
  canned('a length that is not a number', frame({ size: Number.NaN, text: foreign })),
  canned('a length too large for bash arithmetic', frame({ size: 1e20, text: foreign })),
  canned('another magic', frame({ magic: 'remotify/2', size: foreign.length, text: foreign })),
  canned('another end', frame({ end: 'c2', size: foreign.length, text: foreign })),
  canned('an invalid id', frame({ id: 'c0', end: 'c0', size: foreign.length, text: foreign })),
  canned('a path for an id', frame({ id: 'c1/../c2', end: 'c1/../c2', size: foreign.length, text: foreign })),
  canned('CRLF line ends', frame({ size: foreign.length, text: foreign }).replaceAll('\n', '\r\n')),
  canned('a byte order mark', `\ufeff${frame({ size: foreign.length, text: foreign })}`),
  canned('a newline after the frame', `${frame({ size: foreign.length, text: foreign })}\n`),
  canned('two frames', frame({ size: foreign.length, text: foreign }).repeat(2)),
  canned('a gzip frame', gzipSync(frame({ size: foreign.length, text: foreign }))),
  canned('a frame without its first bytes', frame({ size: foreign.length, text: foreign }).slice(9)),
];

/** Gives each listener its share of the bad answers, one after the other, instead of its command; then the command. */
function handOut(proxy: FaultProxy, shares: Bad[][]): { left: () => string[] } {
  const queues = new Map<string, Bad[]>();
  const free = [...shares];
  proxy.setRules({
    onAnswer: ({ verb, identity }, { status, body }) => {
      if (verb !== 'next' || status !== 200) return undefined;
      // The bad answers are variants of exactly this frame.
      if (body.toString('latin1') !== whole) throw new Error(`unexpected frame: ${body.toString()}`);
      const share = queues.get(identity) ?? free.pop() ?? [];
      queues.set(identity, share);
      return share.shift()?.fault;
    },
  });
  return { left: () => [...free, ...queues.values()].flat().map(({ name }) => name) };
}

async function expectOwnCommandOnly(remote: Remote, ledger: Ledger): Promise<void> {
  const exec = startFor(remote, ['exec', script]);
  const { code, text } = await waitForEnd(exec, 'the command ends', 360_000);
  expect([code, text]).toEqual([0, 'own\n']);
  expect(await ledger.lines()).toEqual(['own']);
}

/** After each bad answer a listener pauses: several listeners share the answers. */
async function expectHarmless(bad: Bad[], listeners: number): Promise<void> {
  const { proxy, url } = await startBehindProxy();
  const startSite = async () => {
    const ledger = await makeLedger();
    return { ledger, remote: await startRemoteFor({ url }, { L: ledger.path }) };
  };
  const sites = await Promise.all(Array.from({ length: listeners }, startSite));
  const shares = sites.map((_, nth) => bad.filter((_bad, at) => at % listeners === nth));
  const { left } = handOut(proxy, shares);
  await Promise.all(sites.map(({ remote, ledger }) => expectOwnCommandOnly(remote, ledger)));
  expect(left()).toEqual([]);
}

test(
  'a frame truncated at any byte: the command does not run; then the complete frame: it runs once',
  { timeout },
  () => expectHarmless(cuts, 12),
);

test(
  'a response that is not a valid frame: nothing runs; then the frame: the command runs once',
  { timeout },
  () => expectHarmless(pages, 12),
);

// The listener must reject these bodies also where the head looks like the relay's.
test('an invalid frame with the response headers of the relay: nothing runs; then the frame: the command runs once', {
  timeout,
}, () => {
  const rewritten = pages.flatMap(({ name, fault }): Bad[] =>
    fault.fault === 'canned' ? [{ name, fault: { fault: 'rewrite', body: fault.body } }] : [],
  );
  expect(rewritten.length).toBeGreaterThanOrEqual(40);
  return expectHarmless(rewritten, 5);
});

test('a cache repeats the frame of a command that ran: the command does not run again', {
  timeout,
}, async () => {
  const { proxy, url } = await startBehindProxy();
  const ledger = await makeLedger();
  const remote = await startRemoteFor({ url }, { L: ledger.path });
  await expectOwnCommandOnly(remote, ledger);
  const stale: AnswerFault[] = [{ fault: 'canned', status: 200, body: whole }];
  proxy.setRules({
    onAnswer: ({ verb }, { status }) => (verb === 'next' && status === 200 ? stale.pop() : undefined),
  });
  const { text } = await remote.run(['exec', 'echo next >>$L; echo next'], { deadlineMs: 60_000 });
  expect(text).toBe('next\n');
  expect(await ledger.lines()).toEqual(['own', 'next']);
});

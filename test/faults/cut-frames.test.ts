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

/** What the relay says: the command is the first of its session. */
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
  ...everyByte.map((at): Bad => ({ name: `made to fit ${at} bytes`, fault: { fault: 'short', at } })),
  ...(isLong ? everyByte : [0, 1, 46, whole.length - 1]).map(
    (at): Bad => ({ name: `cut after ${at} bytes`, fault: { fault: 'cut', at } }),
  ),
];

/** What stands in the relay's place on networks of all kinds, with a status of 200. */
const strangers: Bad[] = [
  canned('a sign-in page', '<!DOCTYPE html>\n<title>Sign in to continue</title>\n<form method=post>\n'),
  canned(
    'a page that goes on elsewhere',
    '<meta http-equiv=refresh content="0; url=http://login.example/">\n',
  ),
  canned(
    'a script that goes on elsewhere',
    '<script>location.href="http://login.example/?u="+document.URL</script>',
  ),
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
  canned('a scanner that holds it back', '<p>Your download is being scanned</p>\n'),
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
  canned('one byte more than it says', frame({ size: foreign.length - 1, text: foreign })),
  canned('one byte less than it says', frame({ size: foreign.length + 1, text: foreign })),
  canned('a length below zero', frame({ size: -1, text: foreign })),
  canned('a length that is none', frame({ size: Number.NaN, text: foreign })),
  canned('a longer length than bash can count', frame({ size: 1e20, text: foreign })),
  canned('another magic', frame({ magic: 'remotify/2', size: foreign.length, text: foreign })),
  canned('another end', frame({ end: 'c2', size: foreign.length, text: foreign })),
  canned('an id that is none', frame({ id: 'c0', end: 'c0', size: foreign.length, text: foreign })),
  canned('a path for an id', frame({ id: 'c1/../c2', end: 'c1/../c2', size: foreign.length, text: foreign })),
  canned(
    'line ends of another kind',
    frame({ size: foreign.length, text: foreign }).replaceAll('\n', '\r\n'),
  ),
  canned('a byte order mark', `\ufeff${frame({ size: foreign.length, text: foreign })}`),
  canned('something behind it', `${frame({ size: foreign.length, text: foreign })}\n`),
  canned('two of them', frame({ size: foreign.length, text: foreign }).repeat(2)),
  canned('packed', gzipSync(frame({ size: foreign.length, text: foreign }))),
  canned('without its head', frame({ size: foreign.length, text: foreign }).slice(9)),
];

/** Gives each listener its share in place of its command, one bad answer after the other, and then the command. */
function handOut(proxy: FaultProxy, shares: Bad[][]): { left: () => string[] } {
  const queues = new Map<string, Bad[]>();
  const free = [...shares];
  proxy.setRules({
    onAnswer: ({ verb, identity }, { status, body }) => {
      if (verb !== 'next' || status !== 200) return undefined;
      // The bad answers were made for this frame and no other.
      if (body.toString('latin1') !== whole)
        throw new Error(`not the frame that was foreseen: ${body.toString()}`);
      const share = queues.get(identity) ?? free.pop() ?? [];
      queues.set(identity, share);
      return share.shift()?.fault;
    },
  });
  return { left: () => [...free, ...queues.values()].flat().map(({ name }) => name) };
}

async function expectOwnCommandOnly(remote: Remote, ledger: Ledger): Promise<void> {
  const exec = startFor(remote, ['exec', script]);
  const { code, text } = await waitForEnd(exec, 'the command runs in the end', 360_000);
  expect([code, text]).toEqual([0, 'own\n']);
  expect(await ledger.lines()).toEqual(['own']);
}

/** A bad answer costs its listener a pause: they are shared out. */
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

test('a command that is cut at any byte does not run, and then runs once', { timeout }, () =>
  expectHarmless(cuts, 12),
);

test('what is no command does not run, and then the command does, once', { timeout }, () =>
  expectHarmless(pages, 12),
);

// So that they are known by what they say, not only by their heads.
test('nor does it under the head of the relay', { timeout }, () => {
  const rewritten = pages.flatMap(({ name, fault }): Bad[] =>
    fault.fault === 'canned' ? [{ name, fault: { fault: 'rewrite', body: fault.body } }] : [],
  );
  expect(rewritten.length).toBeGreaterThanOrEqual(40);
  return expectHarmless(rewritten, 5);
});

test('the frame of a command that ran, from a cache on the way: it does not run again', {
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

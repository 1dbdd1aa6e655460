import { request } from 'node:http';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { withDeadline } from '../harness/deadline.ts';
import { sendRaw } from '../harness/raw-connection.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';

// Which address counts is seen by the rate limit: of two sessions from one address, the second is refused.

/** From where the connection comes (loopback has 16 million addresses) and what its X-Forwarded-For headers say. */
type Sender = { from?: string; said?: string[] };

/** Every row has addresses of its own: `N` stands for its number in all of them. */
let row = 0;

function makeSession(relay: Relay, { from = '127.0.0.1', said = [] }: Sender): Promise<number> {
  const answered = new Promise<number>((resolve, reject) => {
    const headers = said.flatMap((value) => ['X-Forwarded-For', value.replaceAll('N', String(row))]);
    const sent = request({
      host: '127.0.0.1',
      port: relay.port,
      method: 'POST',
      path: '/api/session',
      localAddress: from.replaceAll('N', String(row)),
      agent: false,
      headers: ['Host', `127.0.0.1:${relay.port}`, 'Content-Length', '0', ...headers],
    });
    sent.once('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.once('error', reject);
    sent.end();
  });
  return withDeadline(answered, 5_000, 'the relay answers');
}

/** The two are the same address to the relay, and none that it has seen before. */
async function expectSame(relay: Relay, first: Sender, second: Sender): Promise<void> {
  expect(await makeSession(relay, first)).toBe(201);
  expect(await makeSession(relay, second)).toBe(429);
}

async function expectOthers(relay: Relay, first: Sender, second: Sender): Promise<void> {
  expect(await makeSession(relay, first)).toBe(201);
  expect(await makeSession(relay, second)).toBe(201);
}

const flags = ['--rate-limit', '1r/m', '--rate-limit-burst', '0'];

type Row = [title: string, expectIt: typeof expectSame, first: Sender, second: Sender];

function describeRelay(title: string, trust: string[], rows: Row[]): void {
  describe(title, () => {
    let relay: Relay;
    beforeAll(async () => {
      relay = await startRelay({ flags: [...flags, ...trust] });
      return relay.stop;
    });
    test.each(rows)('%s', async (_title, expectIt, first, second) => {
      row += 1;
      await expectIt(relay, first, second);
    });
  });
}

const peer = '127.1.1.N';

describeRelay(
  'without --trust-proxy',
  [],
  [
    [
      'no X-Forwarded-For is believed',
      expectSame,
      { from: peer, said: ['192.0.2.N'] },
      { from: peer, said: ['198.51.100.N'] },
    ],
    ['what counts is who connects', expectOthers, { from: '127.1.2.N' }, { from: '127.1.3.N' }],
    [
      'the same address in the header does not join two that connect',
      expectOthers,
      { from: '127.1.2.N', said: ['192.0.2.N'] },
      { from: '127.1.3.N', said: ['192.0.2.N'] },
    ],
  ],
);

describeRelay(
  '--trust-proxy 1',
  ['--trust-proxy', '1'],
  [
    ['the last address counts', expectOthers, { said: ['192.0.2.N'] }, { said: ['198.51.100.N'] }],
    [
      'whichever proxy connects',
      expectSame,
      { from: '127.1.2.N', said: ['192.0.2.N'] },
      { from: '127.1.3.N', said: ['192.0.2.N'] },
    ],
    [
      'what a client says of itself stands further left, and is nothing',
      expectSame,
      { said: ['203.0.113.1, 192.0.2.N'] },
      { said: ['203.0.113.2, 10.0.0.1, 192.0.2.N'] },
    ],
    [
      'of several headers the last one is the last',
      expectSame,
      { said: ['203.0.113.1', '192.0.2.N'] },
      { said: ['203.0.113.2', '203.0.113.3', '192.0.2.N'] },
    ],
    [
      'several headers and lists in them',
      expectOthers,
      { said: ['192.0.2.N, 203.0.113.1', '203.0.113.2, 198.51.100.N'] },
      { said: ['192.0.2.N, 203.0.113.1', '203.0.113.2, 192.0.2.N'] },
    ],
    ['without the header it is who connects', expectSame, { from: peer }, { from: peer, said: [''] }],
    [
      'junk is nobody: it is who connects',
      expectSame,
      { from: peer, said: ['unknown'] },
      { from: peer, said: ['192.0.2.N, 1.2.3'] },
    ],
    [
      'junk behind an address does not let the address count',
      expectSame,
      { from: peer, said: ['192.0.2.N, '] },
      { from: peer, said: ['198.51.100.N, <script>'] },
    ],
    [
      'junk further left does no harm',
      expectSame,
      { said: ['\u00ff\u00a0junk,,,;;;, 192.0.2.N'] },
      { said: ['192.0.2.N'] },
    ],
    [
      'thousands of addresses further left do no harm',
      expectSame,
      { said: [`${'203.0.113.1,'.repeat(1_000)}192.0.2.N`] },
      { said: ['192.0.2.N'] },
    ],
    [
      'spaces and tabs around it are nothing',
      expectSame,
      { said: ['203.0.113.1,\t 192.0.2.N \t'] },
      { said: ['192.0.2.N'] },
    ],
    ['a port is nothing', expectSame, { said: ['192.0.2.N:4711'] }, { said: ['192.0.2.N:4712'] }],
    [
      'nor is it with IPv6',
      expectSame,
      { said: ['[2001:db8:1:N::1]:4711'] },
      { said: ['[2001:db8:1:N::1]:4712'] },
    ],
    ['brackets are nothing', expectSame, { said: ['[2001:db8:2:N::1]'] }, { said: ['2001:db8:2:N::1'] }],
    ['IPv6 counts by its /64', expectSame, { said: ['2001:db8:3:N::1'] }, { said: ['2001:db8:3:N:f:f:f:f'] }],
    ['and by no less', expectOthers, { said: ['2001:db8:4:N::1'] }, { said: ['2001:db8:5:N::1'] }],
    [
      'however it is written',
      expectSame,
      { said: ['2001:0DB8:0006:N:0000::1'] },
      { said: ['2001:db8:6:N::1'] },
    ],
    ['IPv4 in IPv6 is IPv4', expectSame, { said: ['::ffff:192.0.2.N'] }, { said: ['192.0.2.N'] }],
    [
      'in every spelling',
      expectSame,
      { said: ['0:0:0:0:0:FFFF:192.0.2.N'] },
      { said: ['[::ffff:192.0.2.N]:80'] },
    ],
    [
      'and one of them is not the others',
      expectOthers,
      { said: ['::ffff:192.0.2.N'] },
      { said: ['0:0:0:0:0:ffff:198.51.100.N'] },
    ],
    ['in hexadecimal, too', expectOthers, { said: ['::ffff:cb00:71a1'] }, { said: ['::ffff:cb00:71a2'] }],
    ['a zone is nothing', expectSame, { said: ['fe80:N::1%eth0'] }, { said: ['fe80:N::1%eth1'] }],
    [
      'the header of another kind is nothing',
      expectSame,
      { from: peer },
      { from: peer, said: ['for=192.0.2.N'] },
    ],
  ],
);

describeRelay(
  '--trust-proxy 2',
  ['--trust-proxy', '2'],
  [
    [
      'the last but one counts',
      expectSame,
      { said: ['203.0.113.1, 192.0.2.N, 10.0.0.1'] },
      { said: ['203.0.113.2, 192.0.2.N, 10.0.0.2'] },
    ],
    ['and no other', expectOthers, { said: ['192.0.2.N, 10.0.0.1'] }, { said: ['198.51.100.N, 10.0.0.1'] }],
    [
      'where one proxy was passed by, the one that there is counts, not who connects',
      expectSame,
      { from: '127.1.2.N', said: ['192.0.2.N'] },
      { from: '127.1.3.N', said: ['192.0.2.N'] },
    ],
    [
      'junk in that place is nobody: the proxy behind it counts',
      expectSame,
      { said: ['junk, 10.1.0.N'] },
      { said: ['203.0.113.1, junk, 10.1.0.N'] },
    ],
  ],
);

describeRelay(
  '--trust-proxy with networks',
  ['--trust-proxy', '127.9.0.0/16,10.0.0.0/8,fd00::/8,2001:db8:aaaa::1'],
  [
    [
      'one who connects from elsewhere is not believed',
      expectSame,
      { from: peer, said: ['192.0.2.N'] },
      { from: peer, said: ['198.51.100.N'] },
    ],
    [
      'one in a network is',
      expectOthers,
      { from: '127.9.1.1', said: ['192.0.2.N'] },
      { from: '127.9.1.1', said: ['198.51.100.N'] },
    ],
    [
      'the first address from the right that is in none counts, through however many',
      expectSame,
      { from: '127.9.1.1', said: ['192.0.2.N, 10.1.1.1', 'fd12::1, 2001:db8:aaaa::1'] },
      { from: '127.9.255.255', said: ['203.0.113.1, 192.0.2.N'] },
    ],
    [
      'a single address is one address',
      expectSame,
      { from: '127.9.1.1', said: ['192.0.2.N, 2001:db8:N:aaaa::2'] },
      { from: '127.9.1.1', said: ['198.51.100.N, 2001:db8:N:aaaa::2'] },
    ],
    [
      'IPv4 in IPv6 is in the network of IPv4',
      expectSame,
      { from: '127.9.1.1', said: ['192.0.2.N, ::ffff:10.1.1.1'] },
      { from: '127.9.1.1', said: ['192.0.2.N, 0:0:0:0:0:ffff:0a01:0101'] },
    ],
    [
      'an address of a network that a client invents is not reached',
      expectSame,
      { from: '127.9.1.1', said: ['203.0.113.1, 10.0.0.1, 192.0.2.N'] },
      { from: '127.9.1.1', said: ['203.0.113.2, 10.0.0.1, 192.0.2.N, 10.0.0.3'] },
    ],
    [
      'where all of them are proxies, the furthest one counts',
      expectSame,
      { from: '127.9.1.1', said: ['10.3.3.N, 10.1.1.1'] },
      { from: '127.9.1.2', said: ['10.3.3.N'] },
    ],
    [
      'junk ends the walk at the last one that is known',
      expectSame,
      { from: '127.9.1.1', said: ['192.0.2.N, junk, 10.4.4.N'] },
      { from: '127.9.1.2', said: ['198.51.100.N, , 10.4.4.N'] },
    ],
  ],
);

test('headers by the thousand do not push out what the proxy added behind them', async () => {
  const relay = await startRelay({ flags: [...flags, '--trust-proxy', '1'] });
  onTestFinished(relay.stop);
  const make = async (invented: string, count: number) => {
    const lines = [
      'POST /api/session HTTP/1.1',
      'Host: localhost',
      'Content-Length: 0',
      `X-Forwarded-For: ${invented}`,
      ...Array.from({ length: count }, () => 'a:'),
      'X-Forwarded-For: 192.0.2.250',
    ];
    const answer = await sendRaw(relay, `${lines.join('\r\n')}\r\n\r\n`);
    return answer === 'closed' ? answer : answer.status;
  };
  expect(await make('203.0.113.1', 0)).toBe(201);
  expect(await make('203.0.113.2', 900)).toBe(429);
  for (const count of [995, 996, 997, 1_000, 1_500, 3_000]) {
    expect([429, 431], `${count} headers`).toContain(await make(`203.0.113.${count % 250}`, count));
  }
});

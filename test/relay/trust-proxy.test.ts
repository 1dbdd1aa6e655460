import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { withDeadline } from '../harness/deadline.ts';
import { sendRaw } from '../harness/raw-connection.ts';
import { type Relay, startRelay } from '../harness/relay-process.ts';
import { forTest } from '../harness/for-test.ts';
import { useRelay } from '../harness/use-relay.ts';

// The rate limit shows which address the relay uses: of two new sessions from one address, it refuses the second.

/** The address of the connection (loopback has 16 million addresses), and its X-Forwarded-For headers. */
type Sender = { from?: string; said?: string[] };

/** Every row has its own addresses: the number of the row replaces `N` in all of them. */
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

/** Expects that both have the same address for the relay, which it has not seen before. */
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
    const relay = useRelay({ flags: [...flags, ...trust] });
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
      'X-Forwarded-For is ignored',
      expectSame,
      { from: peer, said: ['192.0.2.N'] },
      { from: peer, said: ['198.51.100.N'] },
    ],
    ['the address of the connection counts', expectOthers, { from: '127.1.2.N' }, { from: '127.1.3.N' }],
    [
      'two connections with the same address in the header: they have different addresses',
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
      'the last address counts, whichever proxy connects',
      expectSame,
      { from: '127.1.2.N', said: ['192.0.2.N'] },
      { from: '127.1.3.N', said: ['192.0.2.N'] },
    ],
    [
      'addresses further left, which a client can add, do not count',
      expectSame,
      { said: ['203.0.113.1, 192.0.2.N'] },
      { said: ['203.0.113.2, 10.0.0.1, 192.0.2.N'] },
    ],
    [
      'several headers: the last one has the last address',
      expectSame,
      { said: ['203.0.113.1', '192.0.2.N'] },
      { said: ['203.0.113.2', '203.0.113.3', '192.0.2.N'] },
    ],
    [
      'several headers with lists: the last address of the last list counts',
      expectOthers,
      { said: ['192.0.2.N, 203.0.113.1', '203.0.113.2, 198.51.100.N'] },
      { said: ['192.0.2.N, 203.0.113.1', '203.0.113.2, 192.0.2.N'] },
    ],
    [
      'missing or empty header: the address of the connection counts',
      expectSame,
      { from: peer },
      { from: peer, said: [''] },
    ],
    [
      'last entry is malformed: the address of the connection counts',
      expectSame,
      { from: peer, said: ['unknown'] },
      { from: peer, said: ['192.0.2.N, 1.2.3'] },
    ],
    [
      'malformed last entry after an address: the address of the connection counts',
      expectSame,
      { from: peer, said: ['192.0.2.N, '] },
      { from: peer, said: ['198.51.100.N, <script>'] },
    ],
    [
      'malformed entries further left: the last address counts',
      expectSame,
      { said: ['\u00ff\u00a0junk,,,;;;, 192.0.2.N'] },
      { said: ['192.0.2.N'] },
    ],
    [
      'a thousand addresses further left: the last address counts',
      expectSame,
      { said: [`${'203.0.113.1,'.repeat(1_000)}192.0.2.N`] },
      { said: ['192.0.2.N'] },
    ],
    [
      'spaces and tabs around an address are ignored',
      expectSame,
      { said: ['203.0.113.1,\t 192.0.2.N \t'] },
      { said: ['192.0.2.N'] },
    ],
    [
      'the port of an address is ignored',
      expectSame,
      { said: ['192.0.2.N:4711'] },
      { said: ['192.0.2.N:4712'] },
    ],
    [
      'the port of an IPv6 address is ignored',
      expectSame,
      { said: ['[2001:db8:1:N::1]:4711'] },
      { said: ['[2001:db8:1:N::1]:4712'] },
    ],
    [
      'brackets around an IPv6 address are ignored',
      expectSame,
      { said: ['[2001:db8:2:N::1]'] },
      { said: ['2001:db8:2:N::1'] },
    ],
    ['IPv6 counts by its /64', expectSame, { said: ['2001:db8:3:N::1'] }, { said: ['2001:db8:3:N:f:f:f:f'] }],
    [
      'IPv6 addresses in different /64 are different',
      expectOthers,
      { said: ['2001:db8:4:N::1'] },
      { said: ['2001:db8:5:N::1'] },
    ],
    [
      'IPv6 in another spelling is the same address',
      expectSame,
      { said: ['2001:0DB8:0006:N:0000::1'] },
      { said: ['2001:db8:6:N::1'] },
    ],
    ['IPv4 in IPv6 is the IPv4 address', expectSame, { said: ['::ffff:192.0.2.N'] }, { said: ['192.0.2.N'] }],
    [
      'IPv4 in IPv6 in another spelling, with a port, is the same address',
      expectSame,
      { said: ['0:0:0:0:0:FFFF:192.0.2.N'] },
      { said: ['[::ffff:192.0.2.N]:80'] },
    ],
    [
      'different IPv4 addresses in IPv6 are different',
      expectOthers,
      { said: ['::ffff:192.0.2.N'] },
      { said: ['0:0:0:0:0:ffff:198.51.100.N'] },
    ],
    [
      'different IPv4 addresses in IPv6, in hexadecimal, are different',
      expectOthers,
      { said: ['::ffff:cb00:71a1'] },
      { said: ['::ffff:cb00:71a2'] },
    ],
    [
      'the zone of an IPv6 address is ignored',
      expectSame,
      { said: ['fe80:N::1%eth0'] },
      { said: ['fe80:N::1%eth1'] },
    ],
    [
      'an entry in the syntax of the Forwarded header is malformed',
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
    [
      'different last but one addresses are different',
      expectOthers,
      { said: ['192.0.2.N, 10.0.0.1'] },
      { said: ['198.51.100.N, 10.0.0.1'] },
    ],
    [
      'list with one address only: that address counts, not the connection',
      expectSame,
      { from: '127.1.2.N', said: ['192.0.2.N'] },
      { from: '127.1.3.N', said: ['192.0.2.N'] },
    ],
    [
      'last but one entry is malformed: the last address counts',
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
      'connection from an untrusted address: the header is ignored',
      expectSame,
      { from: peer, said: ['192.0.2.N'] },
      { from: peer, said: ['198.51.100.N'] },
    ],
    [
      'connection from a trusted network: the header counts',
      expectOthers,
      { from: '127.9.1.1', said: ['192.0.2.N'] },
      { from: '127.9.1.1', said: ['198.51.100.N'] },
    ],
    [
      'any number of trusted proxies: the first untrusted address from the right counts',
      expectSame,
      { from: '127.9.1.1', said: ['192.0.2.N, 10.1.1.1', 'fd12::1, 2001:db8:aaaa::1'] },
      { from: '127.9.255.255', said: ['203.0.113.1, 192.0.2.N'] },
    ],
    [
      'trusted single address: other addresses of its network are not trusted',
      expectSame,
      { from: '127.9.1.1', said: ['192.0.2.N, 2001:db8:N:aaaa::2'] },
      { from: '127.9.1.1', said: ['198.51.100.N, 2001:db8:N:aaaa::2'] },
    ],
    [
      'IPv4 in IPv6 belongs to the IPv4 network',
      expectSame,
      { from: '127.9.1.1', said: ['192.0.2.N, ::ffff:10.1.1.1'] },
      { from: '127.9.1.1', said: ['192.0.2.N, 0:0:0:0:0:ffff:0a01:0101'] },
    ],
    [
      'trusted address further left, which a client can add: it does not count',
      expectSame,
      { from: '127.9.1.1', said: ['203.0.113.1, 10.0.0.1, 192.0.2.N'] },
      { from: '127.9.1.1', said: ['203.0.113.2, 10.0.0.1, 192.0.2.N, 10.0.0.3'] },
    ],
    [
      'only trusted addresses: the leftmost one counts',
      expectSame,
      { from: '127.9.1.1', said: ['10.3.3.N, 10.1.1.1'] },
      { from: '127.9.1.2', said: ['10.3.3.N'] },
    ],
    [
      'malformed entry: the last valid address before it, from the right, counts',
      expectSame,
      { from: '127.9.1.1', said: ['192.0.2.N, junk, 10.4.4.N'] },
      { from: '127.9.1.2', said: ['198.51.100.N, , 10.4.4.N'] },
    ],
  ],
);

test('thousands of headers before that of the proxy: the address of the proxy counts, or the request gets 431', async () => {
  const relay = await forTest(startRelay({ flags: [...flags, '--trust-proxy', '1'] }));
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

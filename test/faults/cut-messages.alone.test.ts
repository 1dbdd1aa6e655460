import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import type { FaultProxy, ProxiedRequest } from '../harness/fault-proxy.ts';
import { type Message, type MessageForm, renderMessage } from '../harness/http-message.ts';
import { readSession, startSupervised } from '../harness/remote.ts';
import { seed } from '../harness/seed.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { hasTmux } from '../harness/tmux.ts';
import { makeLedger, startBehindProxy, startRemoteFor } from './rig.ts';
import { forTest } from '../harness/for-test.ts';

// Truncates each message between relay and listener, in head and body, with Content-Length and chunked bodies.

const timeout = 3_600_000;

/** Longer than every message here, so that each message is truncated at all of its bytes. */
const longest = 900;

const lanes = 6;

/** Distance in bytes between two tested places; the seed draws the first one. Every ninth byte takes nine minutes. */
const stride = Number(process.env.REMOTIFY_TEST_STRIDE ?? 29);
const firstPlace = seed % stride;

type Cut = { verb: string; side: 'request' | 'answer'; form: MessageForm };

const cutsOf = (verb: string, side: Cut['side']): Cut[] => [
  { verb, side, form: 'content-length' },
  { verb, side, form: 'chunked' },
];

type Cutter = ReturnType<typeof makeCutter>;

/** Truncates messages at the planned place, once for each planned cut; then messages pass unchanged. */
function makeCutter(proxy: FaultProxy) {
  const counts = new Map<string, number>();
  let plan: { at: number; cuts: Cut[] } = { at: 0, cuts: [] };
  const cut = ({ verb }: ProxiedRequest, side: Cut['side'], firstLine: string, message: Message) => {
    for (;;) {
      const nth = plan.cuts.findIndex((one) => one.verb === verb && one.side === side);
      const [next] = nth < 0 ? [] : plan.cuts.splice(nth, 1);
      if (next === undefined) return undefined;
      // The message is shorter than that: skip this cut.
      if (plan.at >= renderMessage(firstLine, message, next.form).length) continue;
      const name = `${verb} ${side} ${next.form}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      return { fault: 'truncate', form: next.form, at: plan.at } as const;
    }
  };
  proxy.setRules({
    onRequest: (request, message) =>
      cut(request, 'request', `${request.method} ${request.target} HTTP/1.1`, message),
    onAnswer: (request, answer) =>
      answer.status === 204
        ? undefined
        : cut(request, 'answer', `HTTP/1.1 ${answer.status} As It Was`, answer),
  });
  return {
    counts,
    setPlan: (at: number, cuts: Cut[]) => {
      plan = { at, cuts };
    },
    left: (verb?: string) => plan.cuts.filter((one) => verb === undefined || one.verb === verb),
  };
}

/** A PATH with a `sleep` of 0.25 s for the listener's pauses; fractions of a second and the 10 s before KILL stay unchanged. */
async function makeHurry(): Promise<Record<string, string>> {
  const folder = await forTest(makeTemporaryFolder());
  const sleep = join(folder.path, 'sleep');
  const lines = [
    '#!/bin/sh',
    'case $1 in 0.* | 10) exec /bin/sleep "$1" ;; esac',
    'exec /bin/sleep 0.25',
    '',
  ];
  await writeFile(sleep, lines.join('\n'));
  await chmod(sleep, 0o755);
  return { PATH: `${folder.path}${delimiter}${process.env.PATH}` };
}

type View = { id: string; state: string; exit_status: number | null; reason: string | null };

/** A client that bypasses the proxy, so that its messages are complete, and that starts no program. */
async function makeCaller(relay: { url: string }, configDir: string) {
  const { key } = await readSession(configDir);
  const call = async (method: string, path: string, body?: string): Promise<Response> => {
    const answer = await fetch(`${relay.url}/api/session/self/commands${path}`, {
      method,
      headers: { authorization: `Bearer ${key}` },
      ...(body !== undefined && { body }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const view = async (id: string) => (await (await call('GET', `/${id}`)).json()) as View;
  return {
    call,
    push: async (script: string, query = '') =>
      ((await (await call('POST', query, script)).json()) as View).id,
    output: async (id: string) => (await call('GET', `/${id}/output?stream=stdout&offset=0`)).text(),
    ended: (id: string) =>
      eventually(`${id} ends`, 60_000, async () => {
        const seen = await view(id);
        if (!/finished|declined|lost|cancelled/.test(seen.state)) throw new Error(JSON.stringify(seen));
        return seen;
      }),
  };
}

/** Starts `lanes` listeners, each with its own relay and proxy, and shares the places to truncate at among them. */
async function forEachPlace<Site extends { cutter: Cutter }>(
  start: () => Promise<Site>,
  cuts: Cut[],
  visit: (site: Site, place: number) => Promise<void>,
) {
  const sites = await Promise.all(Array.from({ length: lanes }, start));
  await Promise.all(
    sites.map(async (site, lane) => {
      for (let place = firstPlace + lane * stride; place < longest; place += lanes * stride) {
        site.cutter.setPlan(place, [...cuts]);
        await visit(site, place);
        // A request that arrived is sent again when its answer was truncated.
        await eventually(
          `all messages were truncated at ${place}`,
          60_000,
          () => site.cutter.left().length === 0,
        );
      }
    }),
  );
  const total = new Map<string, number>();
  for (const { cutter } of sites)
    for (const [name, count] of cutter.counts) total.set(name, (total.get(name) ?? 0) + count);
  return total;
}

async function startSite() {
  const { proxy, relay, url } = await startBehindProxy();
  const ledger = await makeLedger();
  const remote = await startRemoteFor({ url }, await makeHurry());
  const gates = join(ledger.folder, 'gates');
  await mkdir(gates);
  return { cutter: makeCutter(proxy), ledger, gates, ...(await makeCaller(relay, remote.configDir)) };
}

/** The same with a supervised listener, whose questions the test answers. */
async function startSupervisedSite() {
  const { proxy, relay, url } = await startBehindProxy();
  const ledger = await makeLedger();
  const remote = await forTest(startSupervised({ url }, await makeHurry()));
  const { terminal } = remote;
  const answer = async (text: string) => {
    await eventually('the question is at the end of the screen', 60_000, async () =>
      /\nrun it\? \[[^\]]*\]\n*$/.test(await terminal.screen()),
    );
    await terminal.type(`${text}\n`);
  };
  return { cutter: makeCutter(proxy), ledger, answer, ...(await makeCaller(relay, remote.configDir)) };
}

/** Expects enough cuts of each kind: every message here has at least 150 bytes. */
function expectCuts(total: Map<string, number>, cuts: Cut[], { step = stride, timesEach = 1 } = {}): void {
  for (const { verb, side, form } of cuts) {
    const name = `${verb} ${side} ${form}`;
    expect(total.get(name) ?? 0, name).toBeGreaterThanOrEqual(Math.floor(150 / step) - 1);
    expect(total.get(name) ?? 0, name).toBeLessThan(timesEach * (longest / step + 1));
  }
}

test('poll, output and result messages are truncated: the command runs once, and all of its output arrives', {
  timeout,
}, async () => {
  const cuts = [
    ...cutsOf('next', 'request'),
    ...cutsOf('next', 'answer'),
    ...cutsOf('output', 'request'),
    ...cutsOf('output', 'answer'),
    ...cutsOf('finish', 'request'),
    ...cutsOf('finish', 'answer'),
  ];
  const total = await forEachPlace(
    startSite,
    cuts,
    async ({ push, ended, output, cutter, gates, ledger }, place) => {
      const gate = join(gates, String(place));
      const id = await push(
        `echo first ${place}; until [ -e '${gate}' ]; do /bin/sleep 0.02; done; echo last; echo ${place} >>'${ledger.path}'; exit ${place % 200}`,
      );
      await eventually(`output messages were truncated at ${place}`, 60_000, () => {
        if (cutter.left('output').length > 0) throw new Error(JSON.stringify(cutter.left('output')));
        return true;
      });
      await writeFile(gate, '');
      expect(await ended(id)).toMatchObject({ state: 'finished', exit_status: place % 200 });
      expect(await output(id)).toBe(`first ${place}\nlast\n`);
      expect((await ledger.lines()).filter((line) => line === String(place))).toHaveLength(1);
    },
  );
  expectCuts(total, cuts);
});

test.skipIf(!hasTmux)(
  'start messages are truncated: an approved command runs once',
  { timeout },
  async () => {
    const cuts = [...cutsOf('start', 'request'), ...cutsOf('start', 'answer')];
    const start = async () => {
      const site = await startSupervisedSite();
      // The same command each time, approved with "always": the operator is asked once.
      const script = `echo ran; echo ran >>'${site.ledger.path}'`;
      const id = await site.push(script);
      await site.answer('a');
      await site.ended(id);
      return { ...site, script, count: 1 };
    };
    const total = await forEachPlace(start, cuts, async (site) => {
      const id = await site.push(site.script);
      site.count += 1;
      expect(await site.ended(id)).toMatchObject({ state: 'finished', exit_status: 0 });
      expect(await site.output(id)).toBe('ran\n');
      expect(await site.ledger.lines()).toHaveLength(site.count);
    });
    expectCuts(total, cuts);
  },
);

test.skipIf(!hasTmux)(
  'decline messages are truncated: the command does not run, and the reason arrives',
  { timeout },
  async () => {
    const cuts = [...cutsOf('decline', 'request'), ...cutsOf('decline', 'answer')];
    // Typing an answer takes time: only every second place of a lane.
    const total = await forEachPlace(startSupervisedSite, cuts, async (site, place) => {
      if (Math.floor(place / stride / lanes) % 2 === 1) return site.cutter.setPlan(place, []);
      const id = await site.push(`echo ran >>'${site.ledger.path}'`);
      await site.answer(`n not at ${place}`);
      expect(await site.ended(id)).toMatchObject({ state: 'declined', reason: `not at ${place}` });
      expect(await site.ledger.lines()).toEqual([]);
    });
    expectCuts(total, cuts, { step: 2 * stride });
  },
);

test('control messages are truncated: the command gets a signal exactly once', { timeout }, async () => {
  const cuts = [...cutsOf('control', 'request'), ...cutsOf('control', 'answer')];
  const script =
    'n=0; trap "n=\\$((n + 1))" TERM; echo ready; until [ $n -gt 0 ]; do /bin/sleep 0.02; done; /bin/sleep 0.2; echo told $n; exit 3';
  const total = await forEachPlace(startSite, cuts, async ({ call, push, ended, output }) => {
    const id = await push(script);
    await eventually('the command is ready', 60_000, async () => (await output(id)) === 'ready\n');
    await call('DELETE', `/${id}?signal=TERM`);
    expect(await ended(id)).toMatchObject({ exit_status: 3 });
    expect(await output(id)).toBe('ready\ntold 1\n');
  });
  expectCuts(total, cuts);
});

test('stdin messages are truncated: the command gets its complete stdin once', { timeout }, async () => {
  const cuts = [...cutsOf('stdin', 'request'), ...cutsOf('stdin', 'answer')];
  const total = await forEachPlace(startSite, cuts, async ({ call, push, ended, output, cutter }, place) => {
    const id = await push('cat; echo over', '?stdin=1');
    await call('PUT', `/${id}/stdin?offset=0`, `input ${place}\n`);
    await eventually('stdin was fetched', 60_000, () => cutter.left().length === 0);
    await eventually('the command printed it', 60_000, async () => (await output(id)) === `input ${place}\n`);
    // The feeder has already sent its next request: only the answer can be truncated.
    cutter.setPlan(place, cutsOf('stdin', 'answer'));
    await call('PUT', `/${id}/stdin?offset=${`input ${place}\n`.length}&end=1`, '');
    expect(await ended(id)).toMatchObject({ state: 'finished', exit_status: 0 });
    expect(await output(id)).toBe(`input ${place}\nover\n`);
  });
  // Answers are truncated once for the input and once for its end.
  expectCuts(total, cuts, { timesEach: 2 });
});

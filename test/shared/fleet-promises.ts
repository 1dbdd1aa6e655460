/** Three checks of relays on one Redis in the situations that are easiest to get wrong. Each throws on a failure. */
import assert from 'node:assert/strict';
import { onTestFinished } from 'vitest';
import { startCurl } from '../harness/curl.ts';
import { withDeadline } from '../harness/deadline.ts';
import { createRandom } from '../harness/random.ts';
import { startRedis } from '../harness/redis.ts';
import { startRedisProxy } from '../harness/redis-proxy.ts';
import { introduce, openResource } from '../harness/resource.ts';
import { makeSession } from '../harness/slot-session.ts';
import { Fleet } from './chaos/fleet.ts';
import { forTest } from '../harness/for-test.ts';

type View = { id: string; state: string };

async function startOwn() {
  const redis = await forTest(startRedis());
  const proxy = await forTest(startRedisProxy(redis));
  return { redis, proxy };
}

/**
 * A relay must not refuse a request because of an outdated session in its memory, even when it gets no notice that
 * another relay changed the session.
 */
export async function checkNewestDecides(binary: string): Promise<void> {
  const { proxy } = await startOwn();
  const { relays } = await Fleet.open({ store: proxy.url, count: 2, binary });
  // From here on no relay gets notices of changes.
  proxy.setFate(([word]) => (/^P?SUBSCRIBE$/i.test(word ?? '') ? 'silent' : 'arrives'));
  proxy.cut();
  const session = await makeSession(relays[0] as { url: string });
  const at = (nth: number) => openResource(relays[nth % 2]?.url ?? '', session);
  for (let round = 0; round < 8; round += 1) {
    // Both relays have the session in memory without a queued command.
    assert.equal((await at(round).listen('one', 'GET', '/next?wait=0')).status, 204);
    assert.equal((await at(round + 1).listen('one', 'GET', '/next?wait=0')).status, 204);
    const id = (await at(round).ask('POST', '/commands', `echo ${round}`)).json<View>().id;
    const look = await at(round + 1).listen('one', 'GET', '/next?wait=0');
    assert.equal(look.status, 200, `the other relay sends ${id}: ${look.status}`);
    for (let piece = 0; piece < 6; piece += 1) {
      const path = `/commands/${id}/output?stream=stdout&offset=${piece * 3}`;
      const answer = await at(round + piece).listen('one', 'POST', path, 'abc');
      assert.equal(answer.status, 200, `output at ${piece * 3} is answered ${answer.status} ${answer.text}`);
    }
    const finish = `/commands/${id}/finish?exit_status=0&stdout_offset=18`;
    assert.equal((await at(round + 1).listen('one', 'POST', finish)).status, 200);
    assert.equal((await at(round).ask('GET', `/commands/${id}`)).json<View>().state, 'finished');
  }
}

/** A push without an Idempotency-Key whose answer from Redis is lost before it reaches the relay creates one command. */
export async function checkLostAnswers(binary: string): Promise<void> {
  const { proxy } = await startOwn();
  const { relays } = await Fleet.open({ store: proxy.url, count: 1, binary });
  const relay = relays[0] as { url: string };
  const random = createRandom(20_261);
  let pushed = 0;
  let refused = 0;
  for (let round = 0; round < 4; round += 1) {
    const session = await makeSession(relay);
    const { ask } = openResource(relay.url, session);
    let isArmed = false;
    proxy.setFate(([word]) => {
      if (!isArmed || !/^EVAL(SHA)?$/i.test(word ?? '') || random.oneIn(3)) return 'arrives';
      isArmed = false;
      return 'cut';
    });
    const ids: string[] = [];
    for (let nth = 0; nth < 25; nth += 1) {
      isArmed = true;
      const answer = await ask('POST', '/commands', `echo ${nth}`);
      assert.ok([201, 503].includes(answer.status), `a push is answered ${answer.status} ${answer.text}`);
      if (answer.status === 201) ids.push(answer.json<View>().id);
      else refused += 1;
    }
    isArmed = false;
    const list = (await ask('GET', '/commands')).json<{ commands: View[] }>().commands;
    pushed += ids.length;
    assert.equal(new Set(ids).size, ids.length, 'two pushes have one id');
    assert.ok(
      ids.every((id) => list.some((view) => view.id === id)),
      'a push that was acknowledged is lost',
    );
    assert.ok(list.length <= 25, `${list.length} commands of 25 pushes`);
  }
  assert.ok(proxy.lost() > 20, `${proxy.lost()} answers were lost`);
  assert.ok(pushed > refused, `${refused} of ${pushed + refused} pushes were refused`);
}

/** Shorter than the long poll, which would end by itself. */
const wokenWithinMs = 15_000;

/** A push while the relay of a listener is cut off from Redis must wake the listener after the reconnect. */
export async function checkWakeAfterReconnect(binary: string): Promise<void> {
  const { redis, proxy } = await startOwn();
  const hard = await Fleet.open({ store: proxy.url, count: 1, flags: ['--long-poll', '25s'], binary });
  const calm = await Fleet.open({ store: redis.url, count: 1, binary });
  const session = await makeSession(hard.splitter);
  const url = hard.relays[0]?.url ?? '';
  const bearer = ['-H', `Authorization: Bearer ${session.listener_key}`, ...introduce('one')];
  for (let round = 0; round < 2; round += 1) {
    const held = startCurl([
      ...bearer,
      `${url}/api/session/self/next?wait=25&had=${round === 0 ? '' : `c${round}`}`,
    ]);
    onTestFinished(held.kill);
    await held.sent;
    // The same relay answers this after it has accepted the poll.
    await openResource(url, session).ask('GET', '/status');
    proxy.aim({ port: 1 });
    proxy.cut();
    const push = await openResource(calm.relays[0]?.url ?? '', session).ask(
      'POST',
      '/commands',
      `echo ${round}`,
    );
    assert.equal(push.status, 201, push.text);
    assert.ok(held.isRunning(), 'the poll is held while Redis is unreachable');
    proxy.aim(redis);
    const answer = await withDeadline(held.answer, wokenWithinMs, 'the held poll is answered').catch(
      (error: unknown) => assert.fail(String(error)),
    );
    assert.equal(answer.status, 200, `the held poll is answered ${answer.status}`);
    const { id } = push.json<View>();
    const finish = `/commands/${id}/finish?exit_status=0`;
    assert.equal((await openResource(url, session).listen('one', 'POST', finish)).status, 200);
  }
}

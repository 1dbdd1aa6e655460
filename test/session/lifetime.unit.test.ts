import { describe, expect, test } from 'vitest';
import { listenerGraceMs, listenerSilenceMs, maxSilentRunMs } from '../../src/protocol/limits.ts';
import { claimResult } from '../../src/session/serve-slots.ts';
import { nextDeadline, sessionDeadline } from '../../src/session/time.ts';
import { auto, refusalOf, Scene, startOfTime, supervised } from './scene.ts';

const ann = supervised('ann');
const bob = auto('bob');
const nothing = { session: expect.anything(), result: undefined };

function isGone(scene: Scene): boolean {
  return refusalOf(() => scene.apply((session) => ({ session, result: undefined }), false)) === 'gone';
}

/** A request that changes nothing. */
function ask(scene: Scene): void {
  scene.apply((session) => ({ session, result: undefined }));
}

function deadline(scene: Scene): number {
  return sessionDeadline(scene.session, scene.now, scene.ttlMs) - startOfTime;
}

function nextDue(scene: Scene): number {
  return nextDeadline(scene.session, scene.now, scene.ttlMs) - startOfTime;
}

test('a session expires one lifetime after the last request, plus the granularity of touch()', () => {
  const scene = new Scene();
  scene.skip(scene.ttlMs);
  expect(isGone(scene)).toBe(false);
  scene.skip(60_000);
  expect(isGone(scene)).toBe(true);
  expect(refusalOf(() => ask(scene))).toBe('gone');
});

test('a request restarts the lifetime; the timer does not', () => {
  const scene = new Scene();
  scene.skip(scene.ttlMs - 1);
  ask(scene);
  scene.skip(scene.ttlMs - 1);
  scene.pass(0);
  scene.skip(60_001);
  expect(isGone(scene)).toBe(true);
});

test('a request that touch() does not record: the session still lives a whole lifetime after it', () => {
  const scene = new Scene();
  scene.skip(59_999);
  ask(scene);
  expect(scene.session.touchedAt).toBe(startOfTime);
  scene.skip(scene.ttlMs - 1);
  expect(isGone(scene)).toBe(false);
});

test.each([
  [10_800_000, 60_000],
  [3_600_000, 36_000],
  [1_000, 10],
])('lifetime of %i ms: touch() records a request after %i ms', (ttlMs, granularityMs) => {
  const scene = new Scene();
  scene.ttlMs = ttlMs;
  scene.skip(granularityMs - 1);
  ask(scene);
  expect(scene.session.touchedAt).toBe(startOfTime);
  scene.skip(1);
  ask(scene);
  expect(scene.session.touchedAt).toBe(startOfTime + granularityMs);
  expect(scene.outcome).toMatchObject({ ...nothing, quiet: true });
});

test('an attached listener keeps the session for its silence limit plus a lifetime after its last request', () => {
  const scene = new Scene();
  scene.ttlMs = 600_000;
  scene.look(bob);
  expect(deadline(scene)).toBe(listenerSilenceMs + scene.ttlMs);
});

test('a listener that left does not keep the session', () => {
  const scene = new Scene();
  scene.look(bob);
  scene.leave(bob);
  expect(deadline(scene)).toBe(scene.ttlMs + 60_000);
});

test('a command that a slot listener runs keeps the session for at most a day', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  scene.skip(maxSilentRunMs - 1);
  expect(isGone(scene)).toBe(false);
  scene.skip(1);
  expect(isGone(scene)).toBe(true);
});

describe('next deadline:', () => {
  test('next deadline of an idle session: its expiry', () => {
    const scene = new Scene();
    expect(nextDue(scene)).toBe(scene.ttlMs + 60_000);
  });

  test('next deadline with a waiting command, shown or not: the expiry of the command', () => {
    const scene = new Scene();
    scene.push('echo', { queueSeconds: 30 });
    expect(nextDue(scene)).toBe(30_000);
    scene.push('echo', { queueSeconds: 40 });
    scene.look(ann);
    expect(nextDue(scene)).toBe(30_000);
  });

  test('next deadline while a listener has a command: its silence limit', () => {
    const scene = new Scene();
    scene.push();
    scene.look(bob);
    expect(nextDue(scene)).toBe(listenerSilenceMs);
    scene.skip(5_000);
    scene.hear('c1', bob);
    expect(nextDue(scene)).toBe(5_000 + listenerSilenceMs);
  });

  test('next deadline after the socket of a listener with a command closed: the end of its grace period', () => {
    const scene = new Scene();
    scene.push();
    scene.look(bob);
    scene.detach(bob);
    expect(nextDue(scene)).toBe(10_000);
  });
});

describe('relay restart:', () => {
  /** The relay reads the session from disk, or continues with it, after it was unreachable for this long. */
  function reopenAfter(scene: Scene, ms: number): void {
    scene.skip(ms);
    const stored = JSON.parse(JSON.stringify(scene.session)) as Scene['session'];
    expect(stored).toEqual(scene.session);
    scene.session = stored;
    scene.upSince = scene.now;
  }

  test('the lifetime counts from the restart', () => {
    const scene = new Scene();
    reopenAfter(scene, scene.ttlMs * 2);
    scene.skip(scene.ttlMs);
    expect(isGone(scene)).toBe(false);
  });

  test('the silence of a listener counts from the restart: no request could arrive before', () => {
    const scene = new Scene();
    scene.push();
    scene.look(bob);
    scene.hear('c1', bob);
    reopenAfter(scene, 3_600_000);
    scene.pass(listenerSilenceMs - 1);
    expect(scene.states()).toEqual(['running c1']);
    scene.pass(1);
    expect(scene.states()).toEqual(['lost c1']);
  });

  test('a listener whose socket closed before the outage gets a new grace period', () => {
    const scene = new Scene();
    scene.push();
    scene.look(bob);
    scene.detach(bob);
    reopenAfter(scene, 60_000);
    scene.pass(listenerGraceMs - 1);
    expect(scene.states()).toEqual(['running c1']);
    scene.pass(listenerSilenceMs);
    expect(scene.states()).toEqual(['lost c1']);
  });

  test('a listener that left stays away: another one can attach', () => {
    const scene = new Scene();
    scene.look(bob);
    scene.leave(bob);
    reopenAfter(scene, 1_000);
    expect(refusalOf(() => scene.look(ann))).toBeUndefined();
  });

  test('times in the future, from a clock that was ahead, count as now', () => {
    const scene = new Scene();
    scene.skip(scene.ttlMs);
    ask(scene);
    scene.now = startOfTime;
    scene.upSince = startOfTime;
    ask(scene);
    scene.skip(scene.ttlMs + 60_000);
    expect(isGone(scene)).toBe(true);
  });

  test('a listener that disconnected long before stays disconnected', () => {
    const scene = new Scene();
    scene.look(bob);
    scene.pass(listenerSilenceMs);
    scene.skip(3_600_000);
    reopenAfter(scene, 60_000);
    expect(refusalOf(() => scene.look(ann))).toBeUndefined();
  });

  test('clock set back: the silence counts from the restart, not from a time in the future', () => {
    const scene = new Scene();
    scene.skip(3_600_000);
    scene.push();
    scene.look(bob);
    scene.hear('c1', bob);
    scene.now = startOfTime;
    scene.upSince = startOfTime;
    ask(scene);
    scene.pass(listenerSilenceMs);
    expect(scene.states()).toEqual(['lost c1']);
  });

  test('the slot result goes to the next reader, because the earlier reader was cut off', () => {
    const scene = new Scene();
    scene.post('out\n');
    scene.apply((session, now) => claimResult(session, 'one', now));
    reopenAfter(scene, 1_000);
    expect(scene.apply((session, now) => claimResult(session, 'two', now))?.id).toBe('c1');
  });

  test('a listener that sent a request since: its grace period counts from the closed socket', () => {
    const scene = new Scene();
    scene.look(bob);
    reopenAfter(scene, 60_000);
    scene.skip(10_000);
    scene.look(bob);
    scene.detach(bob);
    scene.pass(listenerGraceMs);
    expect(refusalOf(() => scene.look(ann))).toBeUndefined();
  });

  test('a command whose expiry passed during the outage expires', () => {
    const scene = new Scene();
    scene.push();
    reopenAfter(scene, 3_600_000);
    scene.pass(0);
    expect(scene.states()).toEqual(['expired c1']);
  });
});

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

/** A request that asks for nothing. */
function ask(scene: Scene): void {
  scene.apply((session) => ({ session, result: undefined }));
}

function deadline(scene: Scene): number {
  return sessionDeadline(scene.session, scene.now, scene.ttlMs) - startOfTime;
}

function nextDue(scene: Scene): number {
  return nextDeadline(scene.session, scene.now, scene.ttlMs) - startOfTime;
}

test('a session ends its lifetime after the last request, give or take the granularity of touching', () => {
  const scene = new Scene();
  scene.skip(scene.ttlMs);
  expect(isGone(scene)).toBe(false);
  scene.skip(60_000);
  expect(isGone(scene)).toBe(true);
  expect(refusalOf(() => ask(scene))).toBe('gone');
});

test('a request starts the lifetime anew; the clock does not', () => {
  const scene = new Scene();
  scene.skip(scene.ttlMs - 1);
  ask(scene);
  scene.skip(scene.ttlMs - 1);
  scene.pass(0);
  scene.skip(60_001);
  expect(isGone(scene)).toBe(true);
});

test('a session is never ended earlier than its lifetime after a request, touched or not', () => {
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
])('with a lifetime of %i ms a touch is recorded after %i ms', (ttlMs, granularityMs) => {
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

test('an attached listener keeps the session for its lifetime beyond the last word of it', () => {
  const scene = new Scene();
  scene.ttlMs = 600_000;
  scene.look(bob);
  expect(deadline(scene)).toBe(listenerSilenceMs + scene.ttlMs);
});

test('a listener that left keeps nothing', () => {
  const scene = new Scene();
  scene.look(bob);
  scene.leave(bob);
  expect(deadline(scene)).toBe(scene.ttlMs + 60_000);
});

test('a command that a slot listener runs keeps the session, for a day at most', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  scene.skip(maxSilentRunMs - 1);
  expect(isGone(scene)).toBe(false);
  scene.skip(1);
  expect(isGone(scene)).toBe(true);
});

describe('something is due next', () => {
  test('at the end of an idle session', () => {
    const scene = new Scene();
    expect(nextDue(scene)).toBe(scene.ttlMs + 60_000);
  });

  test('when a command that waits expires, shown or not', () => {
    const scene = new Scene();
    scene.push('echo', { queueSeconds: 30 });
    expect(nextDue(scene)).toBe(30_000);
    scene.push('echo', { queueSeconds: 40 });
    scene.look(ann);
    expect(nextDue(scene)).toBe(30_000);
  });

  test('when a listener that has a command falls silent', () => {
    const scene = new Scene();
    scene.push();
    scene.look(bob);
    expect(nextDue(scene)).toBe(listenerSilenceMs);
    scene.skip(5_000);
    scene.hear('c1', bob);
    expect(nextDue(scene)).toBe(5_000 + listenerSilenceMs);
  });

  test('when the grace of a listener that has a command is over', () => {
    const scene = new Scene();
    scene.push();
    scene.look(bob);
    scene.detach(bob);
    expect(nextDue(scene)).toBe(10_000);
  });
});

describe('a relay that starts again', () => {
  /** As it reads the session from the disk, or goes on with it, after so long a time in which it could not be reached. */
  function reopenAfter(scene: Scene, ms: number): void {
    scene.skip(ms);
    const stored = JSON.parse(JSON.stringify(scene.session)) as Scene['session'];
    expect(stored).toEqual(scene.session);
    scene.session = stored;
    scene.upSince = scene.now;
  }

  test('counts the lifetime from its own start', () => {
    const scene = new Scene();
    reopenAfter(scene, scene.ttlMs * 2);
    scene.skip(scene.ttlMs);
    expect(isGone(scene)).toBe(false);
  });

  test('counts the silence from its own start: nobody could be heard while there was no relay', () => {
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

  test('does not hold a socket that closed before against a listener that it could not hear since', () => {
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

  test('does not take a listener that left for one that may come back', () => {
    const scene = new Scene();
    scene.look(bob);
    scene.leave(bob);
    reopenAfter(scene, 1_000);
    expect(refusalOf(() => scene.look(ann))).toBeUndefined();
  });

  test('takes points in the future for now: its clock was ahead before', () => {
    const scene = new Scene();
    scene.skip(scene.ttlMs);
    ask(scene);
    scene.now = startOfTime;
    scene.upSince = startOfTime;
    ask(scene);
    scene.skip(scene.ttlMs + 60_000);
    expect(isGone(scene)).toBe(true);
  });

  test('does not raise a listener that fell silent long before', () => {
    const scene = new Scene();
    scene.look(bob);
    scene.pass(listenerSilenceMs);
    scene.skip(3_600_000);
    reopenAfter(scene, 60_000);
    expect(refusalOf(() => scene.look(ann))).toBeUndefined();
  });

  test('with a clock that was set back counts silence from its start, not from a point to come', () => {
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

  test('gives the result of the slot to the next reader: the one before was cut off', () => {
    const scene = new Scene();
    scene.post('out\n');
    scene.apply((session, now) => claimResult(session, 'one', now));
    reopenAfter(scene, 1_000);
    expect(scene.apply((session, now) => claimResult(session, 'two', now))?.id).toBe('c1');
  });

  test('changes nothing of a listener that was heard since', () => {
    const scene = new Scene();
    scene.look(bob);
    reopenAfter(scene, 60_000);
    scene.skip(10_000);
    scene.look(bob);
    scene.detach(bob);
    scene.pass(listenerGraceMs);
    expect(refusalOf(() => scene.look(ann))).toBeUndefined();
  });

  test('expires what was due meanwhile', () => {
    const scene = new Scene();
    scene.push();
    reopenAfter(scene, 3_600_000);
    scene.pass(0);
    expect(scene.states()).toEqual(['expired c1']);
  });
});

import { expect, test } from 'vitest';
import { applyTransition, type Transition } from '../../src/session/apply-transition.ts';
import { createSession, type Session } from '../../src/session/session.ts';
import { auto, deepFreeze, refusalOf, Scene, startOfTime } from './scene.ts';

const ttlMs = 10_800_000;

function apply<T>(session: Session, transition: Transition<T>, byRequest: boolean, now = startOfTime) {
  return applyTransition(session, transition, { now, upSince: 0, ttlMs, byRequest, quotaBytes: 1e9 });
}

const fresh = deepFreeze(createSession('name', startOfTime));

test('an event without a change: the same session object, quiet', () => {
  const outcome = apply(fresh, (session) => ({ session, result: 1 }), true);
  expect(outcome.session).toBe(fresh);
  expect(outcome).toMatchObject({ result: 1, quiet: true });
});

test('a change: raises the revision, loud', () => {
  const outcome = apply(fresh, (session) => ({ session: { ...session, nextNumber: 5 }, result: 1 }), true);
  expect(outcome).toMatchObject({ session: { revision: 1, nextNumber: 5 }, quiet: false });
});

test('a quiet change: the revision stays', () => {
  const change: Transition<number> = (session) => ({
    session: { ...session, nextNumber: 5 },
    result: 1,
    quiet: true,
  });
  expect(apply(fresh, change, true)).toMatchObject({ session: { revision: 0, nextNumber: 5 }, quiet: true });
});

test('a recorded touch without another change: quiet', () => {
  const outcome = apply(fresh, (session) => ({ session, result: 1 }), true, startOfTime + 60_000);
  expect(outcome).toMatchObject({ session: { revision: 0, touchedAt: startOfTime + 60_000 }, quiet: true });
});

test('a quiet event when a timeout is due: loud', () => {
  const scene = new Scene();
  scene.push('echo', { queueSeconds: 10 });
  scene.look(auto('bob'));
  scene.push('echo', { queueSeconds: 10 });
  const before = scene.session.revision;
  scene.skip(10_000);
  scene.look(auto('bob'));
  expect(scene.states()).toEqual(['running c1', 'expired c2']);
  expect(scene.outcome.quiet).toBe(false);
  expect(scene.session.revision).toBe(before + 1);
});

test('a loud change: the bytes to store are in its outcome', () => {
  const scene = new Scene();
  scene.post('out');
  expect(scene.outcome).toMatchObject({ quiet: false, put: [{ id: 'c1', part: 'stdout' }] });
});

test('a refusal: the session does not change', () => {
  const scene = new Scene();
  scene.push('echo', { key: 'k' });
  const before = scene.session;
  scene.skip(5_000);
  expect(refusalOf(() => scene.push('rm', { key: 'k' }))).toBe('key_reused');
  expect(scene.session).toBe(before);
});

test('a transition gets the session after all due timeouts', () => {
  const scene = new Scene();
  scene.push('echo', { queueSeconds: 10 });
  scene.skip(10_000);
  const seen = scene.apply((session, now) => ({
    session,
    result: [now - startOfTime, session.commands[0]?.state],
  }));
  expect(seen).toEqual([10_000, 'expired']);
});

test('self-check: Scene throws for a transition that writes to its input', () => {
  const scene = new Scene();
  scene.push();
  const impure: Transition<void> = (session) => {
    Object.assign(session.commands[0] ?? {}, { state: 'running' });
    return { session, result: undefined };
  };
  expect(() => scene.apply(impure)).toThrow(TypeError);
});

test('self-check: Scene throws for a transition that is not a pure function', () => {
  let calls = 0;
  const counting: Transition<number> = (session) => {
    calls += 1;
    return { session: { ...session, nextNumber: calls }, result: calls };
  };
  expect(() => new Scene().apply(counting)).toThrow('not a pure function');
});

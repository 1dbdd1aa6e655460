import { expect, test } from 'vitest';
import { slotReaderMs } from '../../src/protocol/limits.ts';
import { claimResult, releaseResult, renewClaim, takeResult } from '../../src/session/serve-slots.ts';
import { viewStatus } from '../../src/session/view-status.ts';
import { auto, Scene } from './scene.ts';

const claim = (scene: Scene, reader: string): string | undefined =>
  scene.apply((session, now) => claimResult(session, reader, now))?.id;
const renew = (scene: Scene, reader: string): void =>
  scene.apply((session, now) => renewClaim(session, reader, now));

function postResult(): Scene {
  const scene = new Scene();
  scene.post('out\n');
  return scene;
}

test('while a result is on its way to a reader no other can claim it, and the same reader can', () => {
  const scene = postResult();
  expect(claim(scene, 'one')).toBe('c1');
  expect(claim(scene, 'two')).toBeUndefined();
  expect(claim(scene, 'one')).toBe('c1');
});

test('a result that is being read is not queued, and is again when its reader goes away', () => {
  const scene = postResult();
  const isQueued = (): boolean => viewStatus(scene.session, scene.now).result_queued;
  expect(isQueued()).toBe(true);
  claim(scene, 'one');
  expect(isQueued()).toBe(false);
  scene.apply((session) => releaseResult(session, 'one'));
  expect(isQueued()).toBe(true);
});

test('a reader that goes away leaves the result to the next one', () => {
  const scene = postResult();
  claim(scene, 'one');
  scene.apply((session) => releaseResult(session, 'one'));
  expect(claim(scene, 'two')).toBe('c1');
});

test('a claim that is not renewed runs out, and one that is renewed does not', () => {
  const scene = postResult();
  claim(scene, 'one');
  scene.pass(slotReaderMs - 1);
  renew(scene, 'one');
  scene.pass(slotReaderMs - 1);
  expect(claim(scene, 'two')).toBeUndefined();
  scene.pass(1);
  expect(scene.session.slotReader).toBeNull();
  expect(claim(scene, 'two')).toBe('c1');
});

test.each([1, 50, slotReaderMs])(
  'a relay whose clock is %i ms behind that of the relay that gave the claim: no other reader can claim the result there',
  (behindMs) => {
    const scene = postResult();
    claim(scene, 'one');
    scene.pass(-behindMs);
    expect(scene.session.slotReader?.id).toBe('one');
    expect(claim(scene, 'two')).toBeUndefined();
  },
);

test('a claim from a clock that was far ahead holds up no other reader', () => {
  const scene = postResult();
  claim(scene, 'one');
  scene.pass(-slotReaderMs - 1);
  expect(claim(scene, 'two')).toBe('c1');
});

test('a reader without a claim takes nothing out and renews nothing', () => {
  const scene = postResult();
  claim(scene, 'one');
  scene.apply((session) => takeResult(session, 'two'));
  renew(scene, 'two');
  scene.apply((session) => releaseResult(session, 'two'));
  expect(scene.session).toMatchObject({ slotResult: 'c1', slotReader: { id: 'one' } });
});

test('a result that takes the place of the one being read is not taken out with it', () => {
  const scene = new Scene();
  scene.pushToSlot();
  const bob = auto('bob');
  scene.look(bob);
  scene.hear('c1', bob);
  scene.leave(bob);
  expect(claim(scene, 'one')).toBe('c1');
  // The note that it is lost is on its way, and the true result comes.
  scene.finish('c1', bob, { exitStatus: 3 });
  scene.apply((session) => takeResult(session, 'one'));
  expect(scene.session.slotResult).toBe('c1');
});

test('claiming a result is kept, and is no news for a client that waits for a change of state', () => {
  const scene = postResult();
  const { revision } = scene.session;
  claim(scene, 'one');
  expect(scene.outcome.quiet).toBe(false);
  expect(scene.session.revision).toBe(revision);
});

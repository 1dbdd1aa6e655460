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

test('a claimed result: only the same reader can claim it again', () => {
  const scene = postResult();
  expect(claim(scene, 'one')).toBe('c1');
  expect(claim(scene, 'two')).toBeUndefined();
  expect(claim(scene, 'one')).toBe('c1');
});

test('result_queued is false while a reader has claimed the result, and true again after the release', () => {
  const scene = postResult();
  const isQueued = (): boolean => viewStatus(scene.session, scene.now).result_queued;
  expect(isQueued()).toBe(true);
  claim(scene, 'one');
  expect(isQueued()).toBe(false);
  scene.apply((session) => releaseResult(session, 'one'));
  expect(isQueued()).toBe(true);
});

test('a reader disconnects: the next one can claim the result', () => {
  const scene = postResult();
  claim(scene, 'one');
  scene.apply((session) => releaseResult(session, 'one'));
  expect(claim(scene, 'two')).toBe('c1');
});

test('a renewed claim stays valid, one that is not renewed expires', () => {
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
  'a claim from a relay whose clock is %i ms ahead: no other reader can claim the result',
  (behindMs) => {
    const scene = postResult();
    claim(scene, 'one');
    scene.pass(-behindMs);
    expect(scene.session.slotReader?.id).toBe('one');
    expect(claim(scene, 'two')).toBeUndefined();
  },
);

test('a claim from a clock that was far ahead: another reader can claim the result', () => {
  const scene = postResult();
  claim(scene, 'one');
  scene.pass(-slotReaderMs - 1);
  expect(claim(scene, 'two')).toBe('c1');
});

test('a reader without a claim: take, renew and release change nothing', () => {
  const scene = postResult();
  claim(scene, 'one');
  scene.apply((session) => takeResult(session, 'two'));
  renew(scene, 'two');
  scene.apply((session) => releaseResult(session, 'two'));
  expect(scene.session).toMatchObject({ slotResult: 'c1', slotReader: { id: 'one' } });
});

test('a late result replaces the note that is being read: the reader of the note does not take it out', () => {
  const scene = new Scene();
  scene.pushToSlot();
  const bob = auto('bob');
  scene.look(bob);
  scene.hear('c1', bob);
  scene.leave(bob);
  expect(claim(scene, 'one')).toBe('c1');
  // The relay is sending the note that the command is lost, and the real result arrives.
  scene.finish('c1', bob, { exitStatus: 3 });
  scene.apply((session) => takeResult(session, 'one'));
  expect(scene.session.slotResult).toBe('c1');
});

test('a claim is saved, and does not wake clients that wait for the next revision', () => {
  const scene = postResult();
  const { revision } = scene.session;
  claim(scene, 'one');
  expect(scene.outcome.quiet).toBe(false);
  expect(scene.session.revision).toBe(revision);
});

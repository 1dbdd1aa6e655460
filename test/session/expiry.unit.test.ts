import { expect, test } from 'vitest';
import { defaultQueueSeconds } from '../../src/protocol/limits.ts';
import { auto, refusalOf, Scene, supervised } from './scene.ts';

const ann = supervised('ann');
const bob = auto('bob');
const queueMs = defaultQueueSeconds * 1000;

test('a command that no listener picks up in time expires', () => {
  const scene = new Scene();
  scene.push();
  scene.pass(queueMs - 1);
  expect(scene.states()).toEqual(['queued c1']);
  scene.pass(1);
  expect(scene.command('c1')).toMatchObject({ state: 'expired', reason: 'it was not started in time' });
  expect(scene.look(bob)).toBeUndefined();
});

test('a poll exactly at the expiry, before the timer fires: the command has expired', () => {
  const scene = new Scene();
  scene.push();
  scene.skip(queueMs);
  expect(scene.look(bob)).toBeUndefined();
  expect(scene.states()).toEqual(['expired c1']);
});

test('a command expires while it awaits approval: a late approval is refused', () => {
  const scene = new Scene();
  scene.push('echo', { queueSeconds: 30 });
  scene.look(ann);
  scene.skip(30_000);
  expect(refusalOf(() => scene.start('c1', ann))).toBe('not_startable');
  scene.pass(0);
  expect(scene.states()).toEqual(['expired c1']);
  expect(refusalOf(() => scene.start('c1', ann))).toBe('not_startable');
});

test('approval 1 ms before the expiry: the command starts and no longer expires', () => {
  const scene = new Scene();
  scene.push('echo', { queueSeconds: 30 });
  scene.look(ann);
  scene.skip(29_999);
  scene.start('c1', ann);
  scene.pass(1);
  expect(scene.states()).toEqual(['running c1']);
});

test('a listener disconnects during a prompt that is past its expiry: the command expires and is not queued again', () => {
  const scene = new Scene();
  scene.push('echo', { queueSeconds: 30 });
  scene.look(ann);
  scene.pass(60_000);
  expect(scene.states()).toEqual(['expired c1']);
});

test('a slot command waits as long as the session exists', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.pass(scene.ttlMs - 1);
  expect(scene.take()?.id).toBe('c1');
});

test('a command with a queue time of 0 expires at the next event', () => {
  const scene = new Scene();
  scene.push('echo', { queueSeconds: 0 });
  expect(scene.look(bob)).toBeUndefined();
  expect(scene.states()).toEqual(['expired c1']);
});

test('two queued commands, one past its expiry: only that one expires', () => {
  const scene = new Scene();
  scene.push('one', { queueSeconds: 10 });
  scene.push('two', { queueSeconds: 20 });
  scene.pass(10_000);
  expect(scene.states()).toEqual(['expired c1', 'queued c2']);
  expect(scene.look(bob)?.id).toBe('c2');
});

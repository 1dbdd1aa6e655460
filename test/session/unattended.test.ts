import { expect, test } from 'vitest';
import { isEnded } from '../../src/protocol/command-states.ts';
import { auto, refusalOf, Scene, startOfTime, supervised } from './scene.ts';

const bob = auto('bob');

test('for an unattended listener the look is the start', () => {
  const scene = new Scene();
  scene.push();
  expect(scene.look(bob)).toMatchObject({
    id: 'c1',
    state: 'running',
    startedAt: startOfTime,
    heardAt: null,
  });
  expect(scene.outcome.quiet).toBe(false);
});

test('a look whose answer was lost brings the same command again, and is no second start', () => {
  const scene = new Scene();
  scene.push();
  scene.push();
  scene.look(bob);
  scene.skip(3_000);
  expect(scene.look(bob)).toMatchObject({ id: 'c1', startedAt: startOfTime });
  expect(scene.states()).toEqual(['running c1', 'queued c2']);
});

test.each([
  ['a heartbeat', (scene: Scene) => scene.hear('c1', bob)],
  ['an upload of output', (scene: Scene) => scene.hear('c1', bob)],
])('after %s the command is never handed out again', (_name, speak) => {
  const scene = new Scene();
  scene.push();
  scene.push();
  scene.look(bob);
  speak(scene);
  expect(scene.look(bob)?.id).toBe('c2');
  expect(scene.states()).toEqual(['lost c1', 'running c2']);
  expect(scene.command('c1').reason).toBe('its listener asked for other work');
});

test('what the listener says that it had is never handed out again', () => {
  const scene = new Scene();
  scene.push();
  scene.push();
  scene.look(bob);
  expect(scene.look(bob, 'c1')?.id).toBe('c2');
  expect(scene.states()).toEqual(['lost c1', 'running c2']);
});

test('what the listener had before does not stand in the way of a repeated look', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.finish('c1', bob);
  scene.push();
  scene.look(bob, 'c1');
  expect(scene.look(bob, 'c1')?.id).toBe('c2');
});

test('being heard of is loud once: a crash of the relay must not forget it', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.skip(2_000);
  expect(scene.hear('c1', bob).heardAt).toBe(startOfTime + 2_000);
  expect(scene.outcome.quiet).toBe(false);
  scene.skip(2_000);
  expect(scene.hear('c1', bob).heardAt).toBe(startOfTime + 2_000);
  expect(scene.outcome.quiet).toBe(true);
});

test('a finished command is not handed out again', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.finish('c1', bob);
  expect(scene.look(bob)).toBeUndefined();
});

test('what was handed to one listener is never handed to another', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.leave(bob);
  const eve = auto('eve');
  expect(scene.look(eve)).toBeUndefined();
  scene.leave(eve);
  expect(scene.look(supervised('ann'))).toBeUndefined();
  expect(scene.states()).toEqual(['lost c1']);
});

test("what was handed to a supervised listener is not handed to it again after its start: nobody else's either", () => {
  const scene = new Scene();
  const ann = supervised('ann');
  scene.push();
  scene.look(ann);
  scene.start('c1', ann);
  expect(scene.look(ann)).toBeUndefined();
  expect(scene.states()).toEqual(['lost c1']);
});

test('a late finish turns a lost command into what it was', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.pass(46_000);
  expect(scene.command('c1')).toMatchObject({ state: 'lost', reason: 'the listener is gone' });
  expect(scene.finish('c1', bob, { exitStatus: 2 })).toMatchObject({
    state: 'finished',
    exitStatus: 2,
    reason: null,
    endedAt: startOfTime + 46_000,
  });
});

test('a late finish comes through although another listener serves the session by now', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.pass(46_000);
  scene.look(auto('eve'));
  expect(scene.finish('c1', bob, { exitStatus: 143, timedOut: true }).state).toBe('timed_out');
  expect(scene.session.listener?.id).toBe('eve');
  expect(refusalOf(() => scene.finish('c1', auto('eve')))).toBe('not_yours');
});

test('the note on a lost slot command is overtaken by its late result while nobody has read it', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.look(bob);
  scene.pass(46_000);
  expect(scene.session.slotResult).toBe('c1');
  scene.finish('c1', bob);
  expect(scene.read()).toMatchObject({ id: 'c1', state: 'finished' });
});

test('a late result does not fill the slot once its note was read', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.look(bob);
  scene.pass(46_000);
  expect(scene.read()).toMatchObject({ id: 'c1', state: 'lost' });
  scene.finish('c1', bob);
  expect(scene.read()).toBeUndefined();
});

test('a command that was cancelled before anybody was heard of it is not handed out once more', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  expect(scene.cancel('c1').outcome).toBe('signalled');
  expect(scene.look(bob)).toBeUndefined();
  expect(isEnded(scene.command('c1').state)).toBe(true);
});

test('a command that is given up is given up loudly, also when there is no other work', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.hear('c1', bob);
  expect(scene.look(bob)).toBeUndefined();
  expect(scene.states()).toEqual(['lost c1']);
  expect(scene.outcome.quiet).toBe(false);
});

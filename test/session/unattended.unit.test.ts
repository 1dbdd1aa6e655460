import { expect, test } from 'vitest';
import { isEnded } from '../../src/protocol/command-states.ts';
import { auto, refusalOf, Scene, startOfTime, supervised } from './scene.ts';

const bob = auto('bob');

test('unattended listener: the poll starts the command', () => {
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

test('a poll whose answer was lost: the next poll gets the same command, without a second start', () => {
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
])('after %s: the command is never sent again, and the next poll loses it', (_name, speak) => {
  const scene = new Scene();
  scene.push();
  scene.push();
  scene.look(bob);
  speak(scene);
  expect(scene.look(bob)?.id).toBe('c2');
  expect(scene.states()).toEqual(['lost c1', 'running c2']);
  expect(scene.command('c1').reason).toBe('its listener polled for another command');
});

test('a command that the poll names as received is never sent again', () => {
  const scene = new Scene();
  scene.push();
  scene.push();
  scene.look(bob);
  expect(scene.look(bob, 'c1')?.id).toBe('c2');
  expect(scene.states()).toEqual(['lost c1', 'running c2']);
});

test('a poll that names an earlier command: a repeated poll gets the current command again', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.finish('c1', bob);
  scene.push();
  scene.look(bob, 'c1');
  expect(scene.look(bob, 'c1')?.id).toBe('c2');
});

test('first request about a run: loud, because a crash of the relay must not forget it; later ones quiet', () => {
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

test('a finished command is not sent again', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.finish('c1', bob);
  expect(scene.look(bob)).toBeUndefined();
});

test('a command that one listener got is never sent to another', () => {
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

test('supervised listener: its command is not sent again after the start', () => {
  const scene = new Scene();
  const ann = supervised('ann');
  scene.push();
  scene.look(ann);
  scene.start('c1', ann);
  expect(scene.look(ann)).toBeUndefined();
  expect(scene.states()).toEqual(['lost c1']);
});

test('a late finish of a lost command: finished, with its exit status', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.pass(46_000);
  expect(scene.command('c1')).toMatchObject({ state: 'lost', reason: 'the listener disconnected' });
  expect(scene.finish('c1', bob, { exitStatus: 2 })).toMatchObject({
    state: 'finished',
    exitStatus: 2,
    reason: null,
    endedAt: startOfTime + 46_000,
  });
});

test('a late finish while another listener serves the session: accepted', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.pass(46_000);
  scene.look(auto('eve'));
  expect(scene.finish('c1', bob, { exitStatus: 143, timedOut: true }).state).toBe('timed_out');
  expect(scene.session.listener?.id).toBe('eve');
  expect(refusalOf(() => scene.finish('c1', auto('eve')))).toBe('not_yours');
});

test('a late result of a lost slot command: replaces the note in the result slot if it is unread', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.look(bob);
  scene.pass(46_000);
  expect(scene.session.slotResult).toBe('c1');
  scene.finish('c1', bob);
  expect(scene.read()).toMatchObject({ id: 'c1', state: 'finished' });
});

test('a late result of a lost slot command: does not fill the slot if the note was read', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.look(bob);
  scene.pass(46_000);
  expect(scene.read()).toMatchObject({ id: 'c1', state: 'lost' });
  scene.finish('c1', bob);
  expect(scene.read()).toBeUndefined();
});

test('cancel before the first request about the run: the next poll does not get the command again', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  expect(scene.cancel('c1').outcome).toBe('signalled');
  expect(scene.look(bob)).toBeUndefined();
  expect(isEnded(scene.command('c1').state)).toBe(true);
});

test('a poll that loses the running command is loud, even without a next command', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.hear('c1', bob);
  expect(scene.look(bob)).toBeUndefined();
  expect(scene.states()).toEqual(['lost c1']);
  expect(scene.outcome.quiet).toBe(false);
});

import { expect, test } from 'vitest';
import { auto, refusalOf, Scene, startOfTime, supervised } from './scene.ts';

const ann = supervised('ann');
const bob = auto('bob');

test('a queued command that is cancelled never runs', () => {
  const scene = new Scene();
  scene.push();
  expect(scene.cancel('c1')).toMatchObject({ outcome: 'cancelled', command: { state: 'cancelled' } });
  expect(scene.look(bob)).toBeUndefined();
  expect(scene.take()).toBeUndefined();
});

test('a prompt that is cancelled is withdrawn: a late yes is refused', () => {
  const scene = new Scene();
  scene.push();
  scene.look(ann);
  expect(scene.cancel('c1').outcome).toBe('cancelled');
  expect(refusalOf(() => scene.start('c1', ann))).toBe('not_startable');
  expect(refusalOf(() => scene.decline('c1', ann))).toBe('not_startable');
  expect(scene.hear('c1', ann).state).toBe('cancelled');
});

test('a running command is asked to end, and each time counts', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  expect(scene.cancel('c1', 'INT').outcome).toBe('signalled');
  expect(scene.command('c1')).toMatchObject({ state: 'running', cancelSignal: 'INT', cancelCount: 1 });
  scene.cancel('c1', 'KILL');
  expect(scene.command('c1')).toMatchObject({ state: 'running', cancelSignal: 'KILL', cancelCount: 2 });
  expect(scene.finish('c1', bob, { exitStatus: 137, signal: 'KILL' })).toMatchObject({
    state: 'finished',
    signal: 'KILL',
    cancelSignal: 'KILL',
  });
});

test('a cancel without a signal: a running command goes on, a queued or shown one never runs', () => {
  const scene = new Scene();
  scene.push();
  scene.push();
  scene.look(bob);
  expect(scene.cancel('c1', null)).toMatchObject({
    outcome: 'running',
    command: { state: 'running', cancelSignal: null, cancelCount: 0 },
  });
  expect(scene.cancel('c2', null).outcome).toBe('cancelled');
  scene.finish('c1', bob);
  expect(scene.look(bob)).toBeUndefined();
  const shown = new Scene();
  shown.push();
  shown.look(ann);
  expect(shown.cancel('c1', null).outcome).toBe('cancelled');
  expect(refusalOf(() => shown.start('c1', ann))).toBe('not_startable');
});

test('an ended command stays as it is', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.finish('c1', bob);
  expect(scene.cancel('c1')).toMatchObject({
    outcome: 'ended',
    command: { state: 'finished', cancelCount: 0 },
  });
  expect(scene.outcome.quiet).toBe(true);
});

test('a cancelled slot command leaves a note in the result slot, one of the resource does not', () => {
  const scene = new Scene();
  scene.push();
  scene.cancel('c1');
  expect(scene.read()).toBeUndefined();
  scene.pushToSlot();
  scene.cancel('c2');
  expect(scene.read()).toMatchObject({ id: 'c2', reason: 'cancelled before it ran' });
});

test('a reset ends what waits and what is in flight, empties the slot, and says what there was', () => {
  const scene = new Scene();
  scene.post('unread\n');
  scene.push();
  scene.look(bob);
  scene.push();
  scene.pushToSlot();
  scene.post('unread\n');
  expect(scene.reset()).toEqual({ cmd_queued: true, result_queued: true, cmd_was_in_flight: true });
  expect(scene.states()).toEqual(['finished c1', 'lost c2', 'cancelled c3', 'cancelled c4', 'finished c5']);
  expect(scene.session.slotResult).toBeNull();
});

test('a reset of a session in which nothing is stuck clears nothing', () => {
  expect(new Scene().reset()).toEqual({ cmd_queued: false, result_queued: false, cmd_was_in_flight: false });
});

test('a prompt counts as in flight for a reset, and is withdrawn', () => {
  const scene = new Scene();
  scene.push();
  scene.look(ann);
  expect(scene.reset()).toEqual({ cmd_queued: false, result_queued: false, cmd_was_in_flight: true });
  expect(refusalOf(() => scene.start('c1', ann))).toBe('not_startable');
});

test('what runs at a reset is told to end, and its late result is kept', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.reset();
  expect(scene.command('c1')).toMatchObject({ state: 'lost', cancelSignal: 'TERM', cancelCount: 1 });
  expect(scene.finish('c1', bob, { exitStatus: 143 })).toMatchObject({ state: 'finished', exitStatus: 143 });
});

test('a late result of a slot command does not fill the slot that a reset has emptied', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.look(bob);
  scene.reset();
  scene.finish('c1', bob);
  expect(scene.read()).toBeUndefined();
});

test('the listener lives on through a reset and gets what comes next', () => {
  const scene = new Scene();
  scene.look(bob);
  scene.reset();
  expect(scene.session.listener).toMatchObject({ id: 'bob', attachedAt: startOfTime });
  scene.push();
  expect(scene.look(bob)?.id).toBe('c1');
});

test('a reset does not hand what ran to the listener once more', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.reset();
  expect(scene.look(bob)).toBeUndefined();
});

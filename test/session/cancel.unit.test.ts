import { expect, test } from 'vitest';
import { auto, refusalOf, Scene, startOfTime, supervised } from './scene.ts';

const ann = supervised('ann');
const bob = auto('bob');

test('cancel of a queued command: it never runs', () => {
  const scene = new Scene();
  scene.push();
  expect(scene.cancel('c1')).toMatchObject({ outcome: 'cancelled', command: { state: 'cancelled' } });
  expect(scene.look(bob)).toBeUndefined();
  expect(scene.take()).toBeUndefined();
});

test('cancel of a command that awaits approval: a late approval is refused', () => {
  const scene = new Scene();
  scene.push();
  scene.look(ann);
  expect(scene.cancel('c1').outcome).toBe('cancelled');
  expect(refusalOf(() => scene.start('c1', ann))).toBe('not_startable');
  expect(refusalOf(() => scene.decline('c1', ann))).toBe('not_startable');
  expect(scene.hear('c1', ann).state).toBe('cancelled');
});

test('cancel of a running command: the signal is requested, and each request counts', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  expect(scene.cancel('c1', 'INT').outcome).toBe('signalled');
  expect(scene.command('c1')).toMatchObject({ state: 'running', cancelSignal: 'INT', cancelCount: 1 });
  scene.cancel('c1', 'KILL');
  expect(scene.command('c1')).toMatchObject({ state: 'running', cancelSignal: 'KILL', cancelCount: 2 });
  // A weaker signal counts, but the stronger one stays: the listener may not have got it yet.
  scene.cancel('c1', 'INT');
  expect(scene.command('c1')).toMatchObject({ cancelSignal: 'KILL', cancelCount: 3 });
  expect(scene.finish('c1', bob, { exitStatus: 137, signal: 'KILL' })).toMatchObject({
    state: 'finished',
    signal: 'KILL',
    cancelSignal: 'KILL',
  });
});

test('cancel without a signal: a running command continues, a queued or shown one never runs', () => {
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

test('cancel of an ended command: nothing changes', () => {
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

test('cancel before the start: a slot command leaves a note in the result slot, a command of the resource does not', () => {
  const scene = new Scene();
  scene.push();
  scene.cancel('c1');
  expect(scene.read()).toBeUndefined();
  scene.pushToSlot();
  scene.cancel('c2');
  expect(scene.read()).toMatchObject({ id: 'c2', reason: 'cancelled before it ran' });
});

test('reset: ends queued and running commands, empties the slot, and reports what it cleared', () => {
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

test('reset of an empty session: nothing is cleared', () => {
  expect(new Scene().reset()).toEqual({ cmd_queued: false, result_queued: false, cmd_was_in_flight: false });
});

test('reset while a command awaits approval: it counts as in flight, and a late approval is refused', () => {
  const scene = new Scene();
  scene.push();
  scene.look(ann);
  expect(scene.reset()).toEqual({ cmd_queued: false, result_queued: false, cmd_was_in_flight: true });
  expect(refusalOf(() => scene.start('c1', ann))).toBe('not_startable');
});

test('reset during a run: SIGTERM is requested, and the late result is kept', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.reset();
  expect(scene.command('c1')).toMatchObject({ state: 'lost', cancelSignal: 'TERM', cancelCount: 1 });
  expect(scene.finish('c1', bob, { exitStatus: 143 })).toMatchObject({ state: 'finished', exitStatus: 143 });
});

test('late result of a slot command after a reset: the result slot stays empty', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.look(bob);
  scene.reset();
  scene.finish('c1', bob);
  expect(scene.read()).toBeUndefined();
});

test('reset: the listener stays attached and gets the next command', () => {
  const scene = new Scene();
  scene.look(bob);
  scene.reset();
  expect(scene.session.listener).toMatchObject({ id: 'bob', attachedAt: startOfTime });
  scene.push();
  expect(scene.look(bob)?.id).toBe('c1');
});

test('poll after a reset during a run: the listener does not get the command again', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.reset();
  expect(scene.look(bob)).toBeUndefined();
});

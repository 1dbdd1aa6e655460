import { expect, test } from 'vitest';
import { auto, refusalOf, Scene, startOfTime, supervised } from './scene.ts';

const bob = supervised('bob');

test('supervised listener: shown a command, starts it after approval, finishes it', () => {
  const scene = new Scene();
  scene.push();
  expect(scene.look(bob)).toMatchObject({ id: 'c1', state: 'awaiting_approval', listenerHost: 'bob-host' });
  expect(scene.command('c1').startedAt).toBeNull();
  scene.skip(5_000);
  expect(scene.start('c1', bob)).toMatchObject({ state: 'running', startedAt: startOfTime + 5_000 });
  expect(scene.finish('c1', bob, { exitStatus: 7 })).toMatchObject({ state: 'finished', exitStatus: 7 });
  expect(scene.states()).toEqual(['finished c1']);
});

test('a poll without a queued command: the listener is attached, and only the first poll is loud', () => {
  const scene = new Scene();
  expect(scene.look(bob)).toBeUndefined();
  expect(scene.outcome.quiet).toBe(false);
  expect(scene.session.listener).toMatchObject({ ...bob, attachedAt: startOfTime, goneAt: null });
  scene.skip(1_000);
  scene.look(bob);
  expect(scene.outcome.quiet).toBe(true);
  expect(scene.session.listener).toMatchObject({ attachedAt: startOfTime, seenAt: startOfTime + 1_000 });
});

test('a repeated poll shows the same command, not the next one', () => {
  const scene = new Scene();
  scene.push();
  scene.push();
  scene.look(bob);
  expect(scene.look(bob)?.id).toBe('c1');
  expect(scene.states()).toEqual(['awaiting_approval c1', 'queued c2']);
});

test('commands are shown in order of arrival, slot commands included', () => {
  const scene = new Scene();
  scene.push();
  scene.pushToSlot();
  scene.push();
  const seen = ['c1', 'c2', 'c3'].map((id) => {
    const shown = scene.look(bob)?.id;
    scene.decline(id, bob);
    return shown;
  });
  expect(seen).toEqual(['c1', 'c2', 'c3']);
});

test('a start whose answer was lost can be repeated, even after a late heartbeat', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  scene.skip(1_000);
  expect(scene.start('c1', bob).startedAt).toBe(startOfTime);
  expect(scene.outcome.quiet).toBe(true);
  scene.hear('c1', bob);
  expect(refusalOf(() => scene.start('c1', bob))).toBeUndefined();
});

test('a repeated start of a command that was cancelled meanwhile: refused', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  scene.cancel('c1');
  expect(refusalOf(() => scene.start('c1', bob))).toBe('not_startable');
});

test('a start of an ended command: refused', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  scene.finish('c1', bob);
  expect(refusalOf(() => scene.start('c1', bob))).toBe('not_startable');
  expect(scene.command('c1').state).toBe('finished');
});

test('a start of the command of another listener: refused', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  expect(refusalOf(() => scene.start('c1', supervised('eve')))).toBe('not_yours');
  expect(scene.states()).toEqual(['awaiting_approval c1']);
});

test('a start by a listener that is not attached to the session: refused', () => {
  const scene = new Scene();
  scene.push();
  expect(refusalOf(() => scene.start('c1', bob))).toBe('not_yours');
  scene.look(auto('alice'));
  scene.push();
  expect(refusalOf(() => scene.start('c2', bob))).toBe('not_yours');
});

test('requests about an unknown command: refused', () => {
  const scene = new Scene();
  const attempts = [
    () => scene.start('c1', bob),
    () => scene.hear('c1', bob),
    () => scene.decline('c1', bob),
    () => scene.finish('c1', bob),
    () => scene.cancel('c1'),
  ];
  expect(attempts.map(refusalOf)).toEqual(attempts.map(() => 'no_such_command'));
});

test('a declined command never runs: a late approval is refused', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  expect(scene.decline('c1', bob, 'not today')).toMatchObject({ state: 'declined', reason: 'not today' });
  expect(refusalOf(() => scene.start('c1', bob))).toBe('not_startable');
  expect(scene.look(bob)).toBeUndefined();
});

test('a repeated decline: accepted, and the first reason stays', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.decline('c1', bob, 'first');
  expect(scene.decline('c1', bob, 'second').reason).toBe('first');
  expect(scene.outcome.quiet).toBe(true);
});

test('a decline without text: the reason is null', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  expect(scene.decline('c1', bob).reason).toBeNull();
});

test('a decline of a running command: refused', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  expect(refusalOf(() => scene.decline('c1', bob))).toBe('not_startable');
});

test('a repeated finish: accepted, and the first one counts', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  scene.finish('c1', bob, { exitStatus: 3 });
  expect(scene.finish('c1', bob, { exitStatus: 4 })).toMatchObject({ exitStatus: 3, endedAt: startOfTime });
  expect(scene.outcome.quiet).toBe(true);
});

test('a finish without a start: refused', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  expect(refusalOf(() => scene.finish('c1', bob))).toBe('not_startable');
});

test('a finish of the command of another listener: refused', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  expect(refusalOf(() => scene.finish('c1', supervised('eve')))).toBe('not_yours');
  expect(scene.states()).toEqual(['running c1']);
});

test.each([
  [
    { exitStatus: 137, signal: 'KILL' },
    { state: 'finished', exitStatus: 137, signal: 'KILL' },
  ],
  [
    { exitStatus: 143, timedOut: true },
    { state: 'timed_out', exitStatus: 143, signal: null },
  ],
  [{ exitStatus: 255 }, { state: 'finished', exitStatus: 255, signal: null }],
])('finish with %j: the command has %j', (finish, kept) => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  expect(scene.finish('c1', bob, finish)).toMatchObject(kept);
});

test('a supervised listener polls during its run: the running command is lost', () => {
  const scene = new Scene();
  scene.push();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  expect(scene.look(bob)?.id).toBe('c2');
  expect(scene.states()).toEqual(['lost c1', 'awaiting_approval c2']);
});

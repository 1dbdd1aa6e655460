import { expect, test } from 'vitest';
import { auto, refusalOf, Scene, startOfTime, supervised } from './scene.ts';

const bob = supervised('bob');

test('a supervised listener is shown a command and starts it after approval', () => {
  const scene = new Scene();
  scene.push();
  expect(scene.look(bob)).toMatchObject({ id: 'c1', state: 'awaiting_approval', listenerHost: 'bob-host' });
  expect(scene.command('c1').startedAt).toBeNull();
  scene.skip(5_000);
  expect(scene.start('c1', bob)).toMatchObject({ state: 'running', startedAt: startOfTime + 5_000 });
  expect(scene.finish('c1', bob, { exitStatus: 7 })).toMatchObject({ state: 'finished', exitStatus: 7 });
  expect(scene.states()).toEqual(['finished c1']);
});

test('a look without work lets the listener in, and says so once', () => {
  const scene = new Scene();
  expect(scene.look(bob)).toBeUndefined();
  expect(scene.outcome.quiet).toBe(false);
  expect(scene.session.listener).toMatchObject({ ...bob, attachedAt: startOfTime, goneAt: null });
  scene.skip(1_000);
  scene.look(bob);
  expect(scene.outcome.quiet).toBe(true);
  expect(scene.session.listener).toMatchObject({ attachedAt: startOfTime, seenAt: startOfTime + 1_000 });
});

test('a repeated look shows the same command, not the next one', () => {
  const scene = new Scene();
  scene.push();
  scene.push();
  scene.look(bob);
  expect(scene.look(bob)?.id).toBe('c1');
  expect(scene.states()).toEqual(['awaiting_approval c1', 'queued c2']);
});

test('commands are shown in order of arrival, slot or not', () => {
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

test('a start whose answer was lost may be repeated, also when a late heartbeat came in between', () => {
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

test('a start whose answer was lost is not repeated for a command that was cancelled meanwhile', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  scene.cancel('c1');
  expect(refusalOf(() => scene.start('c1', bob))).toBe('not_startable');
});

test('a start is refused once the command ended', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  scene.finish('c1', bob);
  expect(refusalOf(() => scene.start('c1', bob))).toBe('not_startable');
  expect(scene.command('c1').state).toBe('finished');
});

test("a start of another listener's command is refused", () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  expect(refusalOf(() => scene.start('c1', supervised('eve')))).toBe('not_yours');
  expect(scene.states()).toEqual(['awaiting_approval c1']);
});

test('a start by somebody who is not the listener of the session is refused', () => {
  const scene = new Scene();
  scene.push();
  expect(refusalOf(() => scene.start('c1', bob))).toBe('not_yours');
  scene.look(auto('alice'));
  scene.push();
  expect(refusalOf(() => scene.start('c2', bob))).toBe('not_yours');
});

test('requests about a command that nobody knows are refused', () => {
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

test('a declined command never runs, even on a late yes', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  expect(scene.decline('c1', bob, 'not today')).toMatchObject({ state: 'declined', reason: 'not today' });
  expect(refusalOf(() => scene.start('c1', bob))).toBe('not_startable');
  expect(scene.look(bob)).toBeUndefined();
});

test('a decline may be repeated; its first reason stays', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.decline('c1', bob, 'first');
  expect(scene.decline('c1', bob, 'second').reason).toBe('first');
  expect(scene.outcome.quiet).toBe(true);
});

test('a decline without words has no reason', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  expect(scene.decline('c1', bob).reason).toBeNull();
});

test('what runs can no longer be declined', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  expect(refusalOf(() => scene.decline('c1', bob))).toBe('not_startable');
});

test('a finish may be repeated; the first one counts', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  scene.finish('c1', bob, { exitStatus: 3 });
  expect(scene.finish('c1', bob, { exitStatus: 4 })).toMatchObject({ exitStatus: 3, endedAt: startOfTime });
  expect(scene.outcome.quiet).toBe(true);
});

test('a finish without a start is refused', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  expect(refusalOf(() => scene.finish('c1', bob))).toBe('not_startable');
});

test("a finish of another listener's command is refused", () => {
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
])('the end %j is kept as %j', (finish, kept) => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  expect(scene.finish('c1', bob, finish)).toMatchObject(kept);
});

test('a supervised listener that asks for other work has lost what it ran', () => {
  const scene = new Scene();
  scene.push();
  scene.push();
  scene.look(bob);
  scene.start('c1', bob);
  expect(scene.look(bob)?.id).toBe('c2');
  expect(scene.states()).toEqual(['lost c1', 'awaiting_approval c2']);
});

import { expect, test } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import { listenerGraceMs, listenerSilenceMs } from '../../src/protocol/limits.ts';
import type { Command } from '../../src/session/command.ts';
import * as slots from '../../src/session/serve-slots.ts';
import { auto, refusalOf, Scene, supervised } from './scene.ts';

const bob = supervised('bob');
const eve = auto('eve');

/** Bob is there, and was shown c1. */
function withPrompt(): Scene {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  return scene;
}

/** Bob is there, and runs c1. */
function withRun(): Scene {
  const scene = withPrompt();
  scene.start('c1', bob);
  return scene;
}

test('a second listener is refused with the host of the first', () => {
  const scene = withPrompt();
  expect(() => scene.look(eve)).toThrow(new Refusal('listener_busy', 'bob-host'));
  expect(scene.session.listener?.id).toBe('bob');
});

test('a second listener is refused for as long as the first is heard', () => {
  const scene = withRun();
  for (let minute = 0; minute < 5; minute += 1) {
    scene.pass(listenerSilenceMs - 1);
    expect(refusalOf(() => scene.look(eve))).toBe('listener_busy');
    scene.hear('c1', bob);
  }
  expect(scene.states()).toEqual(['running c1']);
});

test('after its silence the first is gone: what it was shown goes to the second', () => {
  const scene = withPrompt();
  scene.pass(listenerSilenceMs);
  expect(scene.command('c1')).toMatchObject({ state: 'queued', shownAt: null });
  expect(scene.look(eve)).toMatchObject({ id: 'c1', state: 'running', listenerHost: 'eve-host' });
});

test('after its silence the first is gone: what it ran is lost and goes to nobody', () => {
  const scene = withRun();
  scene.pass(listenerSilenceMs);
  expect(scene.states()).toEqual(['lost c1']);
  expect(scene.look(eve)).toBeUndefined();
});

test('the silence is found out by the next event when the clock is late', () => {
  const scene = withRun();
  scene.skip(listenerSilenceMs);
  expect(scene.look(eve)).toBeUndefined();
  expect(scene.states()).toEqual(['lost c1']);
});

test('any word of the listener ends its silence', () => {
  const words = [
    (scene: Scene) => scene.look(bob),
    (scene: Scene) => scene.hear('c1', bob),
    (scene: Scene) => scene.start('c1', bob),
    (scene: Scene) => scene.decline('c1', bob),
  ];
  for (const speak of words) {
    const scene = withPrompt();
    scene.pass(listenerSilenceMs - 1);
    speak(scene);
    scene.pass(listenerSilenceMs - 1);
    expect(refusalOf(() => scene.look(eve))).toBe('listener_busy');
  }
});

test('a prompt that went back to the queue can be started by the same listener while nobody else has it', () => {
  const scene = withPrompt();
  scene.pass(listenerSilenceMs);
  expect(scene.start('c1', bob)).toMatchObject({
    state: 'running',
    listenerId: 'bob',
    listenerHost: 'bob-host',
  });
});

test('a prompt that went back to the queue can be declined by the same listener while nobody else has it', () => {
  const scene = withPrompt();
  scene.pass(listenerSilenceMs);
  expect(scene.decline('c1', bob, 'no')).toMatchObject({ state: 'declined', reason: 'no' });
});

test('a prompt that went to another listener is no longer the business of the first', () => {
  const scene = withPrompt();
  scene.pass(listenerSilenceMs);
  scene.look(eve);
  expect(refusalOf(() => scene.start('c1', bob))).toBe('not_yours');
  expect(refusalOf(() => scene.decline('c1', bob))).toBe('not_yours');
  expect(scene.states()).toEqual(['running c1']);
});

test('a closed socket is forgiven when the listener comes back within the grace', () => {
  const scene = withRun();
  scene.detach(bob);
  scene.pass(listenerGraceMs - 1);
  expect(refusalOf(() => scene.look(eve))).toBe('listener_busy');
  scene.hear('c1', bob);
  scene.pass(listenerGraceMs);
  expect(scene.states()).toEqual(['running c1']);
});

test('a closed socket is a death when the listener does not come back', () => {
  const scene = withRun();
  scene.detach(bob);
  scene.pass(listenerGraceMs);
  expect(scene.states()).toEqual(['lost c1']);
  expect(refusalOf(() => scene.look(eve))).toBeUndefined();
});

test.each([
  ['start', withRun, (scene: Scene) => scene.start('c1', bob)],
  ['decline', withPrompt, (scene: Scene) => scene.decline('c1', bob)],
  ['finish', withRun, (scene: Scene) => scene.finish('c1', bob)],
])('a repeated %s of a listener whose socket had closed is news: it is back', (_name, open, speak) => {
  const scene = open();
  speak(scene);
  scene.detach(bob);
  speak(scene);
  expect(scene.session.listener?.goneAt).toBeNull();
  // Kept in memory only, a crash of the relay would forget that it came back.
  expect(scene.outcome.quiet).toBe(false);
});

test('a second closed socket does not prolong the grace', () => {
  const scene = withRun();
  scene.detach(bob);
  scene.pass(listenerGraceMs - 1);
  scene.detach(bob);
  scene.pass(1);
  expect(scene.states()).toEqual(['lost c1']);
});

test('a closed socket of another listener changes nothing', () => {
  const scene = withRun();
  scene.detach(eve);
  expect(scene.outcome.quiet).toBe(true);
  expect(scene.session.listener?.goneAt).toBeNull();
});

test('a listener that leaves makes room at once', () => {
  const prompt = withPrompt();
  prompt.leave(bob);
  expect(prompt.look(eve)?.id).toBe('c1');

  const run = withRun();
  run.leave(bob);
  expect(run.states()).toEqual(['lost c1']);
  expect(run.command('c1').reason).toBe('the listener ended');
  expect(refusalOf(() => run.look(eve))).toBeUndefined();
});

test('a poll that is still held when its listener leaves neither brings it back nor takes work', () => {
  const scene = withPrompt();
  scene.leave(bob);
  // The farewell itself wakes the poll: it looks once more, for a listener that is no more.
  let shown: Command | undefined;
  refusalOf(() => {
    shown = scene.look(bob);
  });
  expect(shown).toBeUndefined();
  expect(scene.states()).toEqual(['queued c1']);
  expect(scene.look(eve)?.id).toBe('c1');
});

test.each([
  ['heartbeat', (scene: Scene) => scene.hear('c1', bob)],
  ['start', (scene: Scene) => scene.start('c1', bob)],
])('a %s that comes after the farewell of its listener brings nothing back to it', (_name, speak) => {
  const scene = withPrompt();
  scene.leave(bob);
  refusalOf(() => speak(scene));
  expect(scene.look(eve)?.id).toBe('c1');
});

test('a decline that comes after the farewell of its listener does not bring it back', () => {
  const scene = withPrompt();
  scene.leave(bob);
  refusalOf(() => scene.decline('c1', bob));
  expect(refusalOf(() => scene.look(eve))).toBeUndefined();
});

test('a result that comes after the farewell of its listener is kept, and does not bring it back', () => {
  const scene = withRun();
  scene.leave(bob);
  expect(scene.finish('c1', bob, { exitStatus: 7 })).toMatchObject({ state: 'finished', exitStatus: 7 });
  expect(refusalOf(() => scene.look(eve))).toBeUndefined();
});

test('a prompt that went back to the queue is not started behind the back of the listener that serves by now', () => {
  const scene = withPrompt();
  scene.leave(bob);
  scene.apply(slots.pollSlot);
  // Whoever polls the slot is about to take it; were it to run here, nobody would notice its end.
  expect(refusalOf(() => scene.start('c1', bob))).toBe('not_yours');
  expect(scene.states()).toEqual(['queued c1']);
});

test('the farewell of somebody else changes nothing', () => {
  const scene = withRun();
  scene.leave(eve);
  expect(scene.outcome.quiet).toBe(true);
  expect(scene.states()).toEqual(['running c1']);
});

test('a listener that comes back after its silence is told to those who wait for one', () => {
  const scene = new Scene();
  scene.look(bob);
  scene.pass(listenerSilenceMs);
  scene.look(bob);
  expect(scene.outcome.quiet).toBe(false);
});

test('a listener takes over from whoever polls the slot, and what that one ran is lost', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  scene.push();
  expect(scene.look(bob)?.id).toBe('c2');
  expect(scene.states()).toEqual(['lost c1', 'awaiting_approval c2']);
  expect(scene.read()).toMatchObject({ id: 'c1', reason: 'another listener took over' });
});

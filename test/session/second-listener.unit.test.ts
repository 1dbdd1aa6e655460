import { expect, test } from 'vitest';
import { Refusal } from '../../src/protocol/errors.ts';
import { listenerGraceMs, listenerSilenceMs } from '../../src/protocol/limits.ts';
import type { Command } from '../../src/session/command.ts';
import * as slots from '../../src/session/serve-slots.ts';
import { auto, refusalOf, Scene, supervised } from './scene.ts';

const bob = supervised('bob');
const eve = auto('eve');

/** Bob is attached and was shown c1. */
function withPrompt(): Scene {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  return scene;
}

/** Bob is attached and runs c1. */
function withRun(): Scene {
  const scene = withPrompt();
  scene.start('c1', bob);
  return scene;
}

test('second listener: refused with the host of the first', () => {
  const scene = withPrompt();
  expect(() => scene.look(eve)).toThrow(new Refusal('listener_busy', 'bob-host'));
  expect(scene.session.listener?.id).toBe('bob');
});

test('second listener: refused as long as the first sends heartbeats', () => {
  const scene = withRun();
  for (let minute = 0; minute < 5; minute += 1) {
    scene.pass(listenerSilenceMs - 1);
    expect(refusalOf(() => scene.look(eve))).toBe('listener_busy');
    scene.hear('c1', bob);
  }
  expect(scene.states()).toEqual(['running c1']);
});

test('first listener silent for too long: the command that it was shown goes to the second', () => {
  const scene = withPrompt();
  scene.pass(listenerSilenceMs);
  expect(scene.command('c1')).toMatchObject({ state: 'queued', shownAt: null });
  expect(scene.look(eve)).toMatchObject({ id: 'c1', state: 'running', listenerHost: 'eve-host' });
});

test('first listener silent for too long: its running command is lost, and the second does not get it', () => {
  const scene = withRun();
  scene.pass(listenerSilenceMs);
  expect(scene.states()).toEqual(['lost c1']);
  expect(scene.look(eve)).toBeUndefined();
});

test('first listener silent for too long, timer late: the next event notices', () => {
  const scene = withRun();
  scene.skip(listenerSilenceMs);
  expect(scene.look(eve)).toBeUndefined();
  expect(scene.states()).toEqual(['lost c1']);
});

test('any request of the listener ends its silence', () => {
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

test('silence during a prompt: the same listener can still start the command that was queued again', () => {
  const scene = withPrompt();
  scene.pass(listenerSilenceMs);
  expect(scene.start('c1', bob)).toMatchObject({
    state: 'running',
    listenerId: 'bob',
    listenerHost: 'bob-host',
  });
});

test('silence during a prompt: the same listener can still decline the command that was queued again', () => {
  const scene = withPrompt();
  scene.pass(listenerSilenceMs);
  expect(scene.decline('c1', bob, 'no')).toMatchObject({ state: 'declined', reason: 'no' });
});

test('silence during a prompt, then another listener has the command: the first cannot start or decline it', () => {
  const scene = withPrompt();
  scene.pass(listenerSilenceMs);
  scene.look(eve);
  expect(refusalOf(() => scene.start('c1', bob))).toBe('not_yours');
  expect(refusalOf(() => scene.decline('c1', bob))).toBe('not_yours');
  expect(scene.states()).toEqual(['running c1']);
});

test('closed socket, and the listener is back within the grace period: its command keeps running', () => {
  const scene = withRun();
  scene.detach(bob);
  scene.pass(listenerGraceMs - 1);
  expect(refusalOf(() => scene.look(eve))).toBe('listener_busy');
  scene.hear('c1', bob);
  scene.pass(listenerGraceMs);
  expect(scene.states()).toEqual(['running c1']);
});

test('closed socket, and the listener is not back within the grace period: its command is lost', () => {
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
])('closed socket, then a repeated %s: the listener is back, a loud change', (_name, open, speak) => {
  const scene = open();
  speak(scene);
  scene.detach(bob);
  speak(scene);
  expect(scene.session.listener?.goneAt).toBeNull();
  // A quiet change is only in memory: a crash of the relay would forget that the listener is back.
  expect(scene.outcome.quiet).toBe(false);
});

test('a second closed socket does not extend the grace period', () => {
  const scene = withRun();
  scene.detach(bob);
  scene.pass(listenerGraceMs - 1);
  scene.detach(bob);
  scene.pass(1);
  expect(scene.states()).toEqual(['lost c1']);
});

test('closed socket of another listener: nothing changes', () => {
  const scene = withRun();
  scene.detach(eve);
  expect(scene.outcome.quiet).toBe(true);
  expect(scene.session.listener?.goneAt).toBeNull();
});

test('a listener leaves: another one can attach at once', () => {
  const prompt = withPrompt();
  prompt.leave(bob);
  expect(prompt.look(eve)?.id).toBe('c1');

  const run = withRun();
  run.leave(bob);
  expect(run.states()).toEqual(['lost c1']);
  expect(run.command('c1').reason).toBe('the listener ended');
  expect(refusalOf(() => run.look(eve))).toBeUndefined();
});

test('a poll that is still held when its listener leaves: refused, and gets no command', () => {
  const scene = withPrompt();
  scene.leave(bob);
  // The leave request itself wakes the poll, which then claims for a listener that has left.
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
])('a %s after the listener left: another listener gets the command', (_name, speak) => {
  const scene = withPrompt();
  scene.leave(bob);
  refusalOf(() => speak(scene));
  expect(scene.look(eve)?.id).toBe('c1');
});

test('a decline after the listener left: it is not attached again', () => {
  const scene = withPrompt();
  scene.leave(bob);
  refusalOf(() => scene.decline('c1', bob));
  expect(refusalOf(() => scene.look(eve))).toBeUndefined();
});

test('a result after the listener left: kept, and the listener is not attached again', () => {
  const scene = withRun();
  scene.leave(bob);
  expect(scene.finish('c1', bob, { exitStatus: 7 })).toMatchObject({ state: 'finished', exitStatus: 7 });
  expect(refusalOf(() => scene.look(eve))).toBeUndefined();
});

test('a start after the listener left, while a slot listener serves the session: refused', () => {
  const scene = withPrompt();
  scene.leave(bob);
  scene.apply(slots.pollSlot);
  // The slot listener is about to take the command. If bob ran it, the relay would not notice the end of bob.
  expect(refusalOf(() => scene.start('c1', bob))).toBe('not_yours');
  expect(scene.states()).toEqual(['queued c1']);
});

test('another listener leaves: nothing changes', () => {
  const scene = withRun();
  scene.leave(eve);
  expect(scene.outcome.quiet).toBe(true);
  expect(scene.states()).toEqual(['running c1']);
});

test('a listener is back after its silence: the change is loud, so waiting clients wake', () => {
  const scene = new Scene();
  scene.look(bob);
  scene.pass(listenerSilenceMs);
  scene.look(bob);
  expect(scene.outcome.quiet).toBe(false);
});

test('a runner takes over from a slot listener: the running command of the slot listener is lost', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  scene.push();
  expect(scene.look(bob)?.id).toBe('c2');
  expect(scene.states()).toEqual(['lost c1', 'awaiting_approval c2']);
  expect(scene.read()).toMatchObject({ id: 'c1', reason: 'another listener took over' });
});

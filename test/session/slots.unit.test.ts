import { expect, test } from 'vitest';
import { listenerSilenceMs, slotReplacedMs } from '../../src/protocol/limits.ts';
import { claimResult, pollSlot, takeResult } from '../../src/session/serve-slots.ts';
import { auto, Scene, startOfTime } from './scene.ts';

const bob = auto('bob');

test('a poll takes the oldest command, pushed through the slot or not', () => {
  const scene = new Scene();
  scene.push();
  scene.pushToSlot();
  expect(scene.take()).toMatchObject({ id: 'c1', state: 'running', startedAt: startOfTime });
  scene.post('');
  expect(scene.take()?.id).toBe('c2');
});

test('a poll without a queued command: nothing is taken, and the listener is marked as seen', () => {
  const scene = new Scene();
  expect(scene.take()).toBeUndefined();
  expect(scene.session.listener).toMatchObject({ id: 'slot', kind: 'slot', seenAt: startOfTime });
  scene.skip(9_000);
  scene.apply(pollSlot);
  expect(scene.outcome.quiet).toBe(true);
  expect(scene.session.listener).toMatchObject({ attachedAt: startOfTime, seenAt: startOfTime + 9_000 });
});

test('a poll within two seconds of a pickup is a retry: the command stays in flight', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  scene.skip(slotReplacedMs - 1);
  expect(scene.take()).toBeUndefined();
  expect(scene.states()).toEqual(['running c1']);
});

test('a poll two seconds after a pickup comes from another listener: the command in flight is lost', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  scene.skip(slotReplacedMs);
  expect(scene.take()).toBeUndefined();
  expect(scene.states()).toEqual(['lost c1']);
  expect(scene.read()?.reason).toBe('the listener was replaced while the command ran; its result is unknown');
});

test('a pickup of the next command: the command in flight is lost, however soon', () => {
  const scene = new Scene();
  scene.pushToSlot('one');
  scene.take();
  scene.pushToSlot('two');
  expect(scene.take()?.id).toBe('c2');
  expect(scene.states()).toEqual(['lost c1', 'running c2']);
});

test('a posted result ends the command in flight and fills the slot', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  scene.skip(500);
  expect(scene.post('one\n')).toMatchObject({ id: 'c1', state: 'finished', endedAt: startOfTime + 500 });
  expect(scene.outcome.put).toEqual([{ id: 'c1', part: 'stdout', bytes: Buffer.from('one\n') }]);
  expect(scene.read()?.id).toBe('c1');
  expect(scene.read()).toBeUndefined();
});

test('an empty result ends the command', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  scene.post('');
  expect(scene.read()).toMatchObject({ id: 'c1', state: 'finished', exitStatus: null });
});

test('a slot command that prints an exit status line: the line is output, not the exit status', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  const text = 'x\n[remotify: exit status 3]\n';
  expect(scene.post(text)).toMatchObject({ state: 'finished', exitStatus: null });
  expect(scene.outcome.put?.[0]?.bytes).toEqual(Buffer.from(text));
});

test('a result without a command in flight: fills the slot, as a command of its own', () => {
  const scene = new Scene();
  scene.push();
  expect(scene.post('stray\n')).toMatchObject({
    id: 'c2',
    state: 'finished',
    origin: 'slot',
    scriptBytes: 0,
  });
  expect(scene.states()).toEqual(['queued c1', 'finished c2']);
  expect(scene.read()?.id).toBe('c2');
  expect(scene.push().id).toBe('c3');
});

test('a posted result of a command of the resource: ends it, and does not fill the slot', () => {
  const scene = new Scene();
  scene.push();
  scene.take();
  expect(scene.post('out\n[remotify: exit status 3]\n')).toMatchObject({ state: 'finished', exitStatus: 3 });
  expect(scene.outcome.put).toEqual([{ id: 'c1', part: 'stdout', bytes: Buffer.from('out') }]);
  expect(scene.read()).toBeUndefined();
});

test('a slot listener declines a command of the resource: its state is declined', () => {
  const scene = new Scene();
  scene.push();
  scene.take();
  expect(scene.post('[declined by operator] too risky\n')).toMatchObject({
    state: 'declined',
    reason: 'too risky',
    exitStatus: null,
  });
});

test('the newest unread result fills the slot', () => {
  const scene = new Scene();
  scene.pushToSlot('one');
  scene.take();
  scene.pushToSlot('two');
  scene.post('one\n');
  scene.take();
  scene.post('two\n');
  expect(scene.read()?.id).toBe('c2');
});

test('a newer result arrives while one is read: the newer one stays in the slot', () => {
  const scene = new Scene();
  scene.post('one\n');
  expect(scene.apply((session, now) => claimResult(session, 'one', now))?.id).toBe('c1');
  scene.post('two\n');
  scene.apply((session) => takeResult(session, 'one'));
  expect(scene.read()?.id).toBe('c2');
});

test('a command whose bytes never left the relay: queued again, in its old position', () => {
  const scene = new Scene();
  scene.push();
  scene.push();
  scene.take();
  scene.giveBack('c1');
  expect(scene.command('c1')).toMatchObject({ state: 'queued', listenerId: null, startedAt: null });
  expect(scene.take()?.id).toBe('c1');
});

test('a command whose bytes never left the relay, but that ended meanwhile: not queued again', () => {
  const scene = new Scene();
  scene.push();
  scene.take();
  scene.post('');
  scene.giveBack('c1');
  expect(scene.states()).toEqual(['finished c1']);
});

test('a command whose bytes never left the relay, cancelled meanwhile: cancelled, not queued again', () => {
  const scene = new Scene();
  scene.push();
  scene.take();
  expect(scene.cancel('c1').outcome).toBe('signalled');
  scene.giveBack('c1');
  expect(scene.states()).toEqual(['cancelled c1']);
});

test('the command of a runner is not queued again by the slot', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.giveBack('c1');
  expect(scene.states()).toEqual(['running c1']);
});

test('a slot poll while a runner is attached: gets nothing and changes nothing', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.look(bob);
  scene.pushToSlot();
  scene.skip(slotReplacedMs);
  expect(scene.take()).toBeUndefined();
  expect(scene.session.listener?.id).toBe('bob');
  expect(scene.states()).toEqual(['running c1', 'queued c2']);
});

test('a slot poll after the runner disconnected: gets the command', () => {
  const scene = new Scene();
  scene.look(bob);
  scene.pushToSlot();
  scene.skip(listenerSilenceMs);
  expect(scene.take()?.id).toBe('c1');
});

test('DELETE /cmd: cancels the queued slot command, and nothing else', () => {
  const scene = new Scene();
  scene.push();
  scene.pushToSlot();
  scene.drop();
  expect(scene.states()).toEqual(['queued c1', 'cancelled c2']);
  expect(scene.command('c2').reason).toBe('dropped by DELETE /cmd');
  expect(scene.read()).toBeUndefined();
  scene.drop();
  expect(scene.outcome.quiet).toBe(true);
});

test('DELETE /cmd during a run: the command keeps running', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  scene.drop();
  expect(scene.states()).toEqual(['running c1']);
});

test('DELETE /cmd while a slot command awaits approval: it is cancelled', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.look({ ...bob, mode: 'supervised' });
  scene.drop();
  expect(scene.states()).toEqual(['cancelled c1']);
});

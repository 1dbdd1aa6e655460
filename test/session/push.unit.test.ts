import { expect, test } from 'vitest';
import { maxQueuedCommands } from '../../src/protocol/limits.ts';
import { parseCommand } from '../../src/session/parse-session.ts';
import { queuePosition } from '../../src/session/session.ts';
import { viewCommand } from '../../src/session/view-command.ts';
import { auto, refusalOf, Scene } from './scene.ts';

test('commands are numbered and queued in order of arrival', () => {
  const scene = new Scene();
  expect([scene.push('one').id, scene.pushToSlot('two').id, scene.push('three').id]).toEqual([
    'c1',
    'c2',
    'c3',
  ]);
  expect(scene.states()).toEqual(['queued c1', 'queued c2', 'queued c3']);
  expect(['c1', 'c2', 'c3'].map((id) => queuePosition(scene.session, id))).toEqual([0, 1, 2]);
});

test('a push stores its bytes together with the session', () => {
  const scene = new Scene();
  scene.push('echo "ö"');
  expect(scene.outcome.put).toEqual([{ id: 'c1', part: 'script', bytes: Buffer.from('echo "ö"') }]);
  expect(scene.outcome.quiet).toBe(false);
  expect(scene.command('c1')).toMatchObject({ scriptBytes: 9, state: 'queued', origin: 'commands' });
});

test('a command without text, as an older relay stored it, is accepted', () => {
  const scene = new Scene();
  scene.push('true');
  const stored = scene.command('c1');
  expect(parseCommand(stored)).toEqual(stored);
  expect(parseCommand({ ...stored, text: 7 })).toBeUndefined();
  expect(viewCommand(scene.session, stored).text).toBeNull();
});

test('a command number is never reused, not even after a reset', () => {
  const scene = new Scene();
  scene.push();
  scene.reset();
  expect(scene.push().id).toBe('c2');
});

test('a repeated Idempotency-Key with the same bytes: the same command, and nothing is stored again', () => {
  const scene = new Scene();
  const first = scene.push('echo', { key: 'k' });
  const again = scene.push('echo', { key: 'k' });
  expect(again).toEqual(first);
  expect(scene.session.commands).toHaveLength(1);
  expect(scene.outcome).toMatchObject({ quiet: true });
  expect(scene.outcome.put).toBeUndefined();
});

test('a repeated Idempotency-Key: the same command, whether it runs, is finished or cancelled', () => {
  const scene = new Scene();
  const bob = auto('bob');
  scene.push('echo', { key: 'k' });
  scene.look(bob);
  expect(scene.push('echo', { key: 'k' })).toMatchObject({ id: 'c1', state: 'running' });
  scene.finish('c1', bob, { exitStatus: 3 });
  expect(scene.push('echo', { key: 'k' })).toMatchObject({ id: 'c1', state: 'finished', exitStatus: 3 });
  scene.push('other', { key: 'l' });
  scene.cancel('c2');
  expect(scene.push('other', { key: 'l' })).toMatchObject({ id: 'c2', state: 'cancelled' });
});

test('a repeated Idempotency-Key with other bytes is refused', () => {
  const scene = new Scene();
  scene.push('echo', { key: 'k' });
  expect(refusalOf(() => scene.push('rm', { key: 'k' }))).toBe('key_reused');
  expect(scene.states()).toEqual(['queued c1']);
});

test('the same bytes without an Idempotency-Key: another command', () => {
  const scene = new Scene();
  expect([scene.push('echo').id, scene.push('echo').id]).toEqual(['c1', 'c2']);
});

test('a repeated Idempotency-Key while the queue is full: the same command', () => {
  const scene = new Scene();
  scene.push('echo', { key: 'k' });
  for (let count = 1; count < maxQueuedCommands; count += 1) scene.push();
  expect(scene.push('echo', { key: 'k' }).id).toBe('c1');
});

test(`queue limit: at most ${maxQueuedCommands} commands, slot commands included`, () => {
  const scene = new Scene();
  scene.pushToSlot();
  for (let count = 1; count < maxQueuedCommands; count += 1) scene.push();
  expect(refusalOf(() => scene.push())).toBe('queue_full');
  expect(scene.session.commands).toHaveLength(maxQueuedCommands);
});

test('a full queue takes a push again after a command is picked up', () => {
  const scene = new Scene();
  for (let count = 0; count < maxQueuedCommands; count += 1) scene.push();
  scene.look(auto('bob'));
  expect(refusalOf(() => scene.push())).toBeUndefined();
});

test('push to the slot while the queue is full: replaces a slot command, is refused without one', () => {
  const scene = new Scene();
  scene.pushToSlot('old');
  for (let count = 1; count < maxQueuedCommands; count += 1) scene.push();
  expect(refusalOf(() => scene.pushToSlot('new'))).toBeUndefined();
  scene.cancel('c33');
  scene.push();
  expect(refusalOf(() => scene.pushToSlot('newer'))).toBe('queue_full');
});

test('two pushes to the slot without a pickup: the second cancels the first', () => {
  const scene = new Scene();
  scene.pushToSlot('old');
  scene.pushToSlot('new');
  expect(scene.states()).toEqual(['cancelled c1', 'queued c2']);
  expect(scene.command('c1').reason).toBe('replaced by a later command');
  expect(scene.look(auto('bob'))?.id).toBe('c2');
});

test('a push to the slot does not change commands of the commands resource', () => {
  const scene = new Scene();
  scene.push();
  scene.pushToSlot();
  expect(scene.states()).toEqual(['queued c1', 'queued c2']);
});

test('a push to the slot does not change shown, running and ended commands', () => {
  const scene = new Scene();
  const bob = auto('bob');
  scene.pushToSlot();
  scene.look(bob);
  scene.pushToSlot();
  expect(scene.states()).toEqual(['running c1', 'queued c2']);
  scene.finish('c1', bob);
  scene.look({ ...bob, mode: 'supervised' });
  scene.pushToSlot();
  expect(scene.states()).toEqual(['finished c1', 'awaiting_approval c2', 'queued c3']);
});

test('a push to the slot drops the unread result of an earlier command', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  scene.post('one\n');
  expect(scene.session.slotResult).toBe('c1');
  scene.pushToSlot();
  expect(scene.read()).toBeUndefined();
});

test('a push through the commands resource leaves an unread result in the slot', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  scene.post('one\n');
  scene.push();
  expect(scene.read()?.id).toBe('c1');
});

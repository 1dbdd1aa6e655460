import { expect, test } from 'vitest';
import { maxEndedCommands } from '../../src/protocol/limits.ts';
import { auto, Scene } from './scene.ts';

const bob = auto('bob');

function pushAndCancel(scene: Scene, count: number): void {
  for (let index = 0; index < count; index += 1) {
    scene.skip(10);
    scene.cancel(scene.push().id);
  }
}

test(`more than ${maxEndedCommands} ended commands: the newest ${maxEndedCommands} are remembered`, () => {
  const scene = new Scene();
  pushAndCancel(scene, maxEndedCommands + 3);
  expect(scene.session.commands).toHaveLength(maxEndedCommands);
  expect(scene.session.commands[0]?.id).toBe('c4');
  expect(scene.session.commands.at(-1)?.id).toBe(`c${maxEndedCommands + 3}`);
});

test('a queued or running command is never forgotten', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  scene.push();
  pushAndCancel(scene, maxEndedCommands + 3);
  expect(scene.states().slice(0, 2)).toEqual(['running c1', 'queued c2']);
  expect(scene.session.commands).toHaveLength(maxEndedCommands + 2);
});

test('the command with the unread slot result is never forgotten', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  scene.post('one\n');
  pushAndCancel(scene, maxEndedCommands + 3);
  expect(scene.read()?.id).toBe('c1');
});

test('a command that ends after a long run is not forgotten first', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  pushAndCancel(scene, maxEndedCommands + 3);
  scene.finish('c1', bob, { exitStatus: 7 });
  expect(scene.session.commands).toHaveLength(maxEndedCommands);
  expect(scene.command('c1')).toMatchObject({ state: 'finished', exitStatus: 7 });
  // The listener may repeat the result, because the answer to the first one may have been lost.
  expect(scene.finish('c1', bob, { exitStatus: 7 }).state).toBe('finished');
});

test('repeatedly replaced slot commands are forgotten too', () => {
  const scene = new Scene();
  for (let index = 0; index < maxEndedCommands + 10; index += 1) scene.pushToSlot();
  expect(scene.session.commands).toHaveLength(maxEndedCommands + 1);
});

test('results without a command are forgotten too', () => {
  const scene = new Scene();
  for (let index = 0; index < maxEndedCommands + 10; index += 1) scene.post('stray\n');
  // Plus one: the unread result.
  expect(scene.session.commands).toHaveLength(maxEndedCommands + 1);
});

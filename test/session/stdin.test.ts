import { expect, test } from 'vitest';
import { closeStdin, findOpenStdin } from '../../src/session/close-stdin.ts';
import { auto, refusalOf, Scene } from './scene.ts';

const bob = auto('bob');

function close(scene: Scene): void {
  scene.apply((session) => closeStdin(session, 'c1'));
}

test('a command takes input while it waits and while it runs, until the client says that nothing follows', () => {
  const scene = new Scene();
  scene.push('cat', { stdin: 'open' });
  expect(findOpenStdin(scene.session, 'c1').stdin).toBe('open');
  scene.look(bob);
  expect(findOpenStdin(scene.session, 'c1').stdin).toBe('open');
  close(scene);
  expect(scene.command('c1')).toMatchObject({ stdin: 'closed', state: 'running' });
  expect(scene.outcome.quiet).toBe(false);
});

test('that nothing follows may be said twice', () => {
  const scene = new Scene();
  scene.push('cat', { stdin: 'open' });
  close(scene);
  close(scene);
  expect(scene.outcome.quiet).toBe(true);
});

test('a command that was pushed without input takes none', () => {
  const scene = new Scene();
  scene.push('cat');
  expect(refusalOf(() => findOpenStdin(scene.session, 'c1'))).toBe('stdin_closed');
  expect(refusalOf(() => close(scene))).toBe('stdin_closed');
});

test('a command that ended takes no more', () => {
  const scene = new Scene();
  scene.push('cat', { stdin: 'open' });
  scene.cancel('c1');
  expect(refusalOf(() => findOpenStdin(scene.session, 'c1'))).toBe('stdin_closed');
  expect(refusalOf(() => close(scene))).toBe('stdin_closed');
});

test('input for a command that nobody knows is refused', () => {
  expect(refusalOf(() => findOpenStdin(new Scene().session, 'c1'))).toBe('no_such_command');
});

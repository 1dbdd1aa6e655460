import { expect, test } from 'vitest';
import { closeStdin, findOpenStdin } from '../../src/session/close-stdin.ts';
import { auto, refusalOf, Scene } from './scene.ts';

const bob = auto('bob');

function close(scene: Scene): void {
  scene.apply((session) => closeStdin(session, 'c1'));
}

test('stdin: open while the command is queued and while it runs, until the client closes it', () => {
  const scene = new Scene();
  scene.push('cat', { stdin: 'open' });
  expect(findOpenStdin(scene.session, 'c1').stdin).toBe('open');
  scene.look(bob);
  expect(findOpenStdin(scene.session, 'c1').stdin).toBe('open');
  close(scene);
  expect(scene.command('c1')).toMatchObject({ stdin: 'closed', state: 'running' });
  expect(scene.outcome.quiet).toBe(false);
});

test('stdin: the client may close it twice', () => {
  const scene = new Scene();
  scene.push('cat', { stdin: 'open' });
  close(scene);
  close(scene);
  expect(scene.outcome.quiet).toBe(true);
});

test('stdin of a command that was pushed without it: refused', () => {
  const scene = new Scene();
  scene.push('cat');
  expect(refusalOf(() => findOpenStdin(scene.session, 'c1'))).toBe('stdin_closed');
  expect(refusalOf(() => close(scene))).toBe('stdin_closed');
});

test('stdin of an ended command: refused', () => {
  const scene = new Scene();
  scene.push('cat', { stdin: 'open' });
  scene.cancel('c1');
  expect(refusalOf(() => findOpenStdin(scene.session, 'c1'))).toBe('stdin_closed');
  expect(refusalOf(() => close(scene))).toBe('stdin_closed');
});

test('stdin of an unknown command: refused', () => {
  expect(refusalOf(() => findOpenStdin(new Scene().session, 'c1'))).toBe('no_such_command');
});

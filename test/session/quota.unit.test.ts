import { describe, expect, test } from 'vitest';
import { overQuotaAllowanceBytes } from '../../src/protocol/limits.ts';
import { findMissingFrom, noteRefusedOutput } from '../../src/session/missing-output.ts';
import { usedBytes } from '../../src/session/open-commands.ts';
import { auto, refusalOf, Scene } from './scene.ts';

const bob = auto('bob');
const whole = { stdout: 0, stderr: 0 };

/** Runs a command that prints this many bytes. */
function run(scene: Scene, bytes: number): string {
  const { id } = scene.push('echo');
  scene.look(bob);
  scene.write(id, bob, 'x'.repeat(bytes));
  scene.skip(10);
  scene.finish(id, bob);
  return id;
}

function withQuota(quotaBytes: number): Scene {
  const scene = new Scene();
  scene.quotaBytes = quotaBytes;
  return scene;
}

test('at the quota the output of ended commands is evicted, oldest first, and only as much as needed', () => {
  const scene = withQuota(30_000);
  const [one, two] = [run(scene, 10_000), run(scene, 10_000)];
  const three = run(scene, 12_000);
  expect([one, two, three].map((id) => scene.command(id).isEvicted)).toEqual([true, false, false]);
  expect(usedBytes(scene.session)).toBe(10_000 + 12_000 + 3 * 'echo'.length);
});

test('the output of a running command is never evicted, however old', () => {
  const scene = withQuota(20_000);
  const { id } = scene.push('echo');
  scene.look(bob);
  scene.write(id, bob, 'x'.repeat(15_000));
  expect(refusalOf(() => scene.push('y'.repeat(10_000)))).toBe('session_quota');
  expect(scene.command(id).isEvicted).toBe(false);
});

test('output of a single command over the quota: refused, except a short line', () => {
  const scene = withQuota(10_000);
  const { id } = scene.push('echo');
  scene.look(bob);
  scene.write(id, bob, 'x'.repeat(9_000));
  expect(refusalOf(() => scene.write(id, bob, 'x'.repeat(overQuotaAllowanceBytes + 1), 9_000))).toBe(
    'session_quota',
  );
  expect(scene.write(id, bob, 'x'.repeat(overQuotaAllowanceBytes), 9_000)).toBe(
    9_000 + overQuotaAllowanceBytes,
  );
});

test('the unread slot result is evicted last', () => {
  const scene = withQuota(30_000);
  scene.post('s'.repeat(10_000));
  const later = run(scene, 10_000);
  run(scene, 12_000);
  expect(scene.command('c1').isEvicted).toBe(false);
  expect(scene.command(later).isEvicted).toBe(true);
});

test('a push larger than the quota: refused, and nothing is evicted', () => {
  const scene = withQuota(20_000);
  const id = run(scene, 10_000);
  expect(refusalOf(() => scene.push('y'.repeat(30_000)))).toBe('session_quota');
  expect(scene.command(id).isEvicted).toBe(false);
});

test('late output of an evicted command: counts as missing and is not stored', () => {
  const scene = withQuota(30_000);
  const { id } = scene.push('echo');
  scene.look(bob);
  scene.hear(id, bob);
  scene.write(id, bob, 'x'.repeat(10_000));
  scene.leave(bob);
  const ann = auto('ann');
  const { id: other } = scene.push('echo');
  scene.look(ann);
  scene.write(other, ann, 'x'.repeat(25_000));
  expect(scene.command(id)).toMatchObject({ state: 'lost', isEvicted: true });
  const used = usedBytes(scene.session);
  expect(scene.write(id, bob, 'y'.repeat(500), 10_000)).toBe(10_500);
  expect(usedBytes(scene.session)).toBe(used);
  expect(findMissingFrom(scene.command(id), whole)).toEqual({ bytes: 10_500, reason: 'evicted' });
});

describe('missing output for a reader:', () => {
  test('evicted output counts from the offset of the reader', () => {
    const scene = withQuota(15_000);
    const id = run(scene, 10_000);
    run(scene, 12_000);
    const command = scene.command(id);
    expect(findMissingFrom(command, whole)).toEqual({ bytes: 10_000, reason: 'evicted' });
    expect(findMissingFrom(command, { stdout: 4_000 })).toEqual({ bytes: 6_000, reason: 'evicted' });
    expect(findMissingFrom(command, { stdout: 10_000 })).toBeUndefined();
    expect(findMissingFrom(command, { stderr: 0 })).toBeUndefined();
  });

  test('output that the listener counted as cut: reported as missing', () => {
    const scene = new Scene();
    const { id } = scene.push('echo');
    scene.look(bob);
    scene.finish(id, bob, { cut: { stdout: 70, stderr: 3 } });
    expect(findMissingFrom(scene.command(id), whole)).toEqual({ bytes: 73, reason: 'cut' });
    expect(findMissingFrom(scene.command(id), { stderr: 0 })).toEqual({ bytes: 3, reason: 'cut' });
  });

  test.each([
    ['that reports no count', { cut: null }, { bytes: 0, reason: 'cut' }],
    ['that reports that nothing is missing', { cut: { stdout: 0, stderr: 0 } }, undefined],
    ['that reports missing output without a count', { cut: null, isCut: true }, { bytes: 0, reason: 'cut' }],
  ] as const)('output that the relay refused once, from a listener %s', (_name, finish, missing) => {
    const scene = new Scene();
    const { id } = scene.push('echo');
    scene.look(bob);
    scene.apply((session) => noteRefusedOutput(session, id));
    scene.finish(id, bob, finish);
    expect(findMissingFrom(scene.command(id), whole)).toEqual(missing);
  });

  test('all output is stored: nothing is missing', () => {
    const scene = new Scene();
    expect(findMissingFrom(scene.command(run(scene, 10)), whole)).toBeUndefined();
  });
});

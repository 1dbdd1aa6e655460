import { describe, expect, test } from 'vitest';
import { maxSilentRunMs } from '../../src/protocol/limits.ts';
import { type Change, listChanges } from '../../src/session/changes.ts';
import { auto, Scene, supervised } from './scene.ts';

const ann = supervised('ann');
const bob = auto('bob');

/** The changes during `act`, one line for each: `attached bob`, `started c1 by bob`. */
function watch(scene: Scene, act: () => unknown): string[] {
  const before = scene.session;
  act();
  return listChanges(before, scene.session).map(describeChange);
}

function describeChange(change: Change): string {
  if (change.subject === 'listener') {
    return [change.what, change.listener.id, ...(change.former ? ['from', change.former.id] : [])].join(' ');
  }
  const by = change.listener ? [`by ${change.listener.id}`] : [];
  return [change.what, change.command.id, ...by].join(' ');
}

describe('changes of a command:', () => {
  test('push, start and finish are each reported once', () => {
    const scene = new Scene();
    expect(watch(scene, () => scene.push())).toEqual(['pushed c1']);
    expect(watch(scene, () => scene.look(bob))).toEqual(['attached bob', 'started c1 by bob']);
    expect(watch(scene, () => scene.look(bob))).toEqual([]);
    expect(watch(scene, () => scene.hear('c1', bob))).toEqual([]);
    expect(watch(scene, () => scene.finish('c1', bob))).toEqual(['ended c1 by bob']);
    expect(watch(scene, () => scene.finish('c1', bob))).toEqual([]);
  });

  test('a repeated push with its Idempotency-Key is not reported again', () => {
    const scene = new Scene();
    scene.push('echo', { key: 'once' });
    expect(watch(scene, () => scene.push('echo', { key: 'once' }))).toEqual([]);
  });

  test('a command that is shown, then started or declined: each step is reported', () => {
    const scene = new Scene();
    scene.push();
    scene.push();
    expect(watch(scene, () => scene.look(ann))).toEqual(['attached ann', 'shown c1 by ann']);
    expect(watch(scene, () => scene.start('c1', ann))).toEqual(['started c1 by ann']);
    scene.finish('c1', ann);
    scene.look(ann);
    expect(watch(scene, () => scene.decline('c2', ann, 'not today'))).toEqual(['declined c2 by ann']);
  });

  test('a cancel before the start is reported once, a cancel during the run each time', () => {
    const scene = new Scene();
    scene.push();
    expect(watch(scene, () => scene.cancel('c1'))).toEqual(['cancelled c1']);
    expect(watch(scene, () => scene.cancel('c1'))).toEqual([]);
    scene.push();
    scene.look(bob);
    expect(watch(scene, () => scene.cancel('c2', 'INT'))).toEqual(['signalled c2 by bob']);
    expect(watch(scene, () => scene.cancel('c2', 'KILL'))).toEqual(['signalled c2 by bob']);
  });

  test('an expired command is reported as ended when the timer fires', () => {
    const scene = new Scene();
    scene.push('echo', { queueSeconds: 60 });
    expect(watch(scene, () => scene.pass(60_000))).toEqual(['ended c1']);
    expect(scene.command('c1').state).toBe('expired');
  });

  test('a lost command that finishes late is reported as ended twice', () => {
    const scene = new Scene();
    scene.push();
    scene.look(bob);
    expect(watch(scene, () => scene.pass(45_000))).toEqual(['gone bob', 'ended c1 by bob']);
    expect(watch(scene, () => scene.finish('c1', bob))).toEqual(['back bob', 'ended c1 by bob']);
  });

  test('reset: a running command is reported as ended, a queued one as cancelled', () => {
    const scene = new Scene();
    scene.push();
    scene.look(bob);
    scene.push();
    expect(watch(scene, () => scene.reset())).toEqual(['ended c1 by bob', 'cancelled c2']);
  });

  test('a command that ends because its listener polls for the next is reported before the next', () => {
    const scene = new Scene();
    scene.push();
    scene.push();
    scene.look(bob);
    scene.hear('c1', bob);
    expect(watch(scene, () => scene.look(bob))).toEqual(['ended c1 by bob', 'started c2 by bob']);
  });

  test('a command that moves to another supervised listener in one update is reported as shown again', () => {
    const scene = new Scene();
    scene.push();
    scene.look(ann);
    scene.skip(45_000);
    expect(watch(scene, () => scene.look(supervised('eve')))).toEqual([
      'taken over eve from ann',
      'shown c1 by eve',
    ]);
  });
});

describe('changes through the slots:', () => {
  test('a push is reported after the cancel of the earlier slot command', () => {
    const scene = new Scene();
    expect(watch(scene, () => scene.pushToSlot())).toEqual(['pushed c1']);
    expect(watch(scene, () => scene.pushToSlot())).toEqual(['cancelled c1', 'pushed c2']);
    expect(watch(scene, () => scene.drop())).toEqual(['cancelled c2']);
  });

  test('a pickup is reported as a start, and a command whose bytes never left the relay as queued again', () => {
    const scene = new Scene();
    scene.pushToSlot();
    expect(watch(scene, () => scene.take())).toEqual(['attached slot', 'started c1 by slot']);
    expect(watch(scene, () => scene.giveBack('c1'))).toEqual(['queued again c1']);
    scene.take();
    expect(watch(scene, () => scene.post('out'))).toEqual(['ended c1 by slot']);
    expect(watch(scene, () => scene.read())).toEqual([]);
  });

  test('a result without a command is reported as an end without a push', () => {
    const scene = new Scene();
    expect(watch(scene, () => scene.post('out'))).toEqual(['ended c1']);
  });

  test('a silent run of just under a day reports no change', () => {
    const scene = new Scene();
    scene.pushToSlot();
    scene.take();
    expect(watch(scene, () => scene.pass(maxSilentRunMs - 1))).toEqual([]);
  });
});

describe('changes of a listener:', () => {
  test('a closed socket is reported as gone, the next poll as back', () => {
    const scene = new Scene();
    expect(watch(scene, () => scene.look(bob))).toEqual(['attached bob']);
    expect(watch(scene, () => scene.detach(bob))).toEqual(['gone bob']);
    expect(watch(scene, () => scene.detach(bob))).toEqual([]);
    expect(watch(scene, () => scene.look(bob))).toEqual(['back bob']);
  });

  test('a silent listener without a command is reported as gone once, when the timer fires', () => {
    const scene = new Scene();
    scene.look(bob);
    expect(watch(scene, () => scene.pass(44_999))).toEqual([]);
    expect(watch(scene, () => scene.pass(1))).toEqual(['gone bob']);
    expect(watch(scene, () => scene.pass(60_000))).toEqual([]);
    expect(watch(scene, () => scene.look(bob))).toEqual(['back bob']);
  });

  test('leave during a prompt: reported once, before the command is queued again', () => {
    const scene = new Scene();
    scene.push();
    scene.look(ann);
    expect(watch(scene, () => scene.leave(ann))).toEqual(['left ann', 'queued again c1 by ann']);
    expect(watch(scene, () => scene.leave(ann))).toEqual([]);
    expect(watch(scene, () => scene.pass(60_000))).toEqual([]);
    expect(watch(scene, () => scene.look(bob))).toEqual(['attached bob', 'started c1 by bob']);
  });

  test('a takeover from a disconnected listener is reported before the loss of its command', () => {
    const scene = new Scene();
    scene.push();
    scene.look(bob);
    scene.detach(bob);
    scene.skip(10_000);
    expect(watch(scene, () => scene.look(ann))).toEqual(['taken over ann from bob', 'ended c1 by bob']);
    expect(scene.command('c1').state).toBe('lost');
  });
});

test('no changes are listed for the same session, for a heartbeat, and for a refusal', () => {
  const scene = new Scene();
  scene.push();
  scene.look(bob);
  expect(listChanges(scene.session, scene.session)).toEqual([]);
  scene.skip(5_000);
  expect(watch(scene, () => scene.hear('c1', bob))).toEqual([]);
  scene.skip(5_000);
  expect(watch(scene, () => scene.hear('c1', bob))).toEqual([]);
  expect(
    watch(scene, () => {
      expect(() => scene.look(ann)).toThrow();
    }),
  ).toEqual([]);
});

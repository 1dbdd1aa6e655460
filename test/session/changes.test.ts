import { describe, expect, test } from 'vitest';
import { maxSilentRunMs } from '../../src/protocol/limits.ts';
import { type Change, listChanges } from '../../src/session/changes.ts';
import { auto, Scene, supervised } from './scene.ts';

const ann = supervised('ann');
const bob = auto('bob');

/** What happens while `act` does, one line for each: `attached bob`, `started c1 by bob`. */
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

describe('a command', () => {
  test('that is pushed, started and finished is told at each step, and once', () => {
    const scene = new Scene();
    expect(watch(scene, () => scene.push())).toEqual(['pushed c1']);
    expect(watch(scene, () => scene.look(bob))).toEqual(['attached bob', 'started c1 by bob']);
    expect(watch(scene, () => scene.look(bob))).toEqual([]);
    expect(watch(scene, () => scene.hear('c1', bob))).toEqual([]);
    expect(watch(scene, () => scene.finish('c1', bob))).toEqual(['ended c1 by bob']);
    expect(watch(scene, () => scene.finish('c1', bob))).toEqual([]);
  });

  test('that is pushed again by its Idempotency-Key is not told again', () => {
    const scene = new Scene();
    scene.push('echo', { key: 'once' });
    expect(watch(scene, () => scene.push('echo', { key: 'once' }))).toEqual([]);
  });

  test('that is shown, and then approved or declined', () => {
    const scene = new Scene();
    scene.push();
    scene.push();
    expect(watch(scene, () => scene.look(ann))).toEqual(['attached ann', 'shown c1 by ann']);
    expect(watch(scene, () => scene.start('c1', ann))).toEqual(['started c1 by ann']);
    scene.finish('c1', ann);
    scene.look(ann);
    expect(watch(scene, () => scene.decline('c2', ann, 'not today'))).toEqual(['declined c2 by ann']);
  });

  test('that is cancelled: before it runs, and while it does, as often as it is asked', () => {
    const scene = new Scene();
    scene.push();
    expect(watch(scene, () => scene.cancel('c1'))).toEqual(['cancelled c1']);
    expect(watch(scene, () => scene.cancel('c1'))).toEqual([]);
    scene.push();
    scene.look(bob);
    expect(watch(scene, () => scene.cancel('c2', 'INT'))).toEqual(['signalled c2 by bob']);
    expect(watch(scene, () => scene.cancel('c2', 'KILL'))).toEqual(['signalled c2 by bob']);
  });

  test('that nobody starts in time, by the clock', () => {
    const scene = new Scene();
    scene.push('echo', { queueSeconds: 60 });
    expect(watch(scene, () => scene.pass(60_000))).toEqual(['ended c1']);
    expect(scene.command('c1').state).toBe('expired');
  });

  test('that is taken for lost and turns out finished ends twice', () => {
    const scene = new Scene();
    scene.push();
    scene.look(bob);
    expect(watch(scene, () => scene.pass(45_000))).toEqual(['gone bob', 'ended c1 by bob']);
    expect(watch(scene, () => scene.finish('c1', bob))).toEqual(['back bob', 'ended c1 by bob']);
  });

  test('that is reset: what waits is cancelled, what runs is lost', () => {
    const scene = new Scene();
    scene.push();
    scene.look(bob);
    scene.push();
    expect(watch(scene, () => scene.reset())).toEqual(['ended c1 by bob', 'cancelled c2']);
  });

  test('that ends because the next one is asked for is told before it', () => {
    const scene = new Scene();
    scene.push();
    scene.push();
    scene.look(bob);
    scene.hear('c1', bob);
    expect(watch(scene, () => scene.look(bob))).toEqual(['ended c1 by bob', 'started c2 by bob']);
  });

  test('that goes from one prompt to another in one update is shown again', () => {
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

describe('the slots', () => {
  test('a push replaces the one before, which is cancelled', () => {
    const scene = new Scene();
    expect(watch(scene, () => scene.pushToSlot())).toEqual(['pushed c1']);
    expect(watch(scene, () => scene.pushToSlot())).toEqual(['cancelled c1', 'pushed c2']);
    expect(watch(scene, () => scene.drop())).toEqual(['cancelled c2']);
  });

  test('a pickup is a start, and what never left goes back', () => {
    const scene = new Scene();
    scene.pushToSlot();
    expect(watch(scene, () => scene.take())).toEqual(['attached slot', 'started c1 by slot']);
    expect(watch(scene, () => scene.giveBack('c1'))).toEqual(['queued again c1']);
    scene.take();
    expect(watch(scene, () => scene.post('out'))).toEqual(['ended c1 by slot']);
    expect(watch(scene, () => scene.read())).toEqual([]);
  });

  test('a result that nobody asked for was never pushed', () => {
    const scene = new Scene();
    expect(watch(scene, () => scene.post('out'))).toEqual(['ended c1']);
  });

  test('a run that says nothing for a day keeps its session until then, and no longer', () => {
    const scene = new Scene();
    scene.pushToSlot();
    scene.take();
    expect(watch(scene, () => scene.pass(maxSilentRunMs - 1))).toEqual([]);
  });
});

describe('a listener', () => {
  test('that is cut off and comes back', () => {
    const scene = new Scene();
    expect(watch(scene, () => scene.look(bob))).toEqual(['attached bob']);
    expect(watch(scene, () => scene.detach(bob))).toEqual(['gone bob']);
    expect(watch(scene, () => scene.detach(bob))).toEqual([]);
    expect(watch(scene, () => scene.look(bob))).toEqual(['back bob']);
  });

  test('that falls silent with nothing in hand is told by the clock, once', () => {
    const scene = new Scene();
    scene.look(bob);
    expect(watch(scene, () => scene.pass(44_999))).toEqual([]);
    expect(watch(scene, () => scene.pass(1))).toEqual(['gone bob']);
    expect(watch(scene, () => scene.pass(60_000))).toEqual([]);
    expect(watch(scene, () => scene.look(bob))).toEqual(['back bob']);
  });

  test('that leaves, with a prompt open', () => {
    const scene = new Scene();
    scene.push();
    scene.look(ann);
    expect(watch(scene, () => scene.leave(ann))).toEqual(['left ann', 'queued again c1 by ann']);
    expect(watch(scene, () => scene.leave(ann))).toEqual([]);
    expect(watch(scene, () => scene.pass(60_000))).toEqual([]);
    expect(watch(scene, () => scene.look(bob))).toEqual(['attached bob', 'started c1 by bob']);
  });

  test('that takes over from one that vanished with a command', () => {
    const scene = new Scene();
    scene.push();
    scene.look(bob);
    scene.detach(bob);
    scene.skip(10_000);
    expect(watch(scene, () => scene.look(ann))).toEqual(['taken over ann from bob', 'ended c1 by bob']);
    expect(scene.command('c1').state).toBe('lost');
  });
});

test('nothing is told of what did not happen: the same session, a sign of life, a refusal', () => {
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

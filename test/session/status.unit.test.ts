import { describe, expect, test } from 'vitest';
import { listenerGraceMs, listenerSilenceMs, maxSilentRunMs } from '../../src/protocol/limits.ts';
import { slotListenerId } from '../../src/session/listener.ts';
import { viewCommand } from '../../src/session/view-command.ts';
import { viewStatus } from '../../src/session/view-status.ts';
import { auto, Scene, startOfTime, supervised } from './scene.ts';

const bob = auto('bob');

test('status of a new session', () => {
  const scene = new Scene();
  expect(viewStatus(scene.session, scene.now)).toEqual({
    cmd_queued: false,
    result_queued: false,
    cmd_in_flight: false,
    cmd_in_flight_seconds_ago: null,
    listener_seen_seconds_ago: null,
    listener: null,
    queue_length: 0,
    current: null,
    revision: 0,
    now: startOfTime,
  });
});

test('status of a session with a running and two queued commands', () => {
  const scene = new Scene();
  scene.push();
  scene.push();
  scene.push();
  scene.skip(1_000);
  scene.look(bob);
  scene.skip(2_500);
  expect(viewStatus(scene.session, scene.now)).toEqual({
    cmd_queued: true,
    result_queued: false,
    cmd_in_flight: true,
    cmd_in_flight_seconds_ago: 2,
    listener_seen_seconds_ago: 2,
    listener: {
      host: 'bob-host',
      user: 'root',
      mode: 'auto',
      kind: 'runner',
      attached: true,
      seen_seconds_ago: 2,
    },
    queue_length: 2,
    current: 'c1',
    revision: 4,
    now: startOfTime + 3_500,
  });
});

test('status while a command awaits approval: in flight since it was shown; an unread result counts as queued', () => {
  const scene = new Scene();
  scene.post('out');
  scene.push();
  scene.skip(3_000);
  scene.look(supervised('ann'));
  scene.skip(1_000);
  expect(viewStatus(scene.session, scene.now)).toMatchObject({
    result_queued: true,
    cmd_in_flight: true,
    cmd_in_flight_seconds_ago: 1,
    current: 'c2',
  });
});

test('status after the listener disconnected: it is listed, as not attached', () => {
  const scene = new Scene();
  scene.look(bob);
  scene.skip(45_000);
  expect(viewStatus(scene.session, scene.now).listener).toMatchObject({
    attached: false,
    seen_seconds_ago: 45,
  });
});

describe('status of a legacy listener, which does not poll during a run:', () => {
  const isAttached = ({ session, now }: Scene) => viewStatus(session, now).listener?.attached;

  function makeRun(): Scene {
    const scene = new Scene();
    scene.pushToSlot();
    scene.take();
    return scene;
  }

  test('attached during a run, for at most a day', () => {
    const scene = makeRun();
    scene.pass(listenerSilenceMs);
    expect(isAttached(scene)).toBe(true);
    scene.pass(maxSilentRunMs - listenerSilenceMs - 1);
    expect(isAttached(scene)).toBe(true);
    scene.skip(1);
    expect(isAttached(scene)).toBe(false);
  });

  test('a result counts as seen: attached between the result and the next poll', () => {
    const scene = makeRun();
    scene.pass(listenerSilenceMs);
    scene.post('out');
    expect(scene.states()).toEqual(['finished c1']);
    expect(viewStatus(scene.session, scene.now).listener).toMatchObject({
      attached: true,
      seen_seconds_ago: 0,
    });
    scene.pass(listenerSilenceMs);
    expect(isAttached(scene)).toBe(false);
  });

  test('a result without a command in flight does not count as seen', () => {
    const scene = new Scene();
    scene.take();
    scene.skip(listenerSilenceMs);
    scene.post('stray');
    expect(isAttached(scene)).toBe(false);
  });

  test.each<[string, (scene: Scene) => void]>([
    ['a reset', (scene) => scene.reset()],
    ['a command whose bytes never left the relay', (scene) => scene.giveBack('c1')],
  ])('after %s: no run, so the listener disconnects after the silence limit', (_title, happen) => {
    const scene = makeRun();
    happen(scene);
    scene.pass(listenerSilenceMs);
    expect(isAttached(scene)).toBe(false);
  });

  test('the answer with the command was cut off: disconnected after the grace period', () => {
    const scene = makeRun();
    scene.detach({ id: slotListenerId });
    scene.pass(listenerGraceMs - 1);
    expect(isAttached(scene)).toBe(true);
    scene.pass(1);
    expect(isAttached(scene)).toBe(false);
  });
});

test('status after the clock was set back: no negative ages', () => {
  const scene = new Scene();
  scene.look(bob);
  scene.skip(-5_000);
  expect(viewStatus(scene.session, scene.now).listener_seen_seconds_ago).toBe(0);
});

describe('a legacy client resets a session whose pickup is 30 s older than the last poll of the listener:', () => {
  /** The difference that a legacy client computes. It counts missing numbers as 0. */
  const lag = (scene: Scene) => {
    const status = viewStatus(scene.session, scene.now);
    return (status.cmd_in_flight_seconds_ago ?? 0) - (status.listener_seen_seconds_ago ?? 0);
  };

  test.each<[string, (scene: Scene) => void]>([
    ['nothing else happens', () => undefined],
    ['the listener sends output', (scene) => scene.write('c1', bob, '')],
    ['the connection of the listener is cut', (scene) => scene.detach(bob)],
    ['a client pushes', (scene) => void scene.push()],
    ['a client pushes through the slot', (scene) => scene.pushToSlot()],
    ['a client cancels', (scene) => scene.cancel('c1')],
  ])('a run of 100 s with a heartbeat every 5 s, %s: the difference never exceeds 0', (_title, happen) => {
    const scene = new Scene();
    scene.pushToSlot();
    scene.look(bob);
    for (let seconds = 0; seconds < 100; seconds += 5) {
      scene.skip(5_000);
      happen(scene);
      scene.hear('c1', bob);
      expect(lag(scene)).toBeLessThanOrEqual(0);
    }
    expect(viewStatus(scene.session, scene.now).cmd_in_flight).toBe(true);
    expect(viewStatus(scene.session, scene.now).cmd_in_flight_seconds_ago).toBe(100);
  });

  test('100 s until approval with a heartbeat every 5 s: the difference never exceeds 0', () => {
    const scene = new Scene();
    const ann = supervised('ann');
    scene.pushToSlot();
    scene.look(ann);
    for (let seconds = 0; seconds < 100; seconds += 5) {
      scene.skip(5_000);
      scene.hear('c1', ann);
      expect(lag(scene)).toBeLessThanOrEqual(0);
    }
    expect(viewStatus(scene.session, scene.now).cmd_in_flight_seconds_ago).toBe(100);
  });

  test('after the command has ended: listener_seen_seconds_ago counts from the last request', () => {
    const scene = new Scene();
    scene.pushToSlot();
    scene.look(bob);
    scene.skip(40_000);
    scene.finish('c1', bob);
    expect(viewStatus(scene.session, scene.now)).toMatchObject({ listener_seen_seconds_ago: 0 });
  });

  test('during a run listener.seen_seconds_ago counts from the last heartbeat', () => {
    const scene = new Scene();
    scene.pushToSlot();
    scene.look(bob);
    scene.skip(40_000);
    scene.hear('c1', bob);
    expect(viewStatus(scene.session, scene.now)).toMatchObject({
      cmd_in_flight_seconds_ago: 40,
      listener_seen_seconds_ago: 40,
      listener: { seen_seconds_ago: 0 },
    });
  });
});

test('viewStatus() does not change the session', () => {
  const scene = new Scene();
  scene.pushToSlot();
  scene.take();
  scene.post('out');
  const before = structuredClone(scene.session);
  viewStatus(scene.session, scene.now);
  expect(scene.session).toEqual(before);
});

test('shown_at: null while queued, the time of the first poll when polls repeat, a new time for another listener', () => {
  const scene = new Scene();
  const [ann, eve] = [supervised('ann'), supervised('eve')];
  const shownAt = () => viewCommand(scene.session, scene.command('c1')).shown_at;
  scene.push();
  expect(shownAt()).toBeNull();
  scene.skip(1_000);
  scene.look(ann);
  scene.skip(1_000);
  scene.look(ann);
  expect(shownAt()).toBe(startOfTime + 1_000);
  scene.leave(ann);
  expect(scene.states()).toEqual(['queued c1']);
  expect(shownAt()).toBeNull();
  scene.skip(1_000);
  scene.look(eve);
  scene.skip(1_000);
  scene.start('c1', eve);
  expect(shownAt()).toBe(startOfTime + 3_000);
  scene.finish('c1', eve);
  expect(shownAt()).toBe(startOfTime + 3_000);
});

test('viewCommand() while queued, running and finished', () => {
  const scene = new Scene();
  scene.push('echo');
  expect(viewCommand(scene.session, scene.command('c1'))).toMatchObject({
    id: 'c1',
    state: 'queued',
    position: 0,
    origin: 'commands',
    script_bytes: 4,
    pushed_at: startOfTime,
    started_at: null,
    duration_ms: null,
    listener: null,
  });
  scene.skip(1_000);
  scene.look(bob);
  scene.cancel('c1', 'INT');
  scene.skip(250);
  expect(viewCommand(scene.session, scene.command('c1')).duration_ms).toBeNull();
  scene.write('c1', bob, 'o');
  scene.write('c1', bob, 'er', 0, 'stderr');
  scene.finish('c1', bob, { exitStatus: 3 });
  expect(viewCommand(scene.session, scene.command('c1'))).toMatchObject({
    state: 'finished',
    exit_status: 3,
    position: null,
    stdout_bytes: 1,
    stderr_bytes: 2,
    started_at: startOfTime + 1_000,
    ended_at: startOfTime + 1_250,
    duration_ms: 250,
    cancel_signal: 'INT',
    listener: 'bob-host',
  });
});

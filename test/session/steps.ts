/** Generates every event of a session, one step each. The weights let commands finish between the failures. */
import fc from 'fast-check';
import { ClientModel } from './client-model.ts';
import { RunnerModel } from './runner-model.ts';
import type { SessionModule } from './session-module.ts';
import { type Fate, fates, SmallRelay } from './small-relay.ts';
import { type Poller, pollers, SlotModel } from './slot-model.ts';

/** Which listeners take part in a run. A slot listener gets no command while a runner is attached. */
export const crews = {
  everybody: { runners: ['auto', 'supervised'], slot: true },
  runners: { runners: ['auto', 'supervised'], slot: false },
  auto: { runners: ['auto'], slot: true },
  supervised: { runners: ['supervised'], slot: true },
  slot: { runners: [], slot: true },
} as const;
export type Crew = keyof typeof crews;

export class World {
  readonly relay: SmallRelay;
  readonly client: ClientModel;
  readonly runners: readonly RunnerModel[];
  readonly slot: SlotModel;
  readonly hasSlot: boolean;

  constructor(api: SessionModule, crew: Crew) {
    const { runners, slot } = crews[crew];
    this.relay = new SmallRelay(api);
    this.client = new ClientModel(this.relay);
    this.runners = runners.map((mode) => new RunnerModel(this.relay, mode));
    this.slot = new SlotModel(this.relay);
    this.hasSlot = slot;
  }
}

export interface Step {
  perform(world: World): void;
}

interface Weighted {
  weight: number;
  arbitrary: fc.Arbitrary<Step>;
}

/** A counterexample prints a step as its name and its values. */
function step<A extends object>(
  weight: number,
  name: string,
  given: { [K in keyof A]: fc.Arbitrary<A[K]> },
  perform: (world: World, given: A) => void,
): Weighted {
  const arbitrary = fc.record(given).map((values) => {
    const words = `${name} ${JSON.stringify(values)}`;
    return {
      perform: (world: World) => perform(world, values),
      [fc.toStringMethod]: () => words,
    };
  });
  return { weight, arbitrary };
}

const fate = fc.constantFrom<Fate>('arrives', 'arrives', 'arrives', ...fates);

/** A step of one runner, if there is any. */
function runnerStep<A extends object>(
  weight: number,
  name: string,
  given: { [K in keyof A]: fc.Arbitrary<A[K]> },
  perform: (runner: RunnerModel, given: A) => void,
): Weighted {
  return step<A & { who: number }>(weight, name, { ...given, who: fc.nat(1) } as never, (world, values) => {
    const runner = world.runners[values.who % world.runners.length];
    if (runner) perform(runner, values);
  });
}

function slotStep<A extends object>(
  weight: number,
  name: string,
  given: { [K in keyof A]: fc.Arbitrary<A[K]> },
  perform: (slot: SlotModel, given: A) => void,
): Weighted {
  return step<A>(weight, name, given, (world, values) => {
    if (world.hasSlot) perform(world.slot, values);
  });
}

const singly = Array<number>(19).fill(1);
const verbs = ['start', 'decline', 'finish', 'hear'] as const;
const keys = [null, null, 'k1', 'k2'];
const lives = [600, 600, 60, 2];
const spans = [1_000, 1_000, 1_000, 3_000, 3_000, 11_000, 50_000, 660_000];

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  step<{ key: string | null; text: string; life: number }>(
    8,
    'push',
    { key: fc.constantFrom(...keys), text: fc.constantFrom('a', 'b'), life: fc.constantFrom(...lives) },
    ({ client }, { key, text, life }) => client.push(key, text, life),
  ),
  step<{ times: number }>(
    4,
    'push to the slot',
    { times: fc.constantFrom(...singly, 40) },
    ({ client }, { times }) => client.pushToSlot(times),
  ),
  step<{ which: number }>(6, 'cancel', { which: fc.nat(3) }, ({ client }, { which }) => client.cancel(which)),
  step(1, 'reset', {}, ({ client }) => client.reset()),
  step(1, 'drop', {}, ({ client }) => client.drop()),
  step(3, 'read', {}, ({ slot }) => slot.read()),

  runnerStep<{ fate: Fate }>(40, 'go on', { fate }, (runner, given) => runner.goOn(given.fate)),
  runnerStep<{ fate: Fate }>(6, 'look', { fate }, (runner, given) => runner.look(given.fate)),
  runnerStep<{ fate: Fate }>(6, 'beat', { fate }, (runner, given) => runner.beat(given.fate)),
  runnerStep<{ fate: Fate }>(4, 'approve', { fate }, (runner, given) => runner.approve(given.fate)),
  runnerStep<{ fate: Fate }>(2, 'decline', { fate }, (runner, given) => runner.decline(given.fate)),
  runnerStep<{ fate: Fate }>(4, 'finish', { fate }, (runner, given) => runner.finish(given.fate)),
  runnerStep<{ fate: Fate; straggles: boolean }>(
    3,
    'leave',
    { fate, straggles: fc.boolean() },
    (runner, given) => runner.replace(given.fate, given.straggles),
  ),
  runnerStep(1, 'vanish', {}, (runner) => runner.replace('none')),
  runnerStep(1, 'give up', {}, (runner) => runner.giveUp()),
  runnerStep(2, 'close socket', {}, (runner) => runner.closeSocket()),
  runnerStep<{ verb: (typeof verbs)[number]; which: number }>(
    2,
    'meddle',
    { verb: fc.constantFrom(...verbs), which: fc.nat(3) },
    (runner, { verb, which }) => runner.meddle(verb, which),
  ),
  step<{ back: number }>(6, 'repeat', { back: fc.nat(9) }, ({ relay }, { back }) => relay.repeat(back)),

  slotStep<{ poller: Poller; lost: boolean }>(
    6,
    'poll',
    { poller: fc.constantFrom<Poller>('alive', ...pollers), lost: fc.boolean() },
    (slot, { poller, lost }) => slot.poll(poller, lost),
  ),
  slotStep(2, 'give back', {}, (slot) => slot.giveBackUnsent()),
  step<{ which: number }>(
    2,
    'poll of a dead peer, cancel, give back',
    { which: fc.nat(3) },
    ({ hasSlot, slot, client }, { which }) => {
      if (!hasSlot) return;
      slot.poll('dead unseen', false);
      client.cancel(which);
      slot.giveBackUnsent();
    },
  ),
  slotStep<{ fate: Fate }>(10, 'go on', { fate }, (slot, given) => slot.goOn(given.fate)),
  slotStep<{ fate: Fate }>(2, 'post', { fate }, (slot, given) => slot.post(given.fate)),

  step<{ ms: number; rings: boolean }>(
    7,
    'pass',
    { ms: fc.constantFrom(...spans), rings: fc.boolean() },
    ({ relay }, { ms, rings }) => relay.pass(ms, rings),
  ),
  step<{ killed: boolean }>(2, 'restart', { killed: fc.boolean() }, ({ relay }, { killed }) =>
    relay.restart(killed),
  ),
);

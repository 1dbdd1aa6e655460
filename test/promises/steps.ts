/** Generates every event between clients, a relay and listeners, one step each. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isEnded } from '../../src/protocol/command-states.ts';
import type { CommandView } from '../../src/protocol/command-view.ts';
import type { Intent } from './ledger.ts';
import type { RunnerActor } from './runner-actor.ts';
import type { SlotActor } from './slot-actor.ts';
import { type Fate, fates, type Luck } from './wire.ts';
import type { World } from './world.ts';

export type Step = { perform: (world: World) => Promise<void> };
type Weighted = { weight: number; arbitrary: fc.Arbitrary<Step> };

/** A counterexample prints a step as its name and its values. */
function step<A extends object>(
  weight: number,
  name: string,
  given: { [K in keyof A]: fc.Arbitrary<A[K]> },
  perform: (world: World, given: A) => Promise<void>,
): Weighted {
  const arbitrary = fc.record(given).map((values) => ({
    perform: (world: World) => perform(world, values),
    [fc.toStringMethod]: () => `${name} ${JSON.stringify(values)}`,
  }));
  return { weight, arbitrary };
}

/** Most requests arrive, or no command would ever finish. */
function luckOf(possible: readonly Fate[]): fc.Arbitrary<Luck> {
  const accidents = possible.filter((fate) => fate !== 'killed');
  const fate = fc.oneof(
    { weight: 30, arbitrary: fc.constant<Fate>('arrives') },
    { weight: 20, arbitrary: fc.constantFrom(...accidents) },
    // A restart takes a quarter of a second.
    { weight: 1, arbitrary: fc.constant<Fate>('killed') },
  );
  return fc.record({ fate, turns: fc.nat(30) });
}

const luck = luckOf(fates);
/** A request without an Idempotency-Key or id is never sent twice. */
const unnamed = luckOf(fates.filter((fate) => !fate.startsWith('twice')));

function isWaiting({ state }: CommandView): boolean {
  return state === 'queued' || state === 'awaiting_approval';
}

async function push(world: World, intent: Intent, given: Luck): Promise<void> {
  const headers: Record<string, string> = intent.key === null ? {} : { 'idempotency-key': intent.key };
  const call = { method: 'POST', path: '/commands', headers, body: `echo ${intent.word}` };
  const answer = await world.asClient(call, given);
  if (!answer) return;
  assert.equal(answer.status, 201, answer.text);
  world.ledger.name(intent, (JSON.parse(answer.text) as CommandView).id);
  intent.acknowledged = true;
}

/** Pushes through the slot. A new command in the list afterwards is this one. */
async function pushToSlot(world: World, given: Luck): Promise<void> {
  const { ledger, onSlot } = world;
  const intent = ledger.intend('slot', null);
  const before = new Set(ledger.view.map(({ id }) => id));
  for (const one of ledger.view)
    if (one.origin === 'slot' && isWaiting(one)) ledger.mayBeWithdrawn.add(one.id);
  const answer = await onSlot('cmd', { method: 'POST', body: `echo ${intent.word}` }, given);
  const fresh = (await world.list()).filter(({ id }) => !before.has(id));
  assert.ok(fresh.length <= 1, 'one push creates two commands');
  if (fresh[0]) ledger.name(intent, fresh[0].id);
  if (!answer) return;
  assert.equal(answer.status, 201, answer.text);
  assert.ok(fresh[0], 'a push to the slot was acknowledged and is not listed');
  intent.acknowledged = true;
}

async function withdraw(world: World, path: string, method: string, given: Luck): Promise<void> {
  for (const one of world.ledger.view) if (isWaiting(one)) world.ledger.mayBeWithdrawn.add(one.id);
  await world.asClient({ method, path }, given);
}

async function cancel(world: World, which: number, given: Luck): Promise<void> {
  const { ledger } = world;
  const open = ledger.view.filter(({ state }) => !isEnded(state));
  const target = open[which % Math.max(1, open.length)];
  if (!target) return;
  ledger.mayBeWithdrawn.add(target.id);
  const answer = await world.asClient({ method: 'DELETE', path: `/commands/${target.id}` }, given);
  if (answer)
    ledger.over.set(target.id, `cancelled: ${(JSON.parse(answer.text) as { outcome: string }).outcome}`);
}

function runnerStep<A extends object>(
  weight: number,
  name: string,
  given: { [K in keyof A]: fc.Arbitrary<A[K]> },
  perform: (runner: RunnerActor, given: A) => Promise<void> | void,
): Weighted {
  return step<A & { who: number }>(
    weight,
    name,
    { ...given, who: fc.nat(1) } as never,
    async (world, values) => {
      const runner = world.runners[values.who % Math.max(1, world.runners.length)];
      if (runner) await perform(runner, values);
    },
  );
}

function slotStep(
  weight: number,
  name: string,
  possible: fc.Arbitrary<Luck>,
  perform: (slot: SlotActor, given: Luck) => Promise<void>,
): Weighted {
  return step<{ luck: Luck }>(weight, name, { luck: possible }, async ({ slot }, values) => {
    if (slot) await perform(slot, values.luck);
  });
}

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  step<{ luck: Luck }>(8, 'push', { luck }, async (world, given) => {
    const intent = world.ledger.intend('commands', `key-${world.ledger.intents.length}`);
    await push(world, intent, given.luck);
  }),
  step<{ luck: Luck }>(3, 'push without an Idempotency-Key', { luck: unnamed }, async (world, given) => {
    const intent = world.ledger.intend('commands', null);
    await push(world, intent, given.luck);
  }),
  step<{ luck: Luck; which: number }>(4, 'push again', { luck, which: fc.nat(3) }, async (world, given) => {
    const intent = world.ledger.intents.filter(({ key }) => key !== null).at(-1 - given.which);
    if (intent) await push(world, intent, given.luck);
  }),
  step<{ which: number }>(
    2,
    'push other bytes with the same Idempotency-Key',
    { which: fc.nat(3) },
    async (world, { which }) => {
      const intent = world.ledger.intents
        .filter(({ id, key }) => key !== null && id !== undefined)
        .at(-1 - which);
      if (!intent) return;
      const headers = { 'idempotency-key': intent.key ?? '' };
      const call = { method: 'POST', path: '/commands', headers, body: 'echo something else' };
      const answer = await world.asClient(call, { fate: 'arrives', turns: 0 });
      assert.equal(answer?.headers['remotify-error'], 'key_reused', `${intent.key} names two commands`);
    },
  ),
  step<{ luck: Luck }>(4, 'push to the slot', { luck: unnamed }, (world, given) =>
    pushToSlot(world, given.luck),
  ),
  step<{ luck: Luck; which: number }>(5, 'cancel', { luck, which: fc.nat(3) }, (world, given) =>
    cancel(world, given.which, given.luck),
  ),
  step<{ luck: Luck }>(1, 'reset', { luck }, (world, given) => withdraw(world, '/reset', 'POST', given.luck)),
  step<{ luck: Luck }>(1, 'drop', { luck }, async ({ ledger, onSlot }, given) => {
    for (const one of ledger.view) if (isWaiting(one)) ledger.mayBeWithdrawn.add(one.id);
    await onSlot('cmd', { method: 'DELETE' }, given.luck);
  }),
  step<{ which: number }>(3, 'read output', { which: fc.nat(5) }, async (world, { which }) => {
    const { id } = world.ledger.view.at(-1 - which) ?? {};
    if (id !== undefined) await world.readOutput(id);
  }),
  step(1, 'restart', {}, ({ wire }) => wire.restart()),

  runnerStep<{ luck: Luck }>(40, 'go on', { luck }, (runner, given) => runner.goOn(given.luck)),
  runnerStep<{ luck: Luck }>(6, 'look', { luck }, (runner, given) => runner.look(given.luck)),
  runnerStep<{ luck: Luck }>(6, 'beat', { luck }, (runner, given) => runner.beat(given.luck)),
  runnerStep<{ luck: Luck }>(3, 'decline', { luck }, (runner, given) => runner.decline(given.luck)),
  runnerStep<{ luck: Luck; bytes: number }>(8, 'upload', { luck, bytes: fc.nat(12) }, (runner, given) =>
    runner.upload(given.luck, given.bytes),
  ),
  runnerStep<{ luck: Luck }>(3, 'replace', { luck }, (runner, given) => runner.replace(given.luck)),
  runnerStep(1, 'give up', {}, (runner) => runner.giveUp()),

  slotStep(12, 'slot go on', unnamed, (slot, given) => slot.goOn(given)),
  slotStep(3, 'poll the slot', unnamed, (slot, given) => slot.poll(given)),
  slotStep(5, 'read the slot', luck, (slot, given) => slot.read(given)),
);

/** Checks the promises against a real relay over HTTP, with generated events, network failures and restarts. */
import fc from 'fast-check';
import { anyStep, type Step } from './steps.ts';
import { Wire, type RestartableRelay } from './wire.ts';
import { type Crew, crews, World } from './world.ts';

const longestRun = 40;

/** Throws with the seed and the counterexample when a promise is broken. */
export async function checkWirePromises(
  relay: RestartableRelay,
  parameters: fc.Parameters<[Crew, Step[]]>,
): Promise<void> {
  const wire = new Wire(relay);
  const crew = fc.constantFrom(...(Object.keys(crews) as Crew[]));
  const steps = fc.array(anyStep, { maxLength: longestRun, size: 'max' });
  const property = fc.asyncProperty(crew, steps, async (present, happening) => {
    const world = await World.open(wire, present);
    for (const step of happening) {
      await step.perform(world);
      world.ledger.observe(await world.list());
    }
    await world.settle();
  });
  try {
    await fc.assert(property, parameters);
  } finally {
    wire.close();
  }
}

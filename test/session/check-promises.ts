/** Checks the promises of a session against generated interleavings of all events. */
import fc from 'fast-check';
import type { SessionModule } from './session-module.ts';
import { anyStep, type Crew, crews, type Step, World } from './steps.ts';

const longestRun = 90;

/** Throws with the seed and a short counterexample when a promise is broken. */
export function checkPromises(api: SessionModule, parameters: fc.Parameters<[Crew, Step[]]>): void {
  const crew = fc.constantFrom(...(Object.keys(crews) as Crew[]));
  const steps = fc.array(anyStep, { maxLength: longestRun, size: 'max' });
  const property = fc.property(crew, steps, (present, happening) => {
    const world = new World(api, present);
    for (const step of happening) {
      // No two events have the same time.
      world.relay.now += 1;
      step.perform(world);
      if (world.relay.gone) return;
    }
  });
  fc.assert(property, parameters);
}

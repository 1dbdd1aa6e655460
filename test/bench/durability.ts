import { openFileStore } from '../../src/store/file-store.ts';
import { count, makeSession } from '../store/store-kit.ts';
import type { Ends } from './kit/ends.ts';
import type { Group } from './kit/group.ts';
import { makeFolder } from './kit/relays.ts';
import { alternate } from './kit/series.ts';

async function measure(ends: Ends, durability: 'process' | 'power', atOnce: number, changes: number) {
  const store = await openFileStore(`${await makeFolder(ends)}/store`, { warn: () => undefined, durability });
  const names = Array.from({ length: atOnce }, (_, index) => String(index).padStart(64, '0'));
  await Promise.all(names.map((name) => store.create(makeSession(name))));
  const each = Math.ceil(changes / atOnce);
  const began = performance.now();
  await Promise.all(
    names.map(async (name) => {
      for (let change = 0; change < each; change += 1) await store.update(name, count);
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  await store.close();
  return { rate: (each * atOnce) / seconds };
}

export const durability: Group = {
  name: 'durability',
  title: 'Cost of --durability power',
  notes: [
    'Changes per second that the file store acknowledges, in the process of the benchmark, without HTTP, for one session or many at once.',
  ],
  async run({ isShort, ends, add }) {
    for (const atOnce of isShort ? [16] : [1, 16, 256]) {
      const changes = isShort ? 64 : atOnce === 1 ? 500 : 5_000;
      const { of } = await alternate(
        [
          { name: 'process', measure: () => measure(ends, 'process', atOnce, changes) },
          { name: 'power', measure: () => measure(ends, 'power', atOnce, changes) },
        ],
        { rounds: isShort ? 1 : 5 },
      );
      const name = `${atOnce} at once`;
      const process = { name: 'process', values: of('process', 'rate') };
      const id = `durability.${atOnce}`;
      add({ id: `${id}.process`, name: `${name}, process`, unit: 'changes/s', values: process.values });
      add({
        id: `${id}.power`,
        name: `${name}, power`,
        unit: 'changes/s',
        values: of('power', 'rate'),
        base: process,
      });
    }
  },
};

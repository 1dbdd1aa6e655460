/** What `--durability power` costs: changes a second that a file store acknowledges, alone and many at once, with and without. */
import { openFileStore } from '../../src/store/file-store.ts';
import { makeTemporaryFolder } from '../harness/temporary-folder.ts';
import { count, makeSession } from '../store/store-kit.ts';

const sessions = 256;
const changes = 20;

async function measure(durability: 'process' | 'power', atOnce: number): Promise<number> {
  const folder = await makeTemporaryFolder();
  const store = await openFileStore(`${folder.path}/store`, { warn: () => undefined, durability });
  const names = Array.from({ length: atOnce }, (_, index) => String(index).padStart(64, '0'));
  await Promise.all(names.map((name) => store.create(makeSession(name))));
  const began = performance.now();
  const each = Math.ceil((sessions * changes) / atOnce / (atOnce === 1 ? 10 : 1));
  await Promise.all(
    names.map(async (name) => {
      for (let change = 0; change < each; change += 1) await store.update(name, count);
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  await store.close();
  await folder.remove();
  return Math.round((each * atOnce) / seconds);
}

for (const atOnce of [1, 16, sessions]) {
  const plain = await measure('process', atOnce);
  const synced = await measure('power', atOnce);
  const ratio = (plain / synced).toFixed(1);
  process.stdout.write(
    `${atOnce} at once: ${plain} changes/s, ${synced} with --durability power (÷ ${ratio})\n`,
  );
}

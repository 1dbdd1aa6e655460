import { join } from 'node:path';
import { addSessions } from './kit/fill.ts';
import type { Group } from './kit/group.ts';
import { readCpuMs, readPeakKib, readRssKib } from './kit/processes.ts';
import { makeFolder, startUnlimited } from './kit/relays.ts';
import { alternate } from './kit/series.ts';
import { Ends } from './kit/ends.ts';

export const scale: Group = {
  name: 'scale',
  title: 'Start with many sessions',
  notes: [
    'The relay starts on the file store of a killed relay, with sessions that have no commands. The time is from the start of `remotify serve` until it prints its address; memory is the resident memory at that point.',
  ],
  async run({ isShort, ends, add, say }) {
    const sessions = isShort ? 1_000 : 100_000;
    const store = `file:${join(await makeFolder(ends), 'store')}`;
    const filling = new Ends();
    // If the benchmark is interrupted here, this ends the relay too.
    ends.add(() => filling.endAll());
    const relay = await startUnlimited(filling, store);
    say(`${sessions} sessions`);
    await addSessions(relay, sessions);
    await filling.endAll();
    const restart = async (url: string): Promise<Record<string, number>> => {
      const own = new Ends();
      ends.add(() => own.endAll());
      const began = performance.now();
      const { pid } = await startUnlimited(own, url);
      const ms = performance.now() - began;
      const memory = readRssKib(pid) / 1024;
      const figures = { ms, cpu: readCpuMs(pid), memory, peak: readPeakKib(pid) / 1024 };
      await own.endAll();
      return figures;
    };
    const empty = `file:${join(await makeFolder(ends), 'store')}`;
    const { of } = await alternate(
      [
        { name: 'many', measure: () => restart(store) },
        { name: 'empty', measure: () => restart(empty) },
      ],
      { rounds: isShort ? 1 : 7 },
    );
    const id = `scale.${sessions}`;
    const name = `${sessions.toLocaleString('en')} sessions`;
    const base = (figure: string) => ({ name: 'empty store', values: of('empty', figure) });
    const addOne = (figure: string, what: string, unit: string, atMost?: number): void =>
      add({
        id: `${id}.${figure}`,
        name: `${name}: ${what}`,
        unit,
        values: of('many', figure),
        base: base(figure),
        ...(atMost !== undefined && { goal: { atMost }, isGoalOfFigure: true }),
      });
    addOne('ms', 'time to start', 'ms', 3_000);
    addOne('cpu', 'CPU of the start', 'ms CPU');
    addOne('memory', 'memory after the start', 'MiB', 250);
    addOne('peak', 'peak memory of the start', 'MiB');
  },
};

/** Counts what a relay has acknowledged, and collects the faults that were found. */
const kinds = ['sessions', 'pushes', 'starts', 'bytes', 'results', 'cancels', 'ends'] as const;
export type Kind = (typeof kinds)[number];
export type Fault = 'lost' | 'run twice' | 'wrong';

export class Tally {
  readonly acknowledged = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>;
  /** Descriptions of faults; a set, so that a fault found several times counts once. */
  readonly faults: Readonly<Record<Fault, Set<string>>> = {
    lost: new Set(),
    'run twice': new Set(),
    wrong: new Set(),
  };

  acknowledge(kind: Kind, count = 1): void {
    this.acknowledged[kind] += count;
  }

  /** Number of acknowledged requests, without the bytes. */
  get promises(): number {
    return kinds.reduce((sum, kind) => sum + (kind === 'bytes' ? 0 : this.acknowledged[kind]), 0);
  }

  blame(fault: Fault, what: string): void {
    this.faults[fault].add(what);
  }

  /** Records a fault where the condition does not hold, and returns the condition. */
  expect(holds: boolean, fault: Fault, what: string): boolean {
    if (!holds) this.blame(fault, what);
    return holds;
  }

  get count(): Record<Fault, number> {
    const { lost, wrong } = this.faults;
    return { lost: lost.size, 'run twice': this.faults['run twice'].size, wrong: wrong.size };
  }

  report(): string {
    const each = kinds.map((kind) => `${this.acknowledged[kind]} ${kind}`).join(', ');
    const faults = Object.entries(this.count).map(([fault, count]) => `${fault} ${count}`);
    return `acknowledged ${this.promises} (${each}), ${faults.join(', ')}`;
  }
}

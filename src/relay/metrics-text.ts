/**
 * Counters, gauges and histograms as Prometheus text, format 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats
 */

export type Labels = Readonly<Record<string, string>>;

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function renderSample(name: string, labels: Labels, value: number): string {
  const inside = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${inside.length === 0 ? '' : `{${inside.join(',')}}`} ${value}\n`;
}

function renderHead(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

export function renderGauge(name: string, help: string, value: number): string {
  return renderHead(name, 'gauge', help) + renderSample(name, {}, value);
}

/** A counter with one value for each set of labels. The caller must keep the number of sets small. */
export class Counter<Name extends string = never> {
  readonly #name: string;
  readonly #help: string;
  readonly #series = new Map<string, { labels: Labels; value: number }>();

  constructor(name: string, help: string) {
    this.#name = name;
    this.#help = help;
  }

  add(labels: Readonly<Record<Name, string>>, amount = 1): void {
    // No label value contains a line break, so the key is unique.
    let key = '';
    for (const label in labels) key += `${labels[label]}\n`;
    const series = this.#series.get(key);
    if (series) series.value += amount;
    else this.#series.set(key, { labels, value: amount });
  }

  render(): string {
    const samples = [...this.#series.values()].map(({ labels, value }) =>
      renderSample(this.#name, labels, value),
    );
    return renderHead(this.#name, 'counter', this.#help) + samples.join('');
  }
}

export class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  /** How many values are between a bound and the one before. */
  readonly #counts: number[];
  #sum = 0;

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
    this.#counts = [...bounds, Infinity].map(() => 0);
  }

  observe(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const at = found === -1 ? this.#bounds.length : found;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  render(): string {
    let total = 0;
    const buckets = this.#counts.map((count, at) => {
      total += count;
      const bound = this.#bounds[at];
      return renderSample(
        `${this.#name}_bucket`,
        { le: bound === undefined ? '+Inf' : String(bound) },
        total,
      );
    });
    return [
      renderHead(this.#name, 'histogram', this.#help),
      ...buckets,
      renderSample(`${this.#name}_sum`, {}, this.#sum),
      renderSample(`${this.#name}_count`, {}, total),
    ].join('');
  }
}

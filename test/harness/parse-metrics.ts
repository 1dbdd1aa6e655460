/** Parses the Prometheus text format 0.0.4 as strictly as promtool: throws an Error for any irregularity. */
export type Sample = { name: string; labels: Record<string, string>; value: number };
export type Family = { name: string; help: string; type: string; samples: Sample[] };

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/.exec(rest);
    if (!match) throw new Error(`not a label: ${rest}`);
    const [whole, name = '', value = ''] = match;
    if (name in labels) throw new Error(`duplicate label: ${name}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
    rest = rest.slice(whole.length);
  }
  return labels;
}

function parseSample(line: string): Sample {
  const match = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/.exec(line);
  const [, name = '', labels = '', number = ''] = match ?? [];
  if (!metricName.test(name)) throw new Error(`not a sample: ${line}`);
  const value = number === '+Inf' ? Infinity : Number(number);
  if (number.trim() === '' || Number.isNaN(value)) throw new Error(`not a number: ${line}`);
  return { name, labels: parseLabels(labels), value };
}

function checkHistogram({ name, samples }: Family): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('+Inf', 'Infinity')));
  const counts = buckets.map(({ value }) => value);
  const isRising = (numbers: number[]) =>
    numbers.every((one, at) => at === 0 || one >= (numbers[at - 1] ?? 0));
  if (!isRising(bounds) || new Set(bounds).size !== bounds.length) throw new Error(`bad bounds of ${name}`);
  if (bounds.at(-1) !== Infinity) throw new Error(`no bucket +Inf of ${name}`);
  if (!isRising(counts)) throw new Error(`buckets of ${name} are not cumulative`);
  const total = samples.find((sample) => sample.name === `${name}_count`)?.value;
  if (total !== counts.at(-1)) throw new Error(`count of ${name} is not its last bucket`);
  if (!samples.some((sample) => sample.name === `${name}_sum`)) throw new Error(`no sum of ${name}`);
}

function checkFamily(family: Family): void {
  const { name, type, samples } = family;
  const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  for (const sample of samples) {
    if (!suffixes.some((suffix) => sample.name === name + suffix))
      throw new Error(`${sample.name} in ${name}`);
    if (type !== 'gauge' && sample.value < 0) throw new Error(`${sample.name} is negative`);
  }
  const keys = samples.map((sample) => `${sample.name} ${JSON.stringify(sample.labels)}`);
  if (new Set(keys).size !== keys.length) throw new Error(`duplicate sample of ${name}`);
  if (type === 'counter' && !name.endsWith('_total')) throw new Error(`a counter without _total: ${name}`);
  if (type === 'histogram') checkHistogram(family);
}

export function parseMetrics(text: string): Family[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no line feed');
  const families: Family[] = [];
  for (const line of text.slice(0, -1).split('\n')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    const current = families.at(-1);
    if (keyword === 'HELP') families.push({ name, help: rest, type: '', samples: [] });
    else if (keyword === 'TYPE') {
      if (current?.name !== name || current.type !== '') throw new Error(`TYPE out of place: ${line}`);
      if (!['counter', 'gauge', 'histogram'].includes(rest)) throw new Error(`unknown type: ${line}`);
      current.type = rest;
    } else if (current === undefined || current.type === '')
      throw new Error(`a sample out of place: ${line}`);
    else current.samples.push(parseSample(line));
  }
  if (new Set(families.map(({ name }) => name)).size !== families.length) throw new Error('duplicate family');
  for (const family of families) checkFamily(family);
  return families;
}

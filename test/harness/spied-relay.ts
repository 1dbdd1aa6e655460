import { onTestFinished } from 'vitest';
import { eventually } from './deadline.ts';
import { type Relay, type RelayOptions, startRelay } from './relay-process.ts';

export type SpiedRelay = Relay & {
  /** The log lines of a kind so far, without `remotify: audit: ` and the time. */
  lines: (kind: 'audit' | 'access') => string[];
  /** Waits for the first line that matches. */
  findLine: (kind: 'audit' | 'access', pattern: RegExp) => Promise<string>;
};

/** Starts a relay whose log the test reads while it runs. Stops it after the test. */
export async function startSpiedRelay(options: RelayOptions): Promise<SpiedRelay> {
  const relay = await startRelay(options);
  onTestFinished(relay.stop);
  const lines = (kind: 'audit' | 'access') => {
    const head = new RegExp(`^remotify: ${kind}: \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z `);
    const all = relay.stderr().split('\n');
    return all.filter((line) => head.test(line)).map((line) => line.replace(head, ''));
  };
  const findLine = (kind: 'audit' | 'access', pattern: RegExp) =>
    eventually(`a line of the ${kind} log: ${pattern.source}`, 15_000, () => {
      const found = lines(kind).find((line) => pattern.test(line));
      if (found === undefined) throw new Error(`the log:\n${relay.stderr()}`);
      return found;
    });
  return { ...relay, lines, findLine };
}

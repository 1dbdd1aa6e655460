import { describe, expect, test } from 'vitest';
import * as limits from '../../src/protocol/limits.ts';
import { runnerSource } from '../../src/runner/runner-source.ts';
import { readSource } from './source-files.ts';

/** The strictest platforms cut a connection that says nothing for so long. */
const proxyCutMs = 30_000;

const maxWaitMs = limits.maxWaitSeconds * 1000;
const runner = runnerSource;

/** The number in the first match; the test fails where there is none. */
function numberIn(pattern: RegExp): number {
  const found = pattern.exec(runner)?.[1];
  expect(found, `the runner says ${pattern.source}`).toBeDefined();
  return Number(found);
}

describe('the chain of waits', () => {
  test('a held poll is answered before anything between cuts it', () => {
    expect(limits.defaultLongPollMs).toBeLessThanOrEqual(maxWaitMs);
    expect(maxWaitMs).toBeLessThan(proxyCutMs);
  });

  test('a client waits longer than the relay holds, by what a slow link needs', () => {
    expect(limits.answerGraceMs).toBeGreaterThanOrEqual(10_000);
    expect(maxWaitMs + limits.answerGraceMs).toBeGreaterThan(proxyCutMs);
  });

  test('a client of the slots, whose poll is held for as long as the relay likes, waits longer than that', () => {
    const slotPoll = limits.defaultLongPollMs + limits.answerGraceMs;
    expect(slotPoll).toBeGreaterThan(limits.defaultLongPollMs);
    expect(readSource('src/client/relay-client.ts')).toMatch(/answerGraceMs/);
  });

  test('a listener whose poll was lost asks once more before it is called dead', () => {
    // A poll that is never answered, the pause after it, and a connection that takes its time.
    const retryMs = 10_000;
    expect(limits.defaultLongPollMs + retryMs).toBeLessThan(limits.listenerSilenceMs);
    expect(maxWaitMs + retryMs).toBeLessThan(limits.listenerSilenceMs);
  });

  test('the runner gives up a poll that hangs in time to ask once more', () => {
    const retryMs = 10_000;
    for (const path of ['next', 'commands/\\$id/control']) {
      const patience = numberIn(new RegExp(`GET "/${path}[^"]*" --max-time (\\d+)`)) * 1000;
      expect(patience, path).toBeGreaterThan(limits.defaultLongPollMs);
      expect(patience + retryMs, path).toBeLessThan(limits.listenerSilenceMs);
    }
  });

  test('a dead listener is noticed within 45 s, one that closed its socket sooner', () => {
    expect(limits.listenerSilenceMs).toBeLessThanOrEqual(45_000);
    expect(limits.listenerGraceMs).toBeLessThan(limits.listenerSilenceMs);
  });

  test('a listener that comes back over a slow link is back within the grace', () => {
    // A failed connection, and the longest first pause of the runner.
    expect(limits.listenerGraceMs).toBeGreaterThanOrEqual(5_000);
  });

  test('a poll that is repeated at once is not taken for the poll of another listener', () => {
    expect(limits.slotReplacedMs).toBeGreaterThanOrEqual(1_000);
    expect(limits.slotReplacedMs).toBeLessThan(limits.defaultLongPollMs);
  });
});

describe('the chain of sizes', () => {
  test('a script and a chunk fit into a body', () => {
    expect(limits.maxScriptBytes).toBeLessThanOrEqual(limits.defaultMaxBodyBytes);
    expect(limits.maxChunkBytes).toBeLessThanOrEqual(limits.defaultMaxBodyBytes);
  });

  test('the runner uploads no more at once than the relay takes', () => {
    // It grows by doubling, up to there.
    expect(runner).toContain('[ "$chunk" -le "$ceiling" ] || chunk=$ceiling');
    expect(numberIn(/ ceiling=(\d+)$/m)).toBeLessThanOrEqual(limits.maxChunkBytes);
  });

  test('the first upload of a run and the last one of a short run fit into what a proxy takes unasked', () => {
    // client_max_body_size of nginx.
    const begin = numberIn(/ set_chunk (\d+)$/m);
    expect(begin).toBeLessThanOrEqual(1024 * 1024);
    // Both streams go into the last body: each may be as long as this.
    const share = numberIn(/\[ "\$unsent" -le \$\(\(chunk \/ (\d+)\)\) \] \|\| return 0/);
    expect((2 * begin) / share).toBeLessThanOrEqual(begin);
  });
});

describe('the chain of lifetimes', () => {
  test('a command that waits for its turn, or is shown to somebody, does not outlive its session', () => {
    expect(limits.defaultQueueSeconds).toBeLessThan(limits.defaultTtlSeconds);
  });

  test('the runner kills what ignores TERM when the relay says so', () => {
    expect(numberIn(/\(sleep (\d+) && signal_command KILL\)/)).toBe(limits.killAfterSeconds);
  });

  test('a queue fits into the history', () => {
    expect(limits.maxQueuedCommands).toBeLessThan(limits.maxEndedCommands);
  });
});

test('every limit is a whole positive number', () => {
  for (const [name, value] of Object.entries(limits)) {
    expect(Number.isSafeInteger(value) && value > 0, name).toBe(true);
  }
});

test('every limit says in its name what it counts', () => {
  const units = /(Ms|Seconds|Bytes|Commands|Polls|Sessions|Keys|Length)$|^maxInflation$/;
  expect(Object.keys(limits).filter((name) => !units.test(name))).toEqual([]);
});

test('every limit gives its reason in a comment', () => {
  const lines = readSource('src/protocol/limits.ts').split('\n');
  const bare = lines.filter(
    (line, index) => line.startsWith('export const') && !/\*\/$|^export const/.test(lines[index - 1] ?? ''),
  );
  expect(bare).toEqual([]);
});

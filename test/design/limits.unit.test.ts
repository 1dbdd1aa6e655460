import { describe, expect, test } from 'vitest';
import * as limits from '../../src/protocol/limits.ts';
import { runnerSource } from '../../src/runner/runner-source.ts';
import { readSource } from './source-files.ts';

/** The strictest platforms cut a connection after this much silence. */
const proxyCutMs = 30_000;

const maxWaitMs = limits.maxWaitSeconds * 1000;
const runner = runnerSource;

/** The number in the first match; the test fails if there is none. */
function numberIn(pattern: RegExp): number {
  const found = pattern.exec(runner)?.[1];
  expect(found, `the runner contains ${pattern.source}`).toBeDefined();
  return Number(found);
}

describe('timeouts:', () => {
  test('the relay answers a held poll before a proxy cuts it', () => {
    expect(limits.defaultLongPollMs).toBeLessThanOrEqual(maxWaitMs);
    expect(maxWaitMs).toBeLessThan(proxyCutMs);
  });

  test('a client waits longer than the relay holds a poll, by the time that a slow link needs', () => {
    expect(limits.answerGraceMs).toBeGreaterThanOrEqual(10_000);
    expect(maxWaitMs + limits.answerGraceMs).toBeGreaterThan(proxyCutMs);
  });

  test('a client of the slots waits longer than the default long poll of the relay', () => {
    const slotPoll = limits.defaultLongPollMs + limits.answerGraceMs;
    expect(slotPoll).toBeGreaterThan(limits.defaultLongPollMs);
    expect(readSource('src/client/relay-client.ts')).toMatch(/answerGraceMs/);
  });

  test('a listener whose poll was lost polls again before it counts as disconnected', () => {
    // A poll without an answer, then the pause after it, then a slow connection.
    const retryMs = 10_000;
    expect(limits.defaultLongPollMs + retryMs).toBeLessThan(limits.listenerSilenceMs);
    expect(maxWaitMs + retryMs).toBeLessThan(limits.listenerSilenceMs);
  });

  test('the runner gives up a hanging poll early enough to poll again', () => {
    const retryMs = 10_000;
    for (const path of ['next', 'commands/\\$id/control']) {
      const patience = numberIn(new RegExp(`GET "/${path}[^"]*" --max-time (\\d+)`)) * 1000;
      expect(patience, path).toBeGreaterThan(limits.defaultLongPollMs);
      expect(patience + retryMs, path).toBeLessThan(limits.listenerSilenceMs);
    }
  });

  test('a silent listener counts as disconnected within 45 s, one with a closed socket sooner', () => {
    expect(limits.listenerSilenceMs).toBeLessThanOrEqual(45_000);
    expect(limits.listenerGraceMs).toBeLessThan(limits.listenerSilenceMs);
  });

  test('a listener reconnects over a slow link within the grace period', () => {
    // Time for a failed connection and the longest first pause of the runner.
    expect(limits.listenerGraceMs).toBeGreaterThanOrEqual(5_000);
  });

  test('a poll that is repeated at once does not count as the poll of another listener', () => {
    expect(limits.slotReplacedMs).toBeGreaterThanOrEqual(1_000);
    expect(limits.slotReplacedMs).toBeLessThan(limits.defaultLongPollMs);
  });
});

describe('sizes:', () => {
  test('a script and a chunk fit into a body', () => {
    expect(limits.maxScriptBytes).toBeLessThanOrEqual(limits.defaultMaxBodyBytes);
    expect(limits.maxChunkBytes).toBeLessThanOrEqual(limits.defaultMaxBodyBytes);
  });

  test('the runner uploads no more at once than the relay accepts', () => {
    // The chunk doubles up to this ceiling.
    expect(runner).toContain('[ "$chunk" -le "$ceiling" ] || chunk=$ceiling');
    expect(numberIn(/ ceiling=(\d+)$/m)).toBeLessThanOrEqual(limits.maxChunkBytes);
  });

  test('the first upload of a run and the last upload of a short run fit into the default body limit of nginx', () => {
    // The default of client_max_body_size is 1 MiB.
    const begin = numberIn(/ set_chunk (\d+)$/m);
    expect(begin).toBeLessThanOrEqual(1024 * 1024);
    // The last body has both streams, each up to this share of the chunk.
    const share = numberIn(/\[ "\$unsent" -le \$\(\(chunk \/ (\d+)\)\) \] \|\| return 0/);
    expect((2 * begin) / share).toBeLessThanOrEqual(begin);
  });
});

describe('lifetimes:', () => {
  test('a queued or shown command does not outlive its session', () => {
    expect(limits.defaultQueueSeconds).toBeLessThan(limits.defaultTtlSeconds);
  });

  test('the runner sends KILL killAfterSeconds after TERM', () => {
    expect(numberIn(/\(sleep (\d+) && signal_command KILL\)/)).toBe(limits.killAfterSeconds);
  });

  test('a full queue fits into the history', () => {
    expect(limits.maxQueuedCommands).toBeLessThan(limits.maxEndedCommands);
  });
});

test('every limit is a positive integer', () => {
  for (const [name, value] of Object.entries(limits)) {
    expect(Number.isSafeInteger(value) && value > 0, name).toBe(true);
  }
});

test('the name of every limit ends with its unit', () => {
  const units = /(Ms|Seconds|Bytes|Commands|Polls|Sessions|Keys|Length)$|^maxInflation$/;
  expect(Object.keys(limits).filter((name) => !units.test(name))).toEqual([]);
});

test('every limit has a comment with its reason', () => {
  const lines = readSource('src/protocol/limits.ts').split('\n');
  const bare = lines.filter(
    (line, index) => line.startsWith('export const') && !/\*\/$|^export const/.test(lines[index - 1] ?? ''),
  );
  expect(bare).toEqual([]);
});

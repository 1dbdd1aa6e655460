import { expect, onTestFinished, test, vi } from 'vitest';
import { StoreClock } from '../../src/store/store-clock.ts';

function openClock(): StoreClock {
  const clock = new StoreClock();
  onTestFinished(() => clock.close());
  return clock;
}

test('now is never before upSince', () => {
  for (let round = 0; round < 2_000; round += 1) {
    const clock = new StoreClock();
    const { now, upSince } = clock.read();
    clock.close();
    expect(now).toBeGreaterThanOrEqual(upSince);
  }
});

test('the wall clock is set a day ahead: the clock does not jump', () => {
  const clock = openClock();
  const before = clock.read().now;
  const set = vi.spyOn(Date, 'now').mockReturnValue(before + 86_400_000);
  onTestFinished(() => set.mockRestore());
  expect(clock.read().now).toBeLessThan(before + 60_000);
});

test.each([
  ['stopped for a minute: upSince moves to now', 60_000, true],
  ['busy for a second: upSince does not change', 1_000, false],
])('a process that is %s', (_name, pauseMs, isNoticed) => {
  const clock = openClock();
  const { upSince } = clock.read();
  const elapsed = performance.now();
  const later = vi.spyOn(performance, 'now').mockReturnValue(elapsed + pauseMs);
  onTestFinished(() => later.mockRestore());
  const after = clock.read();
  expect(after.upSince).toBe(isNoticed ? after.now : upSince);
  expect(clock.read().upSince).toBe(after.upSince);
});

import { untilPassed } from './deadline.ts';
import type { SpiedRelay } from './spied-relay.ts';

/** Waits longer than a listener may be silent before the audit log reports it as gone. */
export const untilMissed = (): Promise<void> =>
  untilPassed('the time after which a listener is reported as gone', 5_000);

/** Lines of the audit log about a listener that is gone or back. */
export const absences = (relay: SpiedRelay): string[] =>
  relay.lines('audit').filter((line) => /listener (gone|back) /.test(line));

/** The event of each audit line about a listener, in one or two words. */
export const listenerWords = (relay: SpiedRelay): string[] =>
  relay
    .lines('audit')
    .flatMap((line) => /listener (attached|gone|back|left|taken over) from /.exec(line)?.[1] ?? []);

/** Milliseconds since 1970 of the first line of the audit log that matches. */
export function timeOfLine(relay: SpiedRelay, pattern: RegExp): number {
  const line = relay
    .stderr()
    .split('\n')
    .find((text) => pattern.test(text));
  return Date.parse(/audit: (\S+)/.exec(line ?? '')?.[1] ?? '');
}

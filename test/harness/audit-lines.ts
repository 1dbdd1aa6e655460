import { untilPassed } from './deadline.ts';
import type { SpiedRelay } from './spied-relay.ts';

/** Longer than a listener may be away before the audit log says that it is gone. */
export const untilMissed = (): Promise<void> =>
  untilPassed('the time after which a listener is missed', 5_000);

/** Lines of the audit log that tell of a listener that is gone, or back. */
export const absences = (relay: SpiedRelay): string[] =>
  relay.lines('audit').filter((line) => /listener (gone|back) /.test(line));

/** What the audit log tells of listeners, in one or two words each. */
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

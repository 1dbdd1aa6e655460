/** Announces changes to screen readers, through the page's live region. */
import { find, setText } from './dom.ts';

const pending: string[] = [];

/** A hidden tab draws no frames, so sentences pile up: only the newest are spoken. */
const maxSentences = 3;

/** Sentences of the same frame are spoken together: the last one must not replace the others. */
export function announce(sentence: string): void {
  const said = find('said');
  // Empty the region first: a screen reader does not speak the same text again.
  setText(said, '');
  const isFirst = pending.push(sentence) === 1;
  pending.splice(0, pending.length - maxSentences);
  if (!isFirst) return;
  requestAnimationFrame(() => {
    setText(said, pending.splice(0).join('. '));
  });
}

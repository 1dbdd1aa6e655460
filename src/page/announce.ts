/** For screen readers: what changed on the page without being asked for at this moment. */
import { find, setText } from './dom.ts';

const pending: string[] = [];

/** A tab that was hidden draws no frames: of what happened meanwhile, the newest is spoken. */
const maxSentences = 3;

/** Sentences that come at once are spoken together: the last one must not replace the others. */
export function announce(sentence: string): void {
  const said = find('said');
  // Emptied first: the same words twice in a row would not be spoken again.
  setText(said, '');
  const isFirst = pending.push(sentence) === 1;
  pending.splice(0, pending.length - maxSentences);
  if (!isFirst) return;
  requestAnimationFrame(() => {
    setText(said, pending.splice(0).join('. '));
  });
}

/** For screen readers: what changed on the page without being asked for at this moment. */
import { find } from './dom.ts';

const pending: string[] = [];

/** A tab that was hidden draws no frames: of what happened meanwhile, the newest is spoken. */
const maxSentences = 3;

/** Sentences that come at once are spoken together: the last one must not replace the others. */
export function announce(sentence: string): void {
  const said = find('said', HTMLElement);
  // Emptied first: the same words twice in a row would not be spoken again.
  said.textContent = '';
  if (pending.push(sentence) > 1) return;
  requestAnimationFrame(() => {
    said.textContent = pending.splice(0).slice(-maxSentences).join('. ');
  });
}

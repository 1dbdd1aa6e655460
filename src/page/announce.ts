/** For screen readers: what changed on the page without being asked for at this moment. */
import { find } from './dom.ts';

export function announce(sentence: string): void {
  const said = find('said', HTMLElement);
  // Emptied first: the same words twice in a row would not be spoken again.
  said.textContent = '';
  requestAnimationFrame(() => {
    said.textContent = sentence;
  });
}

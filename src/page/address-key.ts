/** The key after the `#` of the URL: which keys are opened without a question, and the question about all others. */
import { maskKey } from '../text/mask-keys.ts';
import { find, keepFocus, onPress } from './dom.ts';

/** How this entry of the tab's history says that the visitor knows its key: it is there again after a reload, and no link can set it. */
const markOf = (key: string): string => key.slice(0, 8);

export class AddressKey {
  readonly #question = find('foreign-key');
  /** Keys that this tab created, or that the visitor agreed to open. */
  readonly #trusted = new Set<string>();
  #asked = '';

  constructor(onYes: () => void, onNo: () => void) {
    onPress(find('foreign-yes'), () => {
      // Not the key in the URL: that may have changed since the question was asked.
      this.#trusted.add(this.#asked);
      onYes();
    });
    onPress(find('foreign-no'), () => {
      this.closeQuestion();
      onNo();
    });
  }

  /** Empty where the URL has none. It may be anything. */
  get key(): string {
    return location.hash.slice(1);
  }

  isKnown(key: string): boolean {
    return this.#trusted.has(key) || (history.state as { opened?: unknown } | null)?.opened === markOf(key);
  }

  /** The URL of this entry of the history is that of the session. */
  set(key: string): void {
    this.#trusted.add(key);
    history.replaceState({ opened: markOf(key) }, '', `#${key}`);
  }

  remove(): void {
    history.replaceState(null, '', location.pathname);
  }

  /** A link may hold the key of a stranger's session, where this visitor's commands and files would go. */
  ask(key: string, replacesSession: boolean): void {
    this.#asked = key;
    this.#question.hidden = false;
    find('start').hidden = true;
    find('foreign-words').textContent = replacesSession
      ? `The URL now has the key of another session (${maskKey(key)}). Leave this session and open that one?`
      : `The URL has the key of a session (${maskKey(key)}) that this tab did not create.`;
    // Not the other button: the visitor may be typing, and press Enter next.
    find('foreign-no').focus();
  }

  closeQuestion(): void {
    const isOpen = document.body.dataset['view'] === 'session';
    keepFocus(find(isOpen ? 'transcript' : 'make'), () => {
      this.#question.hidden = true;
      find('start').hidden = isOpen;
    });
  }
}

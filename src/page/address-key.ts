/** The session key after the `#` of the URL: opens a key that this tab trusts, and asks the visitor about any other. */
import { maskKey } from '../text/mask-keys.ts';
import { find, keepFocus, onPress } from './dom.ts';

/** Mark in the history state that the visitor trusts this key. It survives a reload, and a link cannot set it. */
const markOf = (key: string): string => key.slice(0, 8);

export class AddressKey {
  readonly #question = find('foreign-key');
  /** Keys that this tab created, or that the visitor agreed to open. */
  readonly #trusted = new Set<string>();
  #asked = '';

  constructor(onYes: () => void, onNo: () => void) {
    onPress(find('foreign-yes'), () => {
      // Trust the key in the question. The key in the URL may have changed since.
      this.#trusted.add(this.#asked);
      onYes();
    });
    onPress(find('foreign-no'), () => {
      this.closeQuestion();
      onNo();
    });
  }

  /** Empty if the URL has none. Not validated. */
  get key(): string {
    return location.hash.slice(1);
  }

  isKnown(key: string): boolean {
    return this.#trusted.has(key) || (history.state as { opened?: unknown } | null)?.opened === markOf(key);
  }

  /** Trusts the key, and puts it into the URL of the current history entry. */
  set(key: string): void {
    this.#trusted.add(key);
    history.replaceState({ opened: markOf(key) }, '', `#${key}`);
  }

  remove(): void {
    history.replaceState(null, '', location.pathname);
  }

  /** Asks before opening: a link may have the key of a stranger's session, which would receive the visitor's commands and files. */
  ask(key: string, replacesSession: boolean): void {
    this.#asked = key;
    this.#question.hidden = false;
    find('start').hidden = true;
    find('foreign-words').textContent = replacesSession
      ? `The URL now has the key of another session (${maskKey(key)}). Leave this session and open that one?`
      : `The URL has the key of a session (${maskKey(key)}) that this tab did not create.`;
    // Focus the safe button: the visitor may be typing, and press Enter next.
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

/** Shows the lines to paste. The key is masked on the page, and complete in the clipboard. */
import type { SessionPayload } from '../protocol/session-payload.ts';
import { announce } from './announce.ts';
import { copyText, flashLabel } from './clipboard.ts';
import { find, make, makeButton, onPress, setLabel } from './dom.ts';
import { buildLines, type LineName, lineNames } from './paste-lines.ts';

export class LineBoard {
  readonly #reveal = find('reveal');
  #key = '';
  #lines: Readonly<Record<LineName, string>> | undefined;
  #isRevealed = false;

  constructor() {
    onPress(this.#reveal, () => this.#showKey(!this.#isRevealed));
    for (const code of this.#codes()) {
      const { line, name = '' } = code.dataset;
      // A browser that translates the page must not translate the line.
      code.translate = false;
      const style = line === 'supervised' ? 'primary' : '';
      const button = makeButton(style, 'copy', `the ${name}`, () => void this.#copy(code, button));
      code.closest('.line')?.append(button);
    }
  }

  show(payload: SessionPayload, pageUrl: string): void {
    this.#key = payload.key;
    this.#lines = buildLines(payload, pageUrl);
    find('auto').hidden = this.#lines.auto === '';
    find('quoting').hidden = !this.#lines.exec.includes("'COMMAND'");
    this.#showKey(false);
  }

  /** Removes the session's lines and key from the page. */
  forget(): void {
    this.#key = '';
    this.#lines = undefined;
    for (const code of this.#codes()) code.replaceChildren();
  }

  #codes(): NodeListOf<HTMLElement> {
    return document.querySelectorAll<HTMLElement>('[data-line]');
  }

  #read(name: string | undefined): string {
    const known = lineNames.find((one) => one === name);
    return (known && this.#lines?.[known]) ?? '';
  }

  #showKey(isRevealed: boolean): void {
    this.#isRevealed = isRevealed;
    setLabel(this.#reveal, isRevealed ? 'hide' : 'reveal');
    const parts = new RegExp(`(${this.#key}|\\bCOMMAND\\b)`);
    for (const code of this.#codes()) {
      const text = this.#read(code.dataset['line']);
      const line = code.closest<HTMLElement>('.line');
      if (line) line.hidden = text === '';
      code.replaceChildren(...text.split(parts).map((part) => this.#renderPart(part)));
    }
  }

  #renderPart(part: string): HTMLElement {
    if (part === 'COMMAND') return make('mark', '', part);
    if (part !== this.#key || this.#isRevealed) return make('span', '', part);
    const masked = make('span', '', '•'.repeat(8));
    masked.setAttribute('role', 'img');
    masked.setAttribute('aria-label', 'masked key');
    return masked;
  }

  async #copy(code: HTMLElement, button: HTMLButtonElement): Promise<void> {
    const { line, name = '' } = code.dataset;
    const text = this.#read(line);
    if (await copyText(text, code)) return this.#say(button, 'copied', `${name} copied`);
    // The visitor copies the selection, so it must contain the real key.
    if (text.includes(this.#key)) this.#showKey(true);
    getSelection()?.selectAllChildren(code);
    this.#say(button, 'selected', `${name} selected: copy it with the keyboard or the menu`);
  }

  #say(button: HTMLButtonElement, label: string, sentence: string): void {
    flashLabel(button, label);
    announce(sentence);
  }
}

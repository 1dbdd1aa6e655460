/** The list of commands on the page, oldest first. Follows the newest command while the visitor is at the end. */
import type { CommandCard } from './command-card.ts';
import { keepFocus } from './dom.ts';

/** Closer to the end than this counts as at the end. */
const endPx = 48;

export class Transcript {
  readonly #list: HTMLElement;
  /** The scrolling element. */
  readonly #scroller: HTMLElement;
  readonly #cards = new Map<Element, CommandCard>();
  #isAtEnd = true;
  #top = 0;
  #height = 0;

  constructor(list: HTMLElement, scroller: HTMLElement) {
    this.#list = list;
    this.#scroller = scroller;
    scroller.addEventListener('scroll', () => this.#onScroll(), { passive: true });
    // New output makes the list taller. An open panel makes the visible part smaller.
    const observer = new ResizeObserver(() => this.#keepEnd());
    for (const element of [list, scroller]) observer.observe(element);
  }

  /** The list also scrolls when the window or an output changes its size. If it did not shrink, only the visitor can have scrolled up. */
  #onScroll(): void {
    const { scrollTop, scrollHeight } = this.#scroller;
    if (this.#leftPx() < endPx) this.#isAtEnd = true;
    else if (scrollTop < this.#top && scrollHeight >= this.#height) this.#isAtEnd = false;
    this.#top = scrollTop;
    this.#height = scrollHeight;
  }

  #leftPx(): number {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  #keepEnd(): void {
    if (this.#isAtEnd) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Inserts the card in the order of the numbers. Moves a card that is in the list already. */
  add(card: CommandCard): void {
    const hadFocus = card.element.contains(document.activeElement);
    this.#cards.set(card.element, card);
    const next = [...this.#list.children].find((element) => {
      const other = this.#cards.get(element);
      return other !== undefined && other !== card && other.number > card.number;
    });
    if (card.element.nextElementSibling !== (next ?? null) || card.element.parentElement !== this.#list)
      this.#list.insertBefore(card.element, next ?? null);
    if (hadFocus) card.focus();
    for (const [element] of this.#cards)
      if (element !== card.element && !element.isConnected) this.#cards.delete(element);
    this.#keepEnd();
  }

  /** Scrolls to the end, where the visitor's new command appears. */
  toEnd(): void {
    this.#isAtEnd = true;
    this.#keepEnd();
  }

  clear(): void {
    keepFocus(this.#scroller, () => this.#list.replaceChildren());
    this.#cards.clear();
    this.#isAtEnd = true;
  }
}

/** Finds, creates and updates elements of the page. */

/** The element of index.html with this id. Throws if there is none, or if it is of another kind. */
export function find(id: string): HTMLElement;
export function find<T extends HTMLElement>(id: string, kind: new () => T): T;
export function find(id: string, kind: new () => HTMLElement = HTMLElement): HTMLElement {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new TypeError(`no such element: ${id}`);
}

/** `work` runs when the visitor presses the element, by mouse, finger or keyboard. */
export function onPress(element: HTMLElement, work: () => void): void {
  element.addEventListener('click', work);
}

/** Does not touch an element that has this text already: a screen reader would speak it again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  text = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** Text for screen readers only. */
export function makeSpoken(text: string): HTMLElement {
  return make('span', 'spoken', text);
}

/** `name` is read after the label by screen readers, which read a button without the text around it. */
export function makeButton(
  className: string,
  label: string,
  name: string,
  onClick: () => void,
): HTMLButtonElement {
  const button = make('button', className);
  button.type = 'button';
  button.append(make('span', '', label), makeSpoken(` ${name}`));
  onPress(button, onClick);
  return button;
}

/** For a button from `makeButton`, or one with the same structure in index.html. */
export function setLabel(button: HTMLElement, label: string): void {
  const [visible] = button.children;
  if (visible) visible.textContent = label;
}

/** Sets the text that screen readers read after the label. */
export function setButtonName(button: HTMLButtonElement, name: string): void {
  const spoken = button.querySelector('.spoken');
  if (spoken) spoken.textContent = ` ${name}`;
}

/** Moves the focus to `next` if the change hides the focused element; otherwise the keyboard would start at the page's top. */
export function keepFocus(next: HTMLElement, change: () => void): void {
  // Read before the change: a browser may take the focus from a hidden element at once.
  const { activeElement } = document;
  change();
  if (activeElement !== document.body && activeElement?.checkVisibility() === false) next.focus();
}

export function hideButton(button: HTMLElement, nextFocus: HTMLElement): void {
  keepFocus(nextFocus, () => (button.hidden = true));
}

/** Elements of the page. */

/** The element of index.html with this id. Throws where there is none, or one of another kind. */
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

/** The same text again changes nothing: a screen reader would speak it again. */
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

/** Read by screen readers, and not shown. */
export function makeSpoken(text: string): HTMLElement {
  return make('span', 'spoken', text);
}

/** `name` follows the label for screen readers, which read a button without the text around it. */
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

/** Of a button that `makeButton` made, or that index.html has in the same shape. */
export function setLabel(button: HTMLElement, label: string): void {
  const [visible] = button.children;
  if (visible) visible.textContent = label;
}

/** What screen readers hear after the label. */
export function setButtonName(button: HTMLButtonElement, name: string): void {
  const spoken = button.querySelector('.spoken');
  if (spoken) spoken.textContent = ` ${name}`;
}

/** Where a change hides or removes the element with the focus, the keyboard would begin at the top of the page again. */
export function keepFocus(next: HTMLElement, change: () => void): void {
  // Read before the change: a browser may take the focus from a hidden element at once.
  const { activeElement } = document;
  change();
  if (activeElement !== document.body && activeElement?.checkVisibility() === false) next.focus();
}

export function hideButton(button: HTMLElement, nextFocus: HTMLElement): void {
  keepFocus(nextFocus, () => (button.hidden = true));
}

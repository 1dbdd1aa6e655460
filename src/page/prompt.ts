/** The command prompt: Enter runs, Shift+Enter adds a line, arrows recall the history. A file becomes the command's stdin. */
import { escapeText } from '../text/escape.ts';
import { formatSize } from '../text/sizes.ts';
import { find, onPress, setText } from './dom.ts';

/** The field grows to this many lines, then it scrolls. */
const maxRows = 12;

/** keyCode of a key that an input method handled (UI Events, 7.3.1). */
const composedKey = 229;

export interface Push {
  text: string;
  /** The command's stdin. */
  file: File | undefined;
}

export interface PromptHandler {
  run(push: Push): void;
  /** Oldest first. */
  history(): readonly string[];
}

/** In text of several lines the arrows move the cursor; in its first and last line they recall the history. */
function isAtEdge({ value, selectionStart, selectionEnd }: HTMLTextAreaElement, isUp: boolean): boolean {
  if (selectionStart !== selectionEnd) return false;
  const beyond = isUp ? value.slice(0, selectionStart) : value.slice(selectionEnd);
  return !beyond.includes('\n');
}

export class Prompt {
  readonly #handler: PromptHandler;
  readonly #field = find('command', HTMLTextAreaElement);
  readonly #picker = find('file', HTMLInputElement);
  readonly #chosen = find('file-chosen');
  readonly #drop = find('file-drop');
  #file: File | undefined;
  /** Position in the history, from the end: 0 is the text being typed. */
  #back = 0;
  #draft = '';

  constructor(handler: PromptHandler) {
    this.#handler = handler;
    const form = find('run-form', HTMLFormElement);
    form.addEventListener('submit', (event) => this.#submit(event));
    this.#field.addEventListener('input', () => {
      // A recalled text that was edited becomes the draft, so that the next recall keeps it.
      this.#back = 0;
      this.#fit();
    });
    this.#field.addEventListener('keydown', (event) => this.#onKey(event));
    this.#picker.addEventListener('change', () => this.#choose(this.#picker.files?.[0]));
    onPress(this.#drop, () => {
      this.#choose(undefined);
      this.#field.focus();
    });
    onPress(find('file-pick'), () => this.#picker.click());
    // On the whole document: if a file drops beside the form, the browser leaves the page. The browser handles dropped text.
    for (const type of ['dragover', 'drop'] as const)
      document.addEventListener(type, (event) => {
        if (event.dataTransfer?.types.includes('Files') !== true) return;
        event.preventDefault();
        // The height of a hidden form is 0.
        if (type === 'drop' && form.offsetHeight > 0) this.#take(event.dataTransfer);
      });
  }

  /** Puts a text into the field to edit and run. Arrow down brings the draft back. */
  edit(text: string): void {
    const texts = this.#handler.history();
    if (this.#back === 0) this.#draft = this.#field.value;
    const at = texts.lastIndexOf(text);
    this.#back = at < 0 ? 1 : texts.length - at;
    this.#set(text);
    this.#field.focus();
  }

  /** Another session was opened: clears the file and the position in the history. */
  reset(): void {
    this.#choose(undefined);
    this.#back = 0;
  }

  focus(): void {
    this.#field.focus();
  }

  #set(text: string): void {
    this.#field.value = text;
    this.#fit();
  }

  #fit(): void {
    const field = this.#field;
    field.rows = 1;
    while (field.rows < maxRows && field.scrollHeight > field.clientHeight) field.rows++;
  }

  #take({ items, files }: DataTransfer): void {
    const [file] = files;
    if (items[0]?.webkitGetAsEntry()?.isDirectory === true)
      this.#choose(undefined, 'a folder cannot be sent: choose a file');
    else this.#choose(file, files.length > 1 ? `, the first of ${files.length} files` : '');
  }

  #choose(file: File | undefined, words = ''): void {
    this.#file = file;
    this.#picker.value = '';
    const named = file ? `stdin: ${escapeText(file.name)} (${formatSize(file.size)})` : '';
    setText(this.#chosen, named + words);
    this.#drop.hidden = file === undefined;
  }

  #submit(event: Event): void {
    event.preventDefault();
    const text = this.#field.value;
    this.#field.focus();
    if (text.trim() === '') return;
    const file = this.#file;
    this.#back = 0;
    this.#set('');
    this.#choose(undefined);
    this.#handler.run({ text, file });
  }

  #onKey(event: KeyboardEvent): void {
    const { key, isComposing, keyCode, ctrlKey, altKey, metaKey, shiftKey } = event;
    // Some browsers end a composition before they report its Enter, as key 229.
    if (isComposing || keyCode === composedKey || ctrlKey || altKey || metaKey || shiftKey) return;
    if (key === 'Enter') this.#submit(event);
    if (key === 'ArrowUp' && isAtEdge(this.#field, true)) this.#recall(event, 1);
    if (key === 'ArrowDown' && isAtEdge(this.#field, false)) this.#recall(event, -1);
  }

  #recall(event: Event, step: number): void {
    const texts = this.#handler.history();
    const next = this.#back + step;
    if (next < 0 || next > texts.length) return;
    event.preventDefault();
    if (this.#back === 0) this.#draft = this.#field.value;
    this.#back = next;
    this.#set(next === 0 ? this.#draft : (texts.at(-next) ?? ''));
  }
}

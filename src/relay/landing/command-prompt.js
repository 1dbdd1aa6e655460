/** Most lines that the field grows to before it scrolls. */
const maxRows = 12;

/** Within a text of several lines the arrows move; at its first and last line they recall. */
function isAtEdge({ value, selectionStart, selectionEnd }, isUp) {
  if (selectionStart !== selectionEnd) return false;
  const beyond = isUp ? value.slice(0, selectionStart) : value.slice(selectionEnd);
  return !beyond.includes('\n');
}

/**
 * Where commands are typed: Enter runs, Shift+Enter begins a line, the arrows recall. `run(text)` takes what was typed; `history()` gives
 * what was, oldest first.
 */
export function servePrompt(form, { run, history }) {
  const field = form.querySelector('textarea');
  /** How far back in the history: 0 is what is being typed. */
  let back = 0;
  let draft = '';

  const fit = () => {
    field.rows = Math.min(maxRows, field.value.split('\n').length);
  };
  const set = (text) => {
    field.value = text;
    fit();
  };
  const submit = (event) => {
    event.preventDefault();
    const text = field.value;
    field.focus();
    if (text.trim() === '') return;
    back = 0;
    set('');
    run(text);
  };
  const recall = (event, step) => {
    const texts = history();
    const next = back + step;
    if (next < 0 || next > texts.length) return;
    event.preventDefault();
    if (back === 0) draft = field.value;
    back = next;
    set(back === 0 ? draft : texts.at(-back));
  };

  form.addEventListener('submit', submit);
  field.addEventListener('input', fit);
  field.addEventListener('keydown', (event) => {
    const { key, isComposing, ctrlKey, altKey, metaKey, shiftKey } = event;
    if (isComposing || ctrlKey || altKey || metaKey || shiftKey) return;
    if (key === 'Enter') submit(event);
    if (key === 'ArrowUp' && isAtEdge(field, true)) recall(event, 1);
    if (key === 'ArrowDown' && isAtEdge(field, false)) recall(event, -1);
  });
}

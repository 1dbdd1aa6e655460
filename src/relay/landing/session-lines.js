/** The lines to paste, the key masked in what is shown and whole in what is copied. */
import { announce } from './announce.js';
import { parseJson, relayUrl, Trouble } from './relay-api.js';

/** How long a button says "copied" before it says "copy" again. */
const copiedMs = 2_000;

const byId = (id) => document.getElementById(id);
const reveal = byId('reveal');

/** The session shown: its key, its life and the text of each line by name. */
let session;
let isRevealed = false;

reveal.addEventListener('click', () => showKey(!isRevealed));
for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', () => void copyLine(button));
}

/** `{ key, version, ttlSeconds, lines }` of an answer, or a Trouble. */
export function readSession(answer) {
  const payload = parseJson(answer);
  const { key, ttl_seconds: ttlSeconds, remote_quickstart: supervised, exec, urls, version } = payload ?? {};
  const isWhole =
    /^[0-9a-f]{32}$/.test(key) &&
    Number.isInteger(ttlSeconds) &&
    typeof supervised === 'string' &&
    typeof exec === 'string';
  if (!isWhole)
    throw new Trouble('the answer is not a session: is something between this page and the relay?');
  const auto = supervised.replace(/(\/r\/[0-9a-f]{32})(?=['"])/, '$1?mode=auto');
  // As the relay wants to be called, which may be another address than that of this page.
  const relay = String(urls?.api ?? '').match(/^(https?:\/\/.+)\/api\/session\//)?.[1] ?? relayUrl;
  const cli = `export REMOTIFY_KEY=${key}\nremotify exec --url ${quoteForShell(relay)} 'COMMAND'`;
  const server = { command: 'remotify', args: ['mcp'], env: { REMOTIFY_URL: relay, REMOTIFY_KEY: key } };
  const mcp = JSON.stringify({ mcpServers: { remotify: server } }, null, 2);
  // A line that has no place for the mode is not offered as auto: it would be the supervised one.
  const lines = { supervised, auto: auto === supervised ? '' : auto, exec, cli, mcp, key };
  return { key, version: String(version), ttlSeconds, lines };
}

function quoteForShell(word) {
  return /^[\w.:/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export function showLines(shown) {
  session = shown;
  byId('auto').hidden = session.lines.auto === '';
  byId('quoting').hidden = !session.lines.exec.includes("'COMMAND'");
  showKey(false);
}

/** Nothing of the session stays in the page. */
export function forgetLines() {
  session = undefined;
  for (const code of document.querySelectorAll('[data-line]')) code.replaceChildren();
}

function showKey(shown) {
  isRevealed = shown;
  reveal.firstElementChild.textContent = shown ? 'hide' : 'reveal';
  for (const code of document.querySelectorAll('[data-line]')) {
    const pieces = session.lines[code.dataset.line].split(new RegExp(`(${session.key}|\\bCOMMAND\\b)`));
    code.replaceChildren(...pieces.map(renderPiece));
  }
}

function renderPiece(piece) {
  const element = document.createElement(piece === 'COMMAND' ? 'mark' : 'span');
  element.textContent = piece;
  if (piece === session.key && !isRevealed) {
    element.textContent = '•'.repeat(8);
    element.setAttribute('role', 'img');
    element.setAttribute('aria-label', 'masked key');
  }
  return element;
}

async function copyLine(button) {
  const { copy, name } = button.dataset;
  const text = session.lines[copy];
  const code = document.querySelector(`[data-line="${copy}"]`);
  const isCopied = (await writeClipboard(text)) || copySelection(code, text);
  if (isCopied) {
    getSelection().removeAllRanges();
    say(button, 'copied', `${name} copied`);
    return;
  }
  // What is selected must be the whole line, so the key has to show.
  if (text.includes(session.key)) showKey(true);
  getSelection().selectAllChildren(code);
  say(button, 'selected', `${name} selected: copy it with the keyboard or the menu`);
}

/** Absent over plain http, and the visitor may have forbidden it. */
async function writeClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The older way, which works over plain http; the event hands over the true text, so the key can stay masked. */
function copySelection(code, text) {
  let isHandedOver = false;
  const handOver = (event) => {
    event.clipboardData.setData('text/plain', text);
    event.preventDefault();
    isHandedOver = true;
  };
  getSelection().selectAllChildren(code);
  document.addEventListener('copy', handOver, { once: true });
  const isDone = document.execCommand('copy');
  document.removeEventListener('copy', handOver);
  return isDone && isHandedOver;
}

function say(button, label, sentence) {
  const visible = button.firstElementChild;
  visible.textContent = label;
  announce(sentence);
  setTimeout(() => {
    visible.textContent = 'copy';
  }, copiedMs);
}

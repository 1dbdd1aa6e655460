/**
 * Makes a session and shows its lines. The key lives in `session` and in what the visitor copies or reveals:
 * in no URL that is sent, in no storage. Everything from the relay becomes text, never markup.
 */

/** Longer than a relay under load needs; after it the visitor is told rather than left waiting. */
const answerTimeoutMs = 20_000;

/** How long a button says "copied" before it says "copy" again. */
const copiedMs = 2_000;

const byId = (id) => document.getElementById(id);
const make = byId('make');
const reveal = byId('reveal');

/** The session shown: its key, its life and the text of each line by name. */
let session;
let isRevealed = false;
let isBusy = false;

make.addEventListener('click', () => void makeSession());
reveal.addEventListener('click', () => showKey(!isRevealed));
for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', () => void copyLine(button));
}
byId('insecure').hidden = window.isSecureContext;
byId('relay').textContent = location.origin;
byId('relay-note').hidden = true;
make.hidden = false;

async function makeSession() {
  if (isBusy) return;
  setBusy(true);
  byId('error').textContent = '';
  try {
    session = readSession(await requestSession());
    renderSession();
  } catch (error) {
    byId('error').textContent =
      error instanceof Trouble ? error.message : 'something in this page went wrong';
  } finally {
    setBusy(false);
  }
}

// aria-disabled, not disabled: a disabled button drops the focus of whoever just pressed it.
function setBusy(busy) {
  isBusy = busy;
  make.setAttribute('aria-disabled', String(busy));
  const idleLabel = session ? 'make another session' : 'make a session';
  make.textContent = busy ? 'making a session…' : idleLabel;
}

/** Said to the visitor as it stands. */
class Trouble extends Error {}

async function requestSession() {
  const signal = AbortSignal.timeout(answerTimeoutMs);
  try {
    const response = await fetch('/api/session', {
      method: 'POST',
      cache: 'no-store',
      redirect: 'error',
      signal,
    });
    const body = await response.text();
    if (!response.ok) throw new Trouble(describeRefusal(response, body));
    return body;
  } catch (error) {
    if (error instanceof Trouble) throw error;
    if (signal.aborted) {
      throw new Trouble(
        `the relay did not answer within ${formatSeconds(answerTimeoutMs / 1000)}: try again`,
      );
    }
    throw new Trouble('the relay cannot be reached: check the network, then try again');
  }
}

function describeRefusal(response, body) {
  if (response.status === 429) {
    return `too many new sessions from this address: try again ${formatRetryAfter(response.headers.get('Retry-After'))}`;
  }
  if (response.status === 401) {
    return 'this relay asks for a token to make a session: set REMOTIFY_TOKEN and run remotify new';
  }
  const isPlain = response.headers.get('Content-Type')?.startsWith('text/plain');
  const firstLine = isPlain ? body.trim().split('\n')[0].slice(0, 200) : '';
  return `the relay answered ${response.status}${firstLine && `: ${firstLine}`}`;
}

/** The header holds seconds or a date (RFC 9110, 10.2.3). */
function formatRetryAfter(value) {
  const seconds = /^\d+$/.test(value ?? '')
    ? Number(value)
    : Math.ceil((Date.parse(value) - Date.now()) / 1000);
  if (Number.isNaN(seconds)) return 'later';
  return seconds > 0 ? `in ${formatSeconds(seconds)}` : 'now';
}

/** Exact: 90 is `1 minute 30 seconds`, 10800 is `3 hours`. */
function formatSeconds(seconds) {
  const counts = {
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
  };
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => `${count} ${unit}${count === 1 ? '' : 's'}`)
    .join(' ');
}

function readSession(body) {
  const payload = parseJson(body);
  const { key, ttl_seconds: ttlSeconds, remote_quickstart: supervised, exec } = payload ?? {};
  const isWhole =
    /^[0-9a-f]{32}$/.test(key) &&
    Number.isInteger(ttlSeconds) &&
    typeof supervised === 'string' &&
    typeof exec === 'string';
  if (!isWhole)
    throw new Trouble('the answer is not a session: is something between this page and the relay?');
  const auto = supervised.replace(/(\/r\/[0-9a-f]{32})(?=['"])/, '$1?mode=auto');
  const cli = `export REMOTIFY_KEY=${key}\nremotify exec --url ${quoteForShell(location.origin)} 'COMMAND'`;
  // A line that has no place for the mode is not offered as auto: it would be the supervised one.
  return { key, ttlSeconds, lines: { supervised, auto: auto === supervised ? '' : auto, exec, cli, key } };
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function quoteForShell(word) {
  return /^[\w.:/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function renderSession() {
  byId('ttl').textContent = formatSeconds(session.ttlSeconds);
  byId('auto').hidden = session.lines.auto === '';
  byId('quoting').hidden = !session.lines.exec.includes("'COMMAND'");
  byId('session').hidden = false;
  showKey(false);
  byId('remote-title').focus();
  byId('said').textContent = 'session made';
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
  // Emptied first: the same words twice in a row would not be spoken again.
  byId('said').textContent = '';
  requestAnimationFrame(() => {
    byId('said').textContent = sentence;
  });
  setTimeout(() => {
    visible.textContent = 'copy';
  }, copiedMs);
}

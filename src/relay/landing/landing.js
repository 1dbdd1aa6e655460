/**
 * Makes a session or opens the one whose key is in the address, and keeps the page in step with it. The key lives in memory and behind
 * the `#`: in no URL that is sent, in no storage. Everything from the relay becomes text, never markup.
 */
import { announce } from './announce.js';
import { servePrompt } from './command-prompt.js';
import { showAway, showEnd, showListener } from './listener-light.js';
import {
  ask,
  formatSeconds,
  keepAsking,
  letGoPauseMs,
  maxWaitSeconds,
  parseJson,
  relayUrl,
  sleep,
  Trouble,
} from './relay-api.js';
import { RunConsole } from './run-console.js';
import { forgetLines, readSession, showLines } from './session-lines.js';

/** What the tab's own history entry takes along for a reload; longer texts are left out. */
const keptTexts = 100;
const longestKeptText = 4_096;

const byId = (id) => document.getElementById(id);
const make = byId('make');

/** The session on the page: `{ key, over, commands }`. */
let open;
let isBusy = false;

servePrompt(byId('run-form'), {
  run: (text) => {
    byId('error').textContent = '';
    void open?.commands.push(text);
  },
  history: () => open?.commands.history ?? [],
});
byId('make-form').addEventListener('submit', (event) => {
  event.preventDefault();
  void makeSession();
});
byId('end').addEventListener('click', () => askToEnd(true));
byId('end-no').addEventListener('click', () => askToEnd(false));
byId('end-yes').addEventListener('click', () => void endSession());
addEventListener('hashchange', () => void openFromAddress());
byId('insecure').hidden = window.isSecureContext;
byId('relay').textContent = relayUrl;
byId('relay-note').hidden = true;
byId('make-form').hidden = false;
void openFromAddress();

/** Says what went wrong; a fault of the page itself is not put on the relay. */
function showTrouble(error) {
  byId('error').textContent = error instanceof Trouble ? error.message : 'something in this page went wrong';
  if (!(error instanceof Trouble)) reportError(error);
}

async function whileBusy(label, work) {
  if (isBusy) return;
  isBusy = true;
  // aria-disabled, not disabled: a disabled button drops the focus of whoever just pressed it.
  make.setAttribute('aria-disabled', 'true');
  make.textContent = label;
  byId('error').textContent = '';
  try {
    await work();
  } catch (error) {
    showTrouble(error);
  } finally {
    isBusy = false;
    make.setAttribute('aria-disabled', 'false');
    make.textContent = 'make a session';
  }
}

function makeSession() {
  return whileBusy('making a session…', async () => {
    const token = byId('token').value;
    const options = token === '' ? {} : { key: token };
    try {
      openSession(readSession(await ask('', { method: 'POST', ...options })));
    } catch (error) {
      if (error.code === 'token_needed') {
        byId('token-field').hidden = false;
        byId('token').focus();
        if (token === '') return;
      }
      throw error;
    }
    history.replaceState({ texts: {} }, '', `#${open.key}`);
    byId('remote-title').focus();
    announce('session made');
  });
}

function openFromAddress() {
  const key = location.hash.slice(1);
  if (key === (open?.key ?? '')) return;
  if (open) closeSession();
  if (key === '') return;
  return whileBusy('opening the session…', async () => {
    if (!/^[0-9a-f]{32}$/.test(key))
      throw new Trouble('what stands behind the # in the address is no session key');
    const read = async (signal) => {
      // Whatever stands there by now: the relay may have been away for long.
      const latest = location.hash.slice(1);
      openSession(readSession(await ask('/self', { key: latest, signal })));
      return true;
    };
    const { signal } = new AbortController();
    const onAway = () => {
      byId('error').textContent = 'the relay is away: trying again';
    };
    const onBack = () => {
      byId('error').textContent = '';
    };
    await keepAsking(read, { signal, onAway, onBack });
  });
}

/** Texts of this tab's commands: the relay lists commands without them. They live where the key does, in this entry of the history. */
const texts = {
  get: (id) => history.state?.texts?.[id],
  set: (id, text) => {
    if (text.length > longestKeptText) return;
    const kept = Object.entries({ ...history.state?.texts, [id]: text }).slice(-keptTexts);
    history.replaceState({ texts: Object.fromEntries(kept) }, '');
  },
};

function openSession(session) {
  const over = new AbortController();
  const link = {
    key: session.key,
    version: session.version,
    signal: over.signal,
    onAway: () => showAway(true),
    onBack: () => showAway(false),
    onChange: () => {},
    onTrouble: (error) => (error.code === 'gone' ? endOnPage(error.message) : showTrouble(error)),
  };
  byId('commands').replaceChildren();
  open = { key: session.key, over, commands: new RunConsole(link, texts, byId('commands')) };
  showLines(session);
  byId('ttl').textContent = formatSeconds(session.ttlSeconds);
  askToEnd(false);
  for (const id of ['remote', 'run-form', 'elsewhere', 'key-section']) byId(id).hidden = false;
  byId('remote').open = true;
  byId('start').hidden = true;
  byId('session').hidden = false;
  watchStatus(link, open.commands);
}

/** The light, and a look at the commands whenever something changed. */
function watchStatus(link, commands) {
  let status;
  let state = 'waiting';
  link.onChange = () => {
    if (status && !link.signal.aborted) state = showListener(status, commands.stateOf(status.current));
  };
  const look = async (signal, isAway) => {
    // After a relay that was away the first answer is to come at once.
    const isFresh = status === undefined || isAway;
    const hold = isFresh ? {} : { query: { after: status.revision }, waitSeconds: maxWaitSeconds };
    const latest = parseJson(await ask('/self/status', { key: link.key, signal, ...hold }));
    if (latest === undefined) return void (await sleep(letGoPauseMs, signal));
    if (isFresh || latest.revision !== status.revision) void commands.refresh();
    status = latest;
    const wasWaiting = state === 'waiting';
    link.onChange();
    if (wasWaiting && state !== 'waiting') foldLines();
  };
  void keepAsking(look, link).catch(link.onTrouble);
}

/** They have done their work: the console moves up. */
function foldLines() {
  const hadFocus = byId('remote').contains(document.activeElement);
  byId('remote').open = false;
  if (hadFocus) byId('remote-title').focus();
}

function askToEnd(isAsking) {
  const hadFocus = byId('end-question').contains(document.activeElement);
  byId('end').hidden = isAsking;
  byId('end-question').hidden = !isAsking;
  if (isAsking) byId('end-no').focus();
  else if (hadFocus) byId('end').focus();
}

async function endSession() {
  const { key, over, commands } = open;
  byId('error').textContent = '';
  // First, lest what is held be told that the session is gone.
  over.abort();
  try {
    await ask('/self', { method: 'DELETE', key });
  } catch (error) {
    if (error.code !== 'gone') {
      open = undefined;
      await openFromAddress();
      showTrouble(error);
      return;
    }
  }
  if (commands === open?.commands) endOnPage('this session was ended');
  make.focus();
}

/** What was run stays to be read; the key is forgotten. */
function endOnPage(words) {
  open.over.abort();
  open = undefined;
  forgetLines();
  history.replaceState(null, '', location.pathname);
  showAway(false);
  showEnd(words);
  for (const id of ['remote', 'run-form', 'elsewhere', 'key-section']) byId(id).hidden = true;
  byId('start').hidden = false;
  announce(words);
}

/** Another key stands in the address. */
function closeSession() {
  open.over.abort();
  open = undefined;
  forgetLines();
  showAway(false);
  byId('commands').replaceChildren();
  byId('session').hidden = true;
  byId('start').hidden = false;
}

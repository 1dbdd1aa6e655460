/**
 * The page: creates a session, or opens the one whose key is in the URL. The key is in memory and after the `#`: never in a URL that is
 * sent, never in storage. Text from the relay is inserted as text, never as markup.
 */
import { createSessionClient } from '../client/open-session.ts';
import { withPatience } from '../client/patience.ts';
import { RelayClient } from '../client/relay-client.ts';
import { RelayError } from '../client/relay-error.ts';
import { isKey } from '../protocol/keys.ts';
import type { SessionPayload } from '../protocol/session-payload.ts';
import { describeExpiry } from '../text/describe-presence.ts';
import { announce } from './announce.ts';
import { find } from './dom.ts';
import { explain } from './explain.ts';
import { openFetch } from './fetch-http.ts';
import { LineBoard } from './line-board.ts';
import { Notifier } from './notifier.ts';
import { Panels } from './panels.ts';
import { Prompt } from './prompt.ts';
import { StatusBar } from './status-bar.ts';
import { createTabGate } from './tab-gate.ts';
import { Transcript } from './transcript.ts';
import { Workspace } from './workspace.ts';
import { maskKey } from '../text/mask-keys.ts';

/** Without a slash at its end. This script is directly below it, also when a proxy adds a path. */
const relayUrl = import.meta.url.replace(/\/[^/]*$/, '');

const makeButton = find('make', HTMLButtonElement);
const errorLine = find('error', HTMLElement);
const notifier = new Notifier();
const http = openFetch(
  relayUrl,
  createTabGate(() => notifier.isOn),
);
const bar = new StatusBar();
const panels = new Panels();
const lines = new LineBoard();
const transcript = new Transcript(find('commands', HTMLElement), find('transcript', HTMLElement));
const prompt = new Prompt({
  run: (push) => {
    errorLine.textContent = '';
    open?.run(push);
  },
  history: () => open?.history ?? [],
});

let open: Workspace | undefined;
let isBusy = false;
/** Keys that this tab created, or that the visitor agreed to open: they are opened without a question. */
const trusted = new Set<string>();

function showTrouble(error: unknown): void {
  errorLine.textContent = explain(error);
  if (!(error instanceof RelayError)) reportError(error);
}

async function whileBusy(label: string, work: () => Promise<void>): Promise<void> {
  if (isBusy) return;
  isBusy = true;
  // aria-disabled, not disabled: a disabled button loses the focus of the visitor who just pressed it.
  makeButton.setAttribute('aria-disabled', 'true');
  makeButton.textContent = label;
  errorLine.textContent = '';
  try {
    await work();
  } catch (error) {
    showTrouble(error);
  } finally {
    isBusy = false;
    makeButton.setAttribute('aria-disabled', 'false');
    makeButton.textContent = 'create a session';
  }
}

function makeSession(): Promise<void> {
  return whileBusy('creating a session…', async () => {
    const field = find('token', HTMLInputElement);
    try {
      openSession(await new RelayClient(http).createSession(field.value === '' ? undefined : field.value));
    } catch (error) {
      const needsToken = error instanceof RelayError && error.code === 'token_needed';
      if (!needsToken) throw error;
      find('token-field', HTMLElement).hidden = false;
      field.focus();
      if (field.value !== '') throw error;
      return;
    }
    if (!open) return;
    find('remote-title', HTMLElement).focus();
    announce('session created');
  });
}

/** A link may hold the key of a stranger's session, where this visitor's commands and files would go. */
function askAboutKey(key: string): void {
  const question = find('foreign-key', HTMLElement);
  question.hidden = false;
  find('start', HTMLElement).hidden = true;
  find('foreign-words', HTMLElement).textContent = open
    ? `The URL now has the key of another session (${maskKey(key)}). Leave this session and open that one?`
    : `The URL has the key of a session (${maskKey(key)}) that this tab did not create.`;
  find('foreign-yes', HTMLButtonElement).focus();
}

function closeQuestion(): void {
  find('foreign-key', HTMLElement).hidden = true;
  find('start', HTMLElement).hidden = open !== undefined;
}

function keyInAddress(): string {
  return location.hash.slice(1);
}

/** A reload of the tab comes back to the session without a question: its own entry of the history says so. */
function isKnown(key: string): boolean {
  return trusted.has(key) || (history.state as { opened?: unknown } | null)?.opened === key.slice(0, 8);
}

async function openFromAddress(): Promise<void> {
  const key = keyInAddress();
  if (key === (open?.key ?? '')) return closeQuestion();
  if (key === '') return closeSession();
  if (!isKey(key)) {
    errorLine.textContent = 'the part after # in this URL is not a session key';
    return;
  }
  if (!isKnown(key)) return askAboutKey(key);
  closeQuestion();
  if (open) closeSession();
  await whileBusy('opening the session…', async () => {
    const client = createSessionClient(http, key, 'commands');
    const payload = await withPatience(() => client.readSession(), {
      patienceMs: Infinity,
      onTrouble: () => (errorLine.textContent = 'relay unreachable, retrying'),
      onRecovery: () => (errorLine.textContent = ''),
    });
    openSession(payload);
  });
}

function openSession(payload: SessionPayload): void {
  transcript.clear();
  trusted.add(payload.key);
  history.replaceState({ opened: payload.key.slice(0, 8) }, '', `#${payload.key}`);
  lines.show(payload, relayUrl);
  bar.open(maskKey(payload.key));
  find('ttl', HTMLElement).textContent = describeExpiry(payload.ttl_seconds);
  askToEnd(false);
  document.body.dataset['view'] = 'session';
  find('start', HTMLElement).hidden = true;
  find('session', HTMLElement).hidden = false;
  find('run-form', HTMLElement).hidden = false;
  panels.show('remote');
  open = new Workspace(payload, {
    http,
    bar,
    panels,
    prompt,
    transcript,
    notifier,
    showTrouble,
    onGone: (error) => endOnPage(explain(error)),
  });
}

function askToEnd(isAsking: boolean): void {
  const question = find('end-question', HTMLElement);
  const button = find('end', HTMLButtonElement);
  const hadFocus = question.contains(document.activeElement);
  button.hidden = isAsking;
  question.hidden = !isAsking;
  question.scrollIntoView({ block: 'nearest' });
  if (isAsking) find('end-no', HTMLButtonElement).focus();
  else if (hadFocus) button.focus();
}

async function endSession(): Promise<void> {
  const ending = open;
  if (!ending) return;
  errorLine.textContent = '';
  try {
    await ending.end();
  } catch (error) {
    open = undefined;
    await openFromAddress();
    showTrouble(error);
    return;
  }
  if (ending === open) endOnPage('session ended');
  makeButton.focus();
}

/** The transcript stays readable; the key is removed from the page. */
function endOnPage(words: string): void {
  open?.leave();
  open = undefined;
  lines.forget();
  panels.show(undefined);
  history.replaceState(null, '', location.pathname);
  bar.showAway(false);
  bar.showEnd(words);
  find('run-form', HTMLElement).hidden = true;
  find('start', HTMLElement).hidden = false;
  document.body.dataset['view'] = 'ended';
  announce(words);
}

/** The URL has another key, or none. */
function closeSession(): void {
  open?.leave();
  open = undefined;
  lines.forget();
  panels.show(undefined);
  bar.showAway(false);
  transcript.clear();
  find('session', HTMLElement).hidden = true;
  find('start', HTMLElement).hidden = false;
  document.body.dataset['view'] = 'start';
}

find('make-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  void makeSession();
});
find('end', HTMLButtonElement).addEventListener('click', () => askToEnd(true));
find('end-no', HTMLButtonElement).addEventListener('click', () => askToEnd(false));
find('end-yes', HTMLButtonElement).addEventListener('click', () => void endSession());
find('foreign-yes', HTMLButtonElement).addEventListener('click', () => {
  trusted.add(keyInAddress());
  void openFromAddress();
});
find('foreign-no', HTMLButtonElement).addEventListener('click', () => {
  history.replaceState(null, '', open ? `#${open.key}` : location.pathname);
  closeQuestion();
  (open ? prompt : makeButton).focus();
});
addEventListener('hashchange', () => void openFromAddress());
find('insecure', HTMLElement).hidden = globalThis.isSecureContext;
find('relay', HTMLElement).textContent = relayUrl;
find('relay-note', HTMLElement).hidden = true;
find('make-form', HTMLElement).hidden = false;
void openFromAddress();

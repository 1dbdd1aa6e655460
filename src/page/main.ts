/**
 * Entry point of the page: creates a session, or opens the one whose key is in the URL. The key is only in memory and after the `#`:
 * never in a URL that is sent, never in storage. Text from the relay is inserted as text, never as markup.
 */
import { withRetry } from '../client/retry.ts';
import { isWeakerLine } from '../client/line-address.ts';
import { RelayClient } from '../client/relay-client.ts';
import { RelayError } from '../client/relay-error.ts';
import { isKey } from '../protocol/keys.ts';
import type { SessionPayload } from '../protocol/session-payload.ts';
import { describeExpiry } from '../text/describe-presence.ts';
import { AddressKey } from './address-key.ts';
import { announce } from './announce.ts';
import { find, keepFocus, onPress, setText } from './dom.ts';
import { explain } from './explain.ts';
import { openFetch } from './fetch-http.ts';
import { LineBoard } from './line-board.ts';
import { Notifier } from './notifier.ts';
import { Panels } from './panels.ts';
import { Prompt } from './prompt.ts';
import { StatusBar } from './status-bar.ts';
import { createTabGate, onVisibilityChange } from './tab-gate.ts';
import { Transcript } from './transcript.ts';
import { Workspace } from './workspace.ts';
import { maskKey } from '../text/mask-keys.ts';

/** Without a trailing slash. This script is directly below that URL, also when a proxy adds a path. */
const relayUrl = import.meta.url.replace(/\/[^/]*$/, '');

const makeButton = find('make');
const errorLine = find('error');
const transcriptSection = find('transcript');
const notifier = new Notifier();
const gate = createTabGate(() => notifier.isOn);
const http = openFetch(relayUrl, gate);
const bar = new StatusBar();
const panels = new Panels();
const lines = new LineBoard();
const transcript = new Transcript(find('commands'), transcriptSection);
const prompt = new Prompt({
  run: (push) => {
    showError('');
    open?.run(push);
  },
  history: () => open?.history ?? [],
});

const address = new AddressKey(
  () => void openFromAddress(),
  () => {
    if (open) address.set(open.payload.key);
    else address.remove();
    (open ? prompt : makeButton).focus();
  },
);

let open: Workspace | undefined;
let isCreating = false;
/** Aborts when the URL changes again before its session is open. */
let opening: AbortController | undefined;

function showError(words: string): void {
  setText(errorLine, words);
}

function showTrouble(error: unknown): void {
  showError(explain(error));
  if (!(error instanceof RelayError)) reportError(error);
}

function showBusy(): void {
  // aria-disabled, not disabled: a disabled button loses the focus of the visitor who just pressed it.
  makeButton.setAttribute('aria-disabled', String(isCreating || opening !== undefined));
  makeButton.textContent = isCreating
    ? 'creating a session…'
    : opening
      ? 'opening the session…'
      : 'create a session';
}

function stopOpening(): void {
  opening?.abort();
  opening = undefined;
  showBusy();
}

async function makeSession(): Promise<void> {
  if (isCreating || opening) return;
  const field = find('token', HTMLInputElement);
  const token = field.value.trim();
  isCreating = true;
  showBusy();
  showError('');
  try {
    // Neither a header nor a token can contain other characters.
    if (/[^ -~]/.test(token)) throw new RelayError('refused', '', { code: 'token_needed' });
    const payload = await new RelayClient(http).createSession(token === '' ? undefined : token);
    stopOpening();
    closeSession();
    openSession(payload);
    find('remote-title').focus();
    announce('session created');
  } catch (error) {
    const needsToken = error instanceof RelayError && error.code === 'token_needed';
    if (!needsToken || token !== '') showTrouble(error);
    if (!needsToken) return;
    find('token-field').hidden = false;
    field.focus();
  } finally {
    isCreating = false;
    showBusy();
  }
}

async function openFromAddress(): Promise<void> {
  const { key } = address;
  stopOpening();
  showError('');
  address.closeQuestion();
  if (key === (open?.payload.key ?? '')) return;
  if (key === '') return closeSession();
  if (!isKey(key)) {
    showError('the part after # in this URL is not a session key');
    // Restore the URL, so that a reload comes back to the open session.
    if (open) address.set(open.payload.key);
    return;
  }
  if (!address.isKnown(key)) return address.ask(key, open !== undefined);
  closeSession();
  const current = new AbortController();
  opening = current;
  const { signal } = current;
  showBusy();
  try {
    const client = new RelayClient(http, key);
    const payload = await withRetry(() => client.readSession(), {
      retryForMs: Infinity,
      signal,
      onRetry: () => signal.aborted || showError(find('away').textContent),
    });
    if (!signal.aborted) openSession(payload);
  } catch (error) {
    if (!signal.aborted) showTrouble(error);
  }
  if (!signal.aborted) stopOpening();
}

function showView(view: 'start' | 'session' | 'ended'): void {
  // After a session has ended, do not focus the button: a visitor who is typing would press it and lose the transcript.
  keepFocus(view === 'start' ? makeButton : transcriptSection, () => {
    document.body.dataset['view'] = view;
    address.closeQuestion();
    find('session').hidden = view === 'start';
    find('run-form').hidden = view !== 'session';
  });
}

function openSession(payload: SessionPayload): void {
  showError(
    isWeakerLine(payload.remote_quickstart, relayUrl)
      ? `the lines of this relay use plain HTTP: its operator can set --public-url ${relayUrl}`
      : '',
  );
  transcript.clear();
  address.set(payload.key);
  lines.show(payload, relayUrl);
  bar.open(maskKey(payload.key));
  setText(find('ttl'), describeExpiry(payload.ttl_seconds));
  askToEnd(false);
  showView('session');
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
  const question = find('end-question');
  const button = find('end');
  const hadFocus = question.contains(document.activeElement);
  button.hidden = isAsking;
  question.hidden = !isAsking;
  question.scrollIntoView({ block: 'nearest' });
  if (isAsking) find('end-no').focus();
  else if (hadFocus) button.focus();
}

async function endSession(): Promise<void> {
  const ending = open;
  if (!ending) return;
  find('run-form').hidden = true;
  try {
    await ending.end();
  } catch (error) {
    if (ending !== open) return;
    // The session may still exist: open it again, and show its state once the relay answers.
    openSession(ending.payload);
    return showTrouble(error);
  }
  if (ending === open) endOnPage('session ended');
  makeButton.focus();
}

function leaveSession(view: 'start' | 'ended'): void {
  open?.leave();
  open = undefined;
  lines.forget();
  panels.show(undefined);
  showView(view);
}

/** The session is over: removes the key from the page, and keeps the transcript readable. */
function endOnPage(words: string): void {
  leaveSession('ended');
  address.remove();
  bar.showEnd(words);
  announce(words);
}

/** Closes the session because the URL has another key, or none. */
function closeSession(): void {
  leaveSession('start');
  bar.showEnd('');
  prompt.reset();
  transcript.clear();
}

find('make-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  void makeSession();
});
onPress(find('skip'), () => prompt.focus());
onPress(find('end'), () => askToEnd(true));
onPress(find('end-no'), () => askToEnd(false));
onPress(find('end-yes'), () => void endSession());
onVisibilityChange(() => open && bar.pause(!gate.isOpen));
addEventListener('beforeunload', (event) => open?.isSending === true && event.preventDefault());
addEventListener('hashchange', () => void openFromAddress());
find('insecure').hidden = globalThis.isSecureContext;
setText(find('relay'), relayUrl);
find('relay-note').hidden = true;
find('make-form').hidden = false;
void openFromAddress();

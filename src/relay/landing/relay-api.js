/** The same HTTP API as everyone's. The key goes in a header: no URL that is sent holds it. */

/** The relay's address without a slash at its end. This script is directly below it, also when a proxy adds a path. */
export const relayUrl = import.meta.url.replace(/\/[^/]*$/, '');

/** The longest wait that a relay honours. */
export const maxWaitSeconds = 25;

/** Added to the wait asked for before an answer is given up: a slow link, a busy relay. */
const answerGraceMs = 15_000;

/** A relay that lets go of a held request has its reasons. */
export const letGoPauseMs = 1_000;

const firstPauseMs = 100;
const longestPauseMs = 2_000;

/** How far the relay's clock is ahead of this one. */
let clockAheadMs = 0;

export const relayNow = () => Date.now() + clockAheadMs;

/** Said to the visitor as it stands. */
export class Trouble extends Error {
  constructor(message, { status = 0, code = '', isPassing = false } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.isPassing = isPassing;
  }
}

/** One request: `{ status, headers, bytes }`, or a Trouble. */
export async function ask(path, { method = 'GET', key, query = {}, headers = {}, body, ...rest } = {}) {
  const { waitSeconds = 0, signal } = rest;
  const search = new URLSearchParams(query);
  if (waitSeconds > 0) search.set('wait', String(waitSeconds));
  const leave = new AbortController();
  const giveUp = () => leave.abort();
  const timer = setTimeout(giveUp, waitSeconds * 1000 + answerGraceMs);
  if (signal?.aborted) giveUp();
  signal?.addEventListener('abort', giveUp);
  try {
    const response = await fetch(`${relayUrl}/api/session${path}${search.size > 0 ? `?${search}` : ''}`, {
      method,
      headers: key === undefined ? headers : { ...headers, authorization: `Bearer ${key}` },
      cache: 'no-store',
      redirect: 'error',
      signal: leave.signal,
      ...(body !== undefined && { body }),
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    checkAnswer(response, bytes);
    return { status: response.status, headers: response.headers, bytes };
  } catch (error) {
    if (error instanceof Trouble) throw error;
    throw new Trouble('the relay cannot be reached', { isPassing: true });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
}

function checkAnswer({ status, ok, headers }, bytes) {
  if (headers.get('remotify-version') === null) {
    throw new Trouble(`something between this page and the relay answered ${status}`, {
      status,
      isPassing: true,
    });
  }
  clockAheadMs = Date.parse(headers.get('date')) - Date.now() || 0;
  if (ok) return;
  const code = headers.get('remotify-error') ?? '';
  const isPassing = [408, 500, 502, 503, 504].includes(status);
  throw new Trouble(describeRefusal(status, code, headers, bytes), { status, code, isPassing });
}

function describeRefusal(status, code, headers, bytes) {
  if (code === 'rate_limited')
    return `too many new sessions from this address: try again ${formatRetryAfter(headers.get('retry-after'))}`;
  if (code === 'gone') return 'this session is gone: unknown, expired or ended';
  if (code === 'listener_key') return 'this is the key of a listener, and no session key';
  const line = new TextDecoder().decode(bytes.subarray(0, 300)).split('\n')[0].slice(0, 200);
  return line || `the relay answered ${status}`;
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
export function formatSeconds(seconds) {
  const counts = {
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: Math.floor(seconds) % 60,
  };
  const words = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => `${count} ${unit}${count === 1 ? '' : 's'}`);
  return words.join(' ') || '0 seconds';
}

/** Undefined where the answer is no JSON; a relay that lets go of a held request answers 204. */
export function parseJson({ bytes }) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

export function sleep(ms, signal) {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal?.addEventListener('abort', wake);
    if (signal?.aborted) wake();
  });
}

function untilVisible(signal) {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
    look();
  });
}

/**
 * Repeats `step(signal, isAway)` until it returns true or `signal` says so; rides out a relay that is away with growing pauses.
 * A browser holds six requests per relay, for all of its tabs: one that nobody sees gives its own back, save where `isUrgent`.
 */
export async function keepAsking(step, { signal, onAway, onBack, isUrgent = false }) {
  let pauseMs = firstPauseMs;
  let isAway = false;
  while (!signal.aborted) {
    if (!isUrgent) await untilVisible(signal);
    const attempt = new AbortController();
    const drop = () => {
      if (signal.aborted || (document.hidden && !isUrgent)) attempt.abort();
    };
    document.addEventListener('visibilitychange', drop);
    signal.addEventListener('abort', drop);
    try {
      const isDone = await step(attempt.signal, isAway);
      if (isAway) onBack();
      isAway = false;
      pauseMs = firstPauseMs;
      if (isDone) return;
    } catch (error) {
      if (attempt.signal.aborted) continue;
      if (!(error instanceof Trouble) || !error.isPassing) throw error;
      if (!isAway) onAway();
      isAway = true;
      // Jitter: pages that lost the same relay come back one by one.
      await sleep(pauseMs * (0.5 + Math.random()), signal);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    } finally {
      document.removeEventListener('visibilitychange', drop);
      signal.removeEventListener('abort', drop);
    }
  }
}

/** The status bar: session, listener's light, running command and its duration, and whether the relay is reachable. */
import { announce } from './announce.ts';
import { type CardView, describeSince, findSince } from './command-words.ts';
import { describeLight, type Light, type LightState } from './describe-light.ts';
import { find, make, setText } from './dom.ts';
import { relayNow } from './relay-clock.ts';
import { findLastSeen } from '../text/describe-presence.ts';
import type { StatusPayload } from '../protocol/status-payload.ts';
import { isCommandState, isEnded } from '../protocol/command-states.ts';

const siteName = 'remotify';

/** Marks for the tab title, where only a few characters are visible. */
const marks: Readonly<Record<LightState, string>> = {
  waiting: '○',
  ready: '●',
  asking: '?',
  busy: '▶',
  gone: '×',
};

export class StatusBar {
  readonly #light = find('light');
  readonly #words = find('light-words');
  readonly #clock = find('light-clock');
  readonly #away = find('away');
  #said = '';
  #timer: number | undefined;
  /** Name of the session in the tab title. */
  #name = '';
  #title = siteName;

  /** `name`: identifies the session for the visitor; never the whole key. */
  open(name: string): void {
    this.#name = `${name} – ${siteName}`;
    setText(find('session-name'), name);
    this.#said = '';
  }

  /** A paused tab sends no requests, so the title must not show a state. */
  pause(isPaused: boolean): void {
    this.#setTitle(this.#title);
    if (isPaused) document.title = this.#name;
  }

  /** `current`: the command that was picked up. */
  show(status: StatusPayload, current: CardView | undefined): Light {
    const state = current && isCommandState(current.state) ? current.state : undefined;
    const light = describeLight(status, state);
    this.#render(light);
    const seen = light.state === 'gone' ? findLastSeen(status) : null;
    if (seen !== null) this.#tick(relayNow() - 1000 * seen);
    else this.#tick(current && state && !isEnded(state) ? findSince(current) : undefined);
    // The command's card announces its own states. Leave out the time since the listener was last seen: it changes constantly.
    const said =
      light.state === 'busy' || light.state === 'asking'
        ? this.#said
        : `${light.who}: ${light.more.split(',')[0] ?? ''}`;
    if (said !== this.#said) announce(said);
    this.#said = said;
    return light;
  }

  /** No session is open any more. `words`: the reason; may be empty. */
  showEnd(words: string): void {
    this.open('');
    this.#markAway(false);
    this.#render({ state: words === '' ? 'waiting' : 'gone', who: words, more: '' });
    this.#tick(undefined);
    this.#setTitle(siteName);
  }

  showAway(isAway: boolean): void {
    if (this.#away.hidden === !isAway) return;
    this.#markAway(isAway);
    announce(isAway ? this.#away.textContent : 'the relay answers again');
  }

  #markAway(isAway: boolean): void {
    this.#away.hidden = !isAway;
    this.#light.classList.toggle('away', isAway);
    this.#setTitle(this.#title);
  }

  /** While the relay is unreachable, the title does not show the old state. */
  #setTitle(title: string): void {
    this.#title = title;
    document.title = this.#away.hidden ? title : `! ${this.#name}`;
  }

  #render({ state, who, more }: Light): void {
    this.#light.dataset['state'] = state;
    const name = make('bdi', '', who);
    this.#words.replaceChildren(name, more === '' ? '' : `: ${more}`);
    this.#setTitle(`${marks[state]} ${state === 'asking' ? 'approval? ' : ''}${this.#name}`);
  }

  #tick(since: number | undefined): void {
    clearTimeout(this.#timer);
    setText(this.#clock, describeSince(since));
    if (since !== undefined) this.#timer = setTimeout(() => this.#tick(since), 1000);
  }
}

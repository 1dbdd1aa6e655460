/** The bar at the top: the session, the listener's light, what runs and since when, whether the relay is there. */
import { announce } from './announce.ts';
import { describeTime, type CardView } from './command-words.ts';
import { describeLight, type Light, type LightState } from './describe-light.ts';
import { find, make } from './dom.ts';
import type { StatusPayload } from '../protocol/status-payload.ts';
import { isCommandState, isEnded } from '../protocol/command-states.ts';

const siteName = 'remotify';

/** For the title of the tab: it is read among many, in a few characters. */
const marks: Readonly<Record<LightState, string>> = {
  waiting: '○',
  ready: '●',
  asking: '?',
  busy: '▶',
  gone: '×',
};

export class StatusBar {
  readonly #light = find('light', HTMLElement);
  readonly #words = find('light-words', HTMLElement);
  readonly #clock = find('light-clock', HTMLElement);
  readonly #away = find('away', HTMLElement);
  #said = '';
  #timer: number | undefined;
  #name = '';

  /** `name`: what tells this session from others; never the whole key. */
  open(name: string): void {
    this.#name = name;
    find('session-name', HTMLElement).textContent = name;
    this.#said = '';
  }

  /** `current`: the command that was picked up. */
  show(status: StatusPayload, current: CardView | undefined): Light {
    const state = current && isCommandState(current.state) ? current.state : undefined;
    const light = describeLight(status, state);
    this.#render(light);
    this.#tick(current && state && !isEnded(state) ? current : undefined);
    // The card of the command says what it does; how long ago a listener was heard changes all the time.
    const said =
      light.state === 'busy' || light.state === 'asking'
        ? this.#said
        : `${light.who}: ${light.more.split(',')[0] ?? ''}`;
    if (said !== this.#said) announce(said);
    this.#said = said;
    return light;
  }

  showEnd(words: string): void {
    this.#render({ state: 'gone', who: words, more: '' });
    this.#tick(undefined);
    document.title = siteName;
    find('session-name', HTMLElement).textContent = '';
    this.#said = '';
  }

  showAway(isAway: boolean): void {
    if (this.#away.hidden === !isAway) return;
    this.#away.hidden = !isAway;
    this.#light.classList.toggle('away', isAway);
    announce(isAway ? 'relay unreachable, retrying' : 'the relay answers again');
  }

  #render({ state, who, more }: Light): void {
    this.#light.dataset['state'] = state;
    const name = make('bdi', '', who);
    this.#words.replaceChildren(name, more === '' ? '' : `: ${more}`);
    document.title = `${marks[state]} ${state === 'asking' ? 'approval? ' : ''}${this.#name} – ${siteName}`;
  }

  #tick(view: CardView | undefined): void {
    clearTimeout(this.#timer);
    const time = view ? describeTime(view, true) : '';
    this.#clock.textContent = time === '' ? '' : `, ${time}`;
    if (view) this.#timer = setTimeout(() => this.#tick(view), 1000);
  }
}

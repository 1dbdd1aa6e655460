/** Desktop notifications while the tab is hidden. The browser asks for permission when the visitor presses the button, never before. */
import type { LightState } from './describe-light.ts';
import { find } from './dom.ts';

export class Notifier {
  readonly #button = find('notify', HTMLButtonElement);
  #isOn = false;
  #last: LightState | undefined;
  #shown: Notification | undefined;

  constructor() {
    this.#button.hidden = !('Notification' in globalThis) || !globalThis.isSecureContext;
    this.#button.addEventListener('click', () => void this.#toggle());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#shown?.close();
    });
  }

  /** Whether a hidden tab must continue to poll the relay. */
  get isOn(): boolean {
    return this.#isOn;
  }

  async #toggle(): Promise<void> {
    const isWanted = !this.#isOn;
    this.#isOn = isWanted && (await Notification.requestPermission()) === 'granted';
    this.#button.setAttribute('aria-pressed', String(this.#isOn));
    const words = find('notify-words', HTMLElement);
    words.textContent = isWanted && !this.#isOn ? 'this browser blocks notifications from this page' : '';
  }

  /** Call it at each change of the light. A notification may appear on a locked screen: it has no text of a command and no output. */
  tell(state: LightState, who: string): void {
    const before = this.#last;
    this.#last = state;
    if (!this.#isOn || !document.hidden || before === undefined || before === state) return;
    const words: Partial<Record<LightState, string>> = {
      asking: 'a command is waiting for approval',
      ready: before === 'busy' || before === 'asking' ? 'the command ended' : 'listener connected',
      gone: 'listener disconnected',
    };
    const text = words[state];
    if (text === undefined) return;
    this.#shown?.close();
    this.#shown = new Notification(`remotify: ${text}`, { body: who, tag: 'remotify' });
  }
}

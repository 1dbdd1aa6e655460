/** Notifications of the browser, for a tab that is hidden. The visitor is asked for leave when they press the button, never before. */
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

  /** Whether a hidden tab has to go on asking the relay. */
  get isOn(): boolean {
    return this.#isOn;
  }

  async #toggle(): Promise<void> {
    const isWanted = !this.#isOn;
    this.#isOn = isWanted && (await Notification.requestPermission()) === 'granted';
    this.#button.setAttribute('aria-pressed', String(this.#isOn));
    const words = find('notify-words', HTMLElement);
    words.textContent =
      isWanted && !this.#isOn ? 'the browser does not allow notifications of this page' : '';
  }

  /** Called at each change of the light. Nothing of the command or its output is in a notification: it may show on a locked screen. */
  tell(state: LightState, who: string): void {
    const before = this.#last;
    this.#last = state;
    if (!this.#isOn || !document.hidden || before === undefined || before === state) return;
    const words: Partial<Record<LightState, string>> = {
      asking: 'a command waits for approval',
      ready: before === 'busy' || before === 'asking' ? 'the command has ended' : 'the listener is connected',
      gone: 'the listener is gone',
    };
    const text = words[state];
    if (text === undefined) return;
    this.#shown?.close();
    this.#shown = new Notification(`remotify: ${text}`, { body: who, tag: 'remotify' });
  }
}

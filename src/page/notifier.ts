/** Desktop notifications while the tab is hidden. The browser asks for permission when the visitor presses the button, never before. */
import type { LightState } from './describe-light.ts';
import { onVisibilityChange } from './tab-gate.ts';
import { find, onPress, setText } from './dom.ts';

export class Notifier {
  readonly #button = find('notify');
  #isOn = false;
  #last = '';
  #lastState: LightState | undefined;
  #shown: Notification | undefined;

  constructor() {
    this.#button.hidden = !('Notification' in globalThis) || !globalThis.isSecureContext;
    onPress(this.#button, () => void this.#toggle());
    onVisibilityChange(() => {
      if (!document.hidden) this.#shown?.close();
    });
  }

  /** Whether a hidden tab must continue to poll the relay. */
  get isOn(): boolean {
    return this.#isOn;
  }

  async #toggle(): Promise<void> {
    const isWanted = !this.#isOn;
    this.#turn(isWanted && (await Notification.requestPermission()) === 'granted', isWanted);
  }

  #turn(isOn: boolean, isWanted: boolean): void {
    this.#isOn = isOn;
    this.#button.setAttribute('aria-pressed', String(isOn));
    const words = find('notify-words');
    setText(words, isWanted && !isOn ? 'this browser blocks notifications' : '');
  }

  /**
   * Call it at each change of the light. `current`: the command that was picked up. A notification may appear on a locked screen: it has no
   * text of a command and no output.
   */
  tell(state: LightState, who: string, current: string | null): void {
    const before = this.#lastState;
    // The next command may ask before the page heard of the end of the one before.
    const now = `${state} ${current ?? ''}`;
    if (now === this.#last) return;
    this.#last = now;
    this.#lastState = state;
    // What it said is over.
    this.#shown?.close();
    if (!this.#isOn || !document.hidden || before === undefined) return;
    const isOver = before === 'busy' || before === 'asking';
    const words: Partial<Record<LightState, string>> = {
      asking: 'a command is waiting for approval',
      ready: isOver ? 'the command ended' : 'listener connected',
      gone: 'listener disconnected',
    };
    const text = words[state];
    if (text === undefined) return;
    try {
      this.#shown = new Notification(`remotify: ${text}`, { body: who });
    } catch {
      // Browsers of phones grant the permission, and have no notifications of a page.
      this.#turn(false, true);
    }
  }

  /** Another session: what was told is no news about it. */
  forget(): void {
    this.#shown?.close();
    this.#last = '';
    this.#lastState = undefined;
  }
}

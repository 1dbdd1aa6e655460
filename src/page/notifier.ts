/** Desktop notifications while the tab is hidden. Asks for permission only after the visitor has pressed the button. */
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
   * Call it at each change of the light. `current`: the command that was picked up. A notification may appear on a locked screen, so it
   * contains no command text and no output.
   */
  tell(state: LightState, who: string, current: string | null): void {
    const before = this.#lastState;
    // Include the id: the next command may await approval before the page learns that the previous one ended.
    const now = `${state} ${current ?? ''}`;
    if (now === this.#last) return;
    this.#last = now;
    this.#lastState = state;
    // The notification on the screen is out of date.
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
      // Phone browsers grant the permission, but do not let a page show notifications.
      this.#turn(false, true);
    }
  }

  /** Another session was opened: forgets the state of the previous one. */
  forget(): void {
    this.#shown?.close();
    this.#last = '';
    this.#lastState = undefined;
  }
}

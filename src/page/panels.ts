/** The folding panels: lines for the remote, lines for other clients, and the session. At most one is open. */
import { find, keepFocus, onPress } from './dom.ts';

export const panelNames = ['remote', 'elsewhere', 'key-section'] as const;
export type PanelName = (typeof panelNames)[number];

const panelOf = (name: PanelName): HTMLElement => find(name);
const tabOf = (name: PanelName): HTMLElement => find(`${name}-tab`);

export class Panels {
  #open: PanelName | undefined;

  constructor() {
    const auto = find('auto');
    auto.addEventListener('toggle', () => auto.scrollIntoView({ block: 'nearest' }));
    for (const name of panelNames) {
      onPress(tabOf(name), () => this.show(this.#open === name ? undefined : name));
      for (const element of [panelOf(name), tabOf(name)])
        element.addEventListener('keydown', ({ key }) => {
          if (key !== 'Escape' || this.#open !== name) return;
          this.show(undefined);
          tabOf(name).focus();
        });
    }
    this.show(undefined);
  }

  /** Shows next to the line that the listener disconnected and the line must be pasted again. */
  markDisconnected(isDisconnected: boolean): void {
    find('reconnect').hidden = !isDisconnected;
    if (!isDisconnected) return;
    // Fold the auto line: show the supervised line first again.
    keepFocus(find('remote-title'), () => (find('auto', HTMLDetailsElement).open = false));
  }

  get open(): PanelName | undefined {
    return this.#open;
  }

  /** Undefined folds all of them. */
  show(wanted: PanelName | undefined): void {
    const before = this.#open ?? 'remote';
    this.#open = wanted;
    keepFocus(tabOf(before), () => {
      for (const name of panelNames) {
        panelOf(name).hidden = name !== wanted;
        tabOf(name).setAttribute('aria-expanded', String(name === wanted));
      }
    });
  }
}

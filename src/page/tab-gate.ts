/**
 * Stops reading requests of a hidden tab: a browser allows six requests to a relay across all tabs. The gate stays open if the visitor
 * turned notifications on.
 */
export interface TabGate {
  /** Whether requests that read may be sent now. */
  readonly isOpen: boolean;
  /** Resolves at once if the gate is open. Rejects when `signal` aborts. */
  untilOpen(signal: AbortSignal): Promise<void>;
  /** Calls back when the gate closes, until `signal` aborts. */
  onClose(listener: () => void, signal: AbortSignal): void;
}

/** Calls back when the tab is hidden or shown, until `signal` aborts. */
export function onVisibilityChange(work: () => unknown, signal?: AbortSignal): void {
  document.addEventListener('visibilitychange', work, signal && { signal });
}

/** `mayStayOpen`: whether a hidden tab continues to send requests. */
export function createTabGate(mayStayOpen: () => boolean): TabGate {
  const gate: TabGate = {
    get isOpen() {
      return !document.hidden || mayStayOpen();
    },
    untilOpen: (signal) =>
      new Promise((resolve, reject) => {
        const over = new AbortController();
        const look = (): void => {
          if (signal.aborted) reject(signal.reason as Error);
          else if (gate.isOpen) resolve();
          else return;
          over.abort();
        };
        onVisibilityChange(look, over.signal);
        signal.addEventListener('abort', look, { signal: over.signal });
        look();
      }),
    onClose(listener, signal) {
      const look = (): void => {
        if (!gate.isOpen) listener();
      };
      onVisibilityChange(look, signal);
    },
  };
  return gate;
}

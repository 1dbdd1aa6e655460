/**
 * A browser holds six requests for a relay, for all of its tabs. A tab that is hidden gives its own back, save where the visitor asked to be
 * notified of what happens meanwhile.
 */
export interface TabGate {
  /** Whether requests that read may be sent now. */
  readonly isOpen: boolean;
  /** Resolves at once where it is open. Rejects when `signal` aborts. */
  untilOpen(signal: AbortSignal): Promise<void>;
  /** Calls back when it closes, until the returned function is called. */
  onClose(listener: () => void): () => void;
}

/** `mayStayOpen` says whether a hidden tab goes on. */
export function createTabGate(mayStayOpen: () => boolean): TabGate {
  const isOpen = (): boolean => !document.hidden || mayStayOpen();
  return {
    get isOpen() {
      return isOpen();
    },
    async untilOpen(signal) {
      if (isOpen()) return;
      await new Promise<void>((resolve, reject) => {
        const end = (): void => {
          document.removeEventListener('visibilitychange', look);
          signal.removeEventListener('abort', onAbort);
        };
        const look = (): void => {
          if (!isOpen()) return;
          end();
          resolve();
        };
        const onAbort = (): void => {
          end();
          reject(signal.reason as Error);
        };
        document.addEventListener('visibilitychange', look);
        signal.addEventListener('abort', onAbort);
        if (signal.aborted) onAbort();
      });
    },
    onClose(listener) {
      const look = (): void => {
        if (!isOpen()) listener();
      };
      document.addEventListener('visibilitychange', look);
      return () => document.removeEventListener('visibilitychange', look);
    },
  };
}

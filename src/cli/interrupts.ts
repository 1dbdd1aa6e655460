/** Ctrl-C while something runs: counted, and handed to whoever knows what to stop. */

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const handlers = new Set<(signal: NodeJS.Signals) => void>();

/**
 * Stays once it is there: a signal that is on its way to JavaScript when the last listener of its name leaves is dropped by Node, though the next
 * one comes at once. A signal that nobody waits for does what it always does.
 */
function dispatch(signal: NodeJS.Signals): void {
  if (handlers.size === 0) {
    for (const name of names) process.off(name, dispatch);
    process.kill(process.pid, signal);
  }
  for (const handle of handlers) handle(signal);
}

/** Calls back at each SIGINT until the returned function is called, and at SIGTERM and SIGHUP, whose senders do not wait. */
export function onInterrupt(handle: (count: number, isUrgent: boolean) => void): () => void {
  let count = 0;
  const listener = (signal: NodeJS.Signals): void => handle(++count, signal !== 'SIGINT');
  handlers.add(listener);
  for (const name of names) if (!process.listeners(name).includes(dispatch)) process.on(name, dispatch);
  return () => void handlers.delete(listener);
}

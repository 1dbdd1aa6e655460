/** SIGINT, SIGTERM and SIGHUP while something runs: counted, and handed to the code that knows what to stop. */
import { exitCodes } from './exit-codes.ts';

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type Interrupt = (typeof names)[number];

export function isInterrupt(value: unknown): value is Interrupt {
  return names.some((name) => name === value);
}

const handlers = new Set<(signal: Interrupt) => void>();

/**
 * Stays once it is there: a signal that is on its way to JavaScript when the last listener of its name leaves is dropped by Node, though the next
 * one comes at once. A signal that nobody waits for does what it always does.
 */
function dispatch(signal: NodeJS.Signals): void {
  if (handlers.size === 0) {
    for (const name of names) process.off(name, dispatch);
    process.kill(process.pid, signal);
  }
  const name = names.find((each) => each === signal);
  if (name) for (const handle of handlers) handle(name);
}

/** Calls back at each of the signals, with their count, until the returned function is called. Urgent: the sender does not wait long. */
export function onInterrupt(
  handle: (count: number, isUrgent: boolean, signal: Interrupt) => void,
): () => void {
  let count = 0;
  const listener = (signal: Interrupt): void => handle(++count, isTermination(signal), signal);
  handlers.add(listener);
  for (const name of names) if (!process.listeners(name).includes(dispatch)) process.on(name, dispatch);
  return () => void handlers.delete(listener);
}

/** Ctrl-C is a person's, who waits for the end. SIGTERM and SIGHUP come from a program that may soon send SIGKILL. */
export function isTermination(signal: Interrupt): boolean {
  return signal !== 'SIGINT';
}

/** 130 for SIGINT, 143 for the others. */
export function exitCodeOf(signal: Interrupt): number {
  return isTermination(signal) ? exitCodes.terminated : exitCodes.interrupted;
}

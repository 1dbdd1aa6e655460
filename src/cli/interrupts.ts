/** Counts SIGINT, SIGTERM and SIGHUP during a command, and passes them to the code that stops it. */
import { exitCodes } from './exit-codes.ts';

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type Interrupt = (typeof names)[number];

export function isInterrupt(value: unknown): value is Interrupt {
  return names.some((name) => name === value);
}

const handlers = new Set<(signal: Interrupt) => void>();

/**
 * Stays registered: when the last listener of a signal is removed, Node drops a signal that it has not delivered yet, even if a new
 * listener follows immediately. Without a handler, the signal has its default effect.
 */
function dispatch(signal: NodeJS.Signals): void {
  if (handlers.size === 0) {
    for (const name of names) process.off(name, dispatch);
    process.kill(process.pid, signal);
  }
  const name = names.find((each) => each === signal);
  if (name) for (const handle of handlers) handle(name);
}

/** Calls `handle` for each signal until the returned function is called. `count`: signals so far; `isUrgent`: the sender does not wait long. */
export function onInterrupt(
  handle: (count: number, isUrgent: boolean, signal: Interrupt) => void,
): () => void {
  let count = 0;
  const listener = (signal: Interrupt): void => handle(++count, isTermination(signal), signal);
  handlers.add(listener);
  for (const name of names) if (!process.listeners(name).includes(dispatch)) process.on(name, dispatch);
  return () => void handlers.delete(listener);
}

/** SIGINT comes from a person who waits for the end; SIGTERM and SIGHUP from a program that may soon send SIGKILL. */
export function isTermination(signal: Interrupt): boolean {
  return signal !== 'SIGINT';
}

/** 130 for SIGINT, 143 for the others. */
export function exitCodeOf(signal: Interrupt): number {
  return isTermination(signal) ? exitCodes.terminated : exitCodes.interrupted;
}

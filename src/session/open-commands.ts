/**
 * Caches which commands of a session are open, and how many bytes all of them hold. Each transition needs both, and a
 * session remembers a hundred ended commands. So both are kept for each list, and those of a changed list are derived
 * from those of the list before it. Lists never change in place.
 */
import { isEnded } from '../protocol/command-states.ts';
import type { Command } from './command.ts';

type Commands = readonly Command[];

interface Summary {
  /** The commands that have not ended, in order of arrival. */
  readonly open: Commands;
  /** Bytes of all scripts, and of input and output that are in the store. */
  readonly bytes: number;
}

/** A shorter list is scanned each time, which costs less than a cache entry. */
const shortLength = 8;

const summaries = new WeakMap<Commands, Summary>();

/** Bytes of input and output that are in the store. */
export function storedFlowBytes(command: Command): number {
  return command.isEvicted ? 0 : command.stdinBytes + command.stdoutBytes + command.stderrBytes;
}

function heldBytes(command: Command): number {
  return command.scriptBytes + storedFlowBytes(command);
}

function isOpen({ state }: Command): boolean {
  return !isEnded(state);
}

function summarize(commands: Commands): Summary {
  const open: Command[] = [];
  let bytes = 0;
  for (const command of commands) {
    bytes += heldBytes(command);
    if (isOpen(command)) open.push(command);
  }
  return { open, bytes };
}

function remember(commands: Commands, summary: Summary): Commands {
  if (commands.length >= shortLength) summaries.set(commands, summary);
  return commands;
}

function findSummary(commands: Commands): Summary {
  const known = commands.length < shortLength ? undefined : summaries.get(commands);
  if (known !== undefined) return known;
  const summary = summarize(commands);
  remember(commands, summary);
  return summary;
}

/** The commands that have not ended, in order of arrival. */
export function openCommands(commands: Commands): Commands {
  return findSummary(commands).open;
}

/** Bytes of all scripts, input and output. */
export function usedBytes({ commands }: { readonly commands: Commands }): number {
  return findSummary(commands).bytes;
}

export function appendCommand(commands: Commands, command: Command): Commands {
  const { open, bytes } = findSummary(commands);
  return remember([...commands, command], {
    open: isOpen(command) ? [...open, command] : open,
    bytes: bytes + heldBytes(command),
  });
}

/** The list with another command at this index. */
export function replaceAt(commands: Commands, at: number, command: Command): Commands {
  const was = commands[at];
  const replaced = commands.with(at, command);
  // An ended command never opens again: nothing to derive here.
  if (was === undefined || (isOpen(command) && !isOpen(was))) return replaced;
  const { open, bytes } = findSummary(commands);
  const bytesNow = bytes - heldBytes(was) + heldBytes(command);
  if (!isOpen(was)) return remember(replaced, { open, bytes: bytesNow });
  const openNow = isOpen(command) ? open.with(open.indexOf(was), command) : open.filter((one) => one !== was);
  return remember(replaced, { open: openNow, bytes: bytesNow });
}

export function dropAt(commands: Commands, at: number): Commands {
  const was = commands[at];
  if (was === undefined) return commands;
  const { open, bytes } = findSummary(commands);
  return remember(commands.toSpliced(at, 1), {
    open: isOpen(was) ? open.filter((one) => one !== was) : open,
    bytes: bytes - heldBytes(was),
  });
}

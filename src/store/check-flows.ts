/** Compares what a session says of its files with their sizes, when a folder is opened. */
import { stat } from 'node:fs/promises';
import { isSettled } from '../protocol/command-states.ts';
import type { Command } from '../session/command.ts';
import type { Flow, Session } from '../session/session.ts';

/** The output of a command that was lost may still come. */
function mayGrow({ state, isEvicted }: Command): boolean {
  return !isEvicted && !isSettled(state);
}

/** Whether checkFlows() has files to look at. */
export function hasGrowingFlows({ commands }: Session): boolean {
  return commands.some(mayGrow);
}

export interface FlowFiles {
  /** The path of a part of a session. */
  readonly path: (name: string, id: string, part: Flow) => string;
  readonly warn: (text: string) => void;
}

async function measure(
  { path, warn }: FlowFiles,
  { name, id, part }: { name: string; id: string; part: Flow },
  expected: number,
): Promise<number> {
  if (expected === 0) return 0;
  const { size } = await stat(path(name, id, part)).catch(() => ({ size: 0 }));
  if (size >= expected) return expected;
  warn(`session ${name.slice(0, 8)}: ${expected - size} bytes of ${id}/${part} are missing`);
  return size;
}

/**
 * After a power cut a file may be shorter than the journal says. Of a command that may still grow, the listener or the client can send
 * the rest once more, so the session is corrected. Readers of ended commands find out as they read.
 */
export async function checkFlows(session: Session, files: FlowFiles): Promise<Session> {
  const { name } = session;
  const check = async (command: Command): Promise<Command> => {
    if (!mayGrow(command)) return command;
    const { id, stdinBytes, stdoutBytes, stderrBytes } = command;
    const sizes = {
      stdinBytes: await measure(files, { name, id, part: 'stdin' }, stdinBytes),
      stdoutBytes: await measure(files, { name, id, part: 'stdout' }, stdoutBytes),
      stderrBytes: await measure(files, { name, id, part: 'stderr' }, stderrBytes),
    };
    const found = sizes.stdinBytes + sizes.stdoutBytes + sizes.stderrBytes;
    return found === stdinBytes + stdoutBytes + stderrBytes ? command : { ...command, ...sizes };
  };
  return { ...session, commands: await Promise.all(session.commands.map(check)) };
}

/** When a store folder is opened: compares the sizes in a session with those of its files. */
import { stat } from 'node:fs/promises';
import { isSettled } from '../protocol/command-states.ts';
import type { Command } from '../session/command.ts';
import type { Flow, Session } from '../session/session.ts';

/** Whether more bytes may arrive. The output of a lost command may still arrive. */
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
 * After a power cut a file may be shorter than the size in the journal. For a command that may still grow, the session gets the real size,
 * so that the listener or the client can send the rest again. For ended commands a read detects the missing bytes.
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

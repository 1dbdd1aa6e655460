/** The types of a tool, its context and its answer. */
import type { ServerContext } from '@modelcontextprotocol/server';
import type { Calls } from './calls.ts';
import type { Fields, Values } from './fields.ts';
import type { Host } from './host.ts';
import type { UntrustedText } from './render-answer.ts';
import type { Sessions } from './sessions.ts';
import { ToolError } from './tool-error.ts';
import type { Remote } from './sessions.ts';

export interface ToolContext {
  host: Host;
  sessions: Sessions;
  calls: Calls;
}

/** Hosts use these hints to decide whether to ask their user first. */
export interface Hints {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
}

export interface Answer {
  /** The tool's own text: complete lines without any text from the remote or the relay. */
  words: readonly string[];
  untrusted?: readonly UntrustedText[];
  isError?: boolean;
}

interface ToolOf<F extends Fields> {
  name: string;
  title: string;
  /** Short, and without the obvious: it is part of every conversation. */
  description: string;
  hints: Hints;
  fields: F;
  run(context: ToolContext, values: Values<F>, request: ServerContext): Promise<Answer>;
}

export interface Tool {
  name: string;
  title: string;
  description: string;
  hints: Hints;
  fields: Fields;
  run(context: ToolContext, values: Record<string, unknown>, request: ServerContext): Promise<Answer>;
}

/** Erases the argument types. This is safe because readArguments() checks arguments against the same fields. */
export function defineTool<F extends Fields>(tool: ToolOf<F>): Tool {
  return { ...tool, run: (context, values, request) => tool.run(context, values as Values<F>, request) };
}

/** For tools that need an existing session. */
export async function requireRemote({ sessions }: ToolContext, name: string | undefined): Promise<Remote> {
  const remote = await sessions.find(name);
  if (remote) return remote;
  throw new ToolError('input', 'there is no session yet', 'remote_exec creates one');
}

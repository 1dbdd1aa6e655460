/** What every tool works with, and what becomes of its errors. */
import type { ServerContext } from '@modelcontextprotocol/server';
import { ToolError } from './tool-error.ts';
import { renderAnswer } from './render-answer.ts';
import type { Calls } from './calls.ts';
import type { Host } from './host.ts';
import type { Remote, Sessions } from './sessions.ts';

export interface Workshop {
  host: Host;
  sessions: Sessions;
  calls: Calls;
}

interface FailedAnswer {
  [field: string]: unknown;
  content: { type: 'text'; text: string }[];
  isError: true;
}

function explain({ host }: Workshop, error: unknown): { message: string; hint: string } {
  if (error instanceof ToolError) return error;
  const { message, hint = '' } = host.explain(error);
  return { message, hint };
}

/** Runs a tool; what it throws is an answer that says what happened, and what a user can do about it. */
export async function answering<T>(
  shop: Workshop,
  { mcpReq: { signal } }: ServerContext,
  run: () => Promise<T>,
): Promise<T | FailedAnswer> {
  try {
    return await run();
  } catch (error) {
    // Nobody hears the answer to a request that was cancelled.
    const { message, hint } = signal.aborted ? { message: 'cancelled', hint: '' } : explain(shop, error);
    const words = [`remotify failed: ${message}`];
    if (hint !== '') words.push(`What may help: ${hint}`);
    words.push('Tell the user what is wrong; do not look for another way to the remote machine.');
    return { content: [{ type: 'text', text: renderAnswer(words, []) }], isError: true };
  }
}

/** For tools that need a session to be there. */
export async function requireRemote({ sessions }: Workshop, name: string | undefined): Promise<Remote> {
  const remote = await sessions.find(name);
  if (remote) return remote;
  throw new ToolError('there is no session yet', 'remote_exec makes one');
}

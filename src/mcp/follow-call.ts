/** Pushing a command, or joining the same one that runs already, and waiting for it. */
import type { ServerContext } from '@modelcontextprotocol/server';
import { isEnded } from '../protocol/command-states.ts';
import { awaitNews } from './await-news.ts';
import type { Call, CallRequest } from './calls.ts';
import { createProgress } from './progress.ts';
import { isGone } from './sessions.ts';
import type { Answer, ToolContext } from './tool.ts';
import { ToolError } from './tool-error.ts';

/** The session ended under a command: whether the command ran is unknown. */
async function explainGone(
  context: ToolContext,
  call: Call,
  session: string | undefined,
): Promise<ToolError> {
  const { remote, snapshot } = call;
  await context.calls.forget(remote, snapshot.id);
  const made = await context.sessions.replace(session, remote, 'the session was gone');
  return new ToolError(
    'trouble',
    `session ${remote.label} is gone, and command ${snapshot.id} with it: its outcome is unknown`,
    `a new session, ${made.label}, was created: the next ${call.tool} answers with its line to paste; the command may have run, so check before running it again`,
  );
}

async function follow(
  context: ToolContext,
  call: Call,
  budgetSeconds: number,
  request: ServerContext,
  report: (call: Call) => Promise<Answer>,
): Promise<Answer> {
  const { signal } = request.mcpReq;
  const onProgress = createProgress(context.host, request);
  call.waiting++;
  try {
    const lacksListener = await awaitNews(call, { budgetSeconds, signal, onProgress });
    if (lacksListener) call.wasShown = true;
    // All requests that waited learn of the end; the same call after that is a new command.
    if (isEnded(call.snapshot.state)) await context.calls.forget(call.remote, call.snapshot.id);
    return await report({ ...call, lacksListener });
  } finally {
    call.waiting--;
    if (signal.aborted) context.calls.abandon(call);
  }
}

/** `report` is called once, with the command as it stands when the waiting is over. */
export async function followCall(
  context: ToolContext,
  wanted: CallRequest & { budgetSeconds: number },
  request: ServerContext,
  report: (call: Call) => Promise<Answer>,
): Promise<Answer> {
  const call = await context.calls.join(wanted);
  try {
    return await follow(context, call, wanted.budgetSeconds, request, report);
  } catch (error) {
    throw isGone(error) ? await explainGone(context, call, wanted.session) : error;
  }
}

/** Pushes a command, or joins the identical running one, and waits for its end. */
import type { ServerContext } from '@modelcontextprotocol/server';
import { isEnded } from '../protocol/command-states.ts';
import { awaitNews } from './await-news.ts';
import type { Call, CallRequest } from './calls.ts';
import { createProgress } from './progress.ts';
import { isGone } from './sessions.ts';
import type { Answer, ToolContext } from './tool.ts';
import { ToolError } from './tool-error.ts';

/** Error for a session that ended before its command did: whether the command ran is unknown. */
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
    `a new session, ${made.label}, was created: the next ${call.tool} returns its line to paste; the command may have run, so check before running it again`,
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
    // All waiting requests report the end; the same call after that is a new command.
    if (isEnded(call.snapshot.state)) await context.calls.forget(call.remote, call.snapshot.id);
    return await report({ ...call, lacksListener });
  } finally {
    call.waiting--;
    if (signal.aborted) context.calls.abandon(call);
  }
}

/** Calls `report` once, with the state of the command at the end of the wait. */
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

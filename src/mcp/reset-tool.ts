/** `remote_session_reset`: clears a session that is stuck, or ends it and creates a new one. */
import { resetSession } from '../client/reset-session.ts';
import { explainRelayAddress, relayAddressOf, renderPaste } from './describe-call.ts';
import { flag } from './fields.ts';
import { isGone, type Remote } from './sessions.ts';
import { session } from './tool-arguments.ts';
import { type Answer, defineTool, requireRemote, type ToolContext } from './tool.ts';

const cleared: Record<string, string> = {
  cmd_queued: 'queued commands',
  result_queued: 'an unread result',
  cmd_was_in_flight: 'a command in flight',
};

async function clear({ calls }: ToolContext, remote: Remote): Promise<Answer> {
  const found = await resetSession(remote.client);
  await calls.forget(remote);
  const names = Object.keys(cleared).filter((name) => found[name] === true);
  const what = names.length === 0 ? 'nothing' : names.map((name) => cleared[name]).join(', ');
  return { words: [`Session ${remote.label} was reset; cleared: ${what}.`] };
}

async function rotate(context: ToolContext, remote: Remote, name: string | undefined): Promise<Answer> {
  await remote.client.endSession().catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
  await context.calls.forget(remote);
  const made = await context.sessions.replace(name, remote, 'the old one was ended on request');
  return {
    words: [
      `Session ${remote.label} ended. The new session is ${made.label} on ${made.url}.`,
      ...renderPaste(made),
      ...explainRelayAddress(made),
    ],
    untrusted: relayAddressOf(made, (text) => context.host.showBytes(Buffer.from(text))),
  };
}

export const resetTool = defineTool({
  name: 'remote_session_reset',
  title: 'Reset the session',
  description:
    'Cancels queued commands and stops the running one. rotate ends the session with its listener and output; a new one needs its line pasted.',
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  fields: { session, rotate: flag('') },
  run: async (context, values) => {
    const remote = await requireRemote(context, values.session);
    return values.rotate === true ? rotate(context, remote, values.session) : clear(context, remote);
  },
});

/** `remote_cancel`: cancels a queued command, or stops a running one. */
import type { StopOutcome } from '../client/stop-command.ts';
import { isEnded, isInFlight } from '../protocol/command-states.ts';
import type { Snapshot } from './command-source.ts';
import { describeState } from './describe-call.ts';
import { idOrBusy, session, signal } from './tool-arguments.ts';
import { defineTool, requireRemote } from './tool.ts';

function chooseCommand(commands: readonly Snapshot[]): Snapshot | undefined {
  const busy = commands.find(({ state }) => isInFlight(state));
  return busy ?? commands.find(({ state }) => state === 'queued');
}

const outcomes: Record<StopOutcome | 'impossible', string> = {
  cancelled: 'It was cancelled before it started.',
  stopped: 'It was stopped with its whole process tree.',
  unconfirmed: 'A signal was sent, but the end of the command was not confirmed: it may still be running.',
  impossible: 'It was not stopped: a legacy relay cannot stop a command that has started.',
  'ended before': 'It had already ended.',
};

export const cancelTool = defineTool({
  name: 'remote_cancel',
  title: 'Stop a command',
  description: 'Cancels a queued command, or stops a running one with its process tree.',
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  fields: { id: idOrBusy, session, signal },
  run: async (context, values) => {
    const remote = await requireRemote(context, values.session);
    const id = values.id ?? chooseCommand(await remote.source.list())?.id;
    if (id === undefined) return { words: ['No command is running or queued: there is nothing to cancel.'] };
    const { outcome, command } = await remote.source.stop(id, values.signal ?? 'TERM');
    if (isEnded(command.state)) await context.calls.forget(remote, id);
    return { words: [describeState(command), outcomes[outcome], `Session: ${remote.label}.`] };
  },
});

/** `remote_cancel`, `remote_session_info`, `remote_session_reset`. */
import type { McpServer } from '@modelcontextprotocol/server';
import { hasListener } from '../client/has-listener.ts';
import { isEnded } from '../protocol/command-states.ts';
import type { StatusPayload } from '../protocol/status-payload.ts';
import type { Snapshot } from './command-source.ts';
import { describePaste, describeState, renderPaste } from './describe-call.ts';
import { renderAnswer } from './render-answer.ts';
import { explainMade } from './report-call.ts';
import { isGone, type Remote } from './sessions.ts';
import * as schemas from './tool-schemas.ts';
import { answering, requireRemote, type Workshop } from './tools.ts';

/** Of those that the session remembers, the last ones. */
const listedCommands = 10;

function chooseCommand(commands: readonly Snapshot[]): Snapshot | undefined {
  const busy = commands.find(({ state }) => state === 'running' || state === 'awaiting_approval');
  return busy ?? commands.find(({ state }) => state === 'queued');
}

function answer<T>(
  words: readonly string[],
  structuredContent: T,
  foreign: { title: string; text: string }[] = [],
) {
  return { content: [{ type: 'text' as const, text: renderAnswer(words, foreign) }], structuredContent };
}

const outcomes: Record<schemas.CancelReport['outcome'], string> = {
  cancelled: 'It was withdrawn.',
  stopped: 'It was stopped with its whole process tree.',
  unconfirmed: 'It was told to stop, and nobody confirmed that it did: it may run on.',
  'ended before': 'It had ended before.',
  'nothing to cancel': 'Nothing runs, and nothing waits: there is nothing to cancel.',
};

export function registerCancel(server: McpServer, shop: Workshop): void {
  server.registerTool(
    'remote_cancel',
    {
      title: 'Stop a command',
      description:
        'Withdraws a command that waits, or stops one that runs with its whole process tree, and says what came of it.',
      inputSchema: schemas.cancelInput,
      outputSchema: schemas.cancelOutput,
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
    },
    (input, context) =>
      answering(shop, context, async () => {
        const remote = await requireRemote(shop, input.session);
        const id = input.id ?? chooseCommand(await remote.source.list())?.id;
        if (id === undefined) {
          const outcome = 'nothing to cancel' as const;
          const report = { id: null, session: remote.label, outcome, state: null, exit_status: null };
          return answer<schemas.CancelReport>([outcomes[outcome]], report);
        }
        const { outcome, command } = await remote.source.stop(id, input.signal ?? 'TERM');
        if (isEnded(command.state)) await shop.calls.settle(remote, id);
        return answer<schemas.CancelReport>([describeState(command), outcomes[outcome]], {
          id,
          session: remote.label,
          outcome,
          state: command.state,
          exit_status: command.exitStatus,
        });
      }),
  );
}

function describeListener(status: StatusPayload): string {
  if (!hasListener(status)) return 'No listener is connected.';
  const { listener } = status;
  if (listener?.mode === 'auto') return 'A listener is connected: it runs every command unasked.';
  if (listener?.mode === 'supervised')
    return 'A listener is connected: its operator is asked before each command.';
  return 'A listener was connected.';
}

async function inspect({ host }: Workshop, remote: Remote) {
  const status = await remote.client.readStatus();
  const { listener } = status;
  const seen = listener?.seen_seconds_ago ?? status.listener_seen_seconds_ago;
  const connected = hasListener(status);
  const commands = (await remote.source.list()).slice(-listedCommands);
  const name = listener ? host.showBytes(Buffer.from(`${listener.user}@${listener.host}`)) : null;
  const paste = connected ? null : describePaste(remote);
  const notices = explainMade(remote);
  const words = [
    `Session ${remote.label} on ${remote.url}.`,
    describeListener(status),
    ...(paste ? renderPaste(paste) : []),
    ...notices,
    ...commands.map(describeState),
  ];
  const report: schemas.InfoReport = {
    session: remote.label,
    relay: remote.url,
    listener: { connected, mode: listener?.mode ?? null, seen_seconds_ago: seen },
    commands: commands.map(({ id, state, exitStatus }) => ({ id, state, exit_status: exitStatus })),
    untrusted: { listener: name },
    paste,
    notices,
  };
  return answer(words, report, name === null ? [] : [{ title: 'name of the listener', text: name }]);
}

/** Without a session to tell of. */
function reportNone(message: string) {
  const report: schemas.InfoReport = {
    session: null,
    relay: null,
    listener: null,
    commands: [],
    untrusted: { listener: null },
    paste: null,
    notices: [message],
  };
  return answer([message], report);
}

export function registerInfo(server: McpServer, shop: Workshop): void {
  server.registerTool(
    'remote_session_info',
    {
      title: 'Look at the session',
      description:
        'Says which relay and session are used, whether a listener is connected and whether it asks first, and how the last commands stand. Changes nothing.',
      inputSchema: schemas.infoInput,
      outputSchema: schemas.infoOutput,
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    },
    (input, context) =>
      answering(shop, context, async () => {
        try {
          const remote = await shop.sessions.find(input.session);
          if (remote) return await inspect(shop, remote);
          return reportNone('There is no session yet: remote_exec makes one.');
        } catch (error) {
          if (!isGone(error)) throw error;
          return reportNone('The session is gone from its relay: remote_exec makes a new one.');
        }
      }),
  );
}

const cleared: Record<string, string> = {
  cmd_queued: 'queued commands',
  result_queued: 'an unread result',
  cmd_was_in_flight: 'a command in flight',
};

export function registerReset(server: McpServer, shop: Workshop): void {
  server.registerTool(
    'remote_session_reset',
    {
      title: 'Reset the session',
      description:
        'Drops what waits and stops what runs. With rotate the session ends and a new one is made: its listener ends, its output is gone, and the answer holds new lines for the user to paste.',
      inputSchema: schemas.resetInput,
      outputSchema: schemas.resetOutput,
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
    },
    (input, context) =>
      answering(shop, context, async () => {
        const remote = await requireRemote(shop, input.session);
        const { label: session, url: relay } = remote;
        if (input.rotate !== true) {
          const found = await remote.client.resetSession();
          await shop.calls.settle(remote);
          const names = Object.keys(cleared).filter((name) => found[name] === true);
          const what =
            names.length === 0 ? 'nothing was stuck' : names.map((name) => cleared[name]).join(', ');
          const report: schemas.ResetReport = { session, relay, rotated: false, cleared: names, paste: null };
          return answer([`Session ${session} is reset: ${what}.`], report);
        }
        await remote.client.endSession().catch((error: unknown) => {
          if (!isGone(error)) throw error;
        });
        await shop.calls.settle(remote);
        const made = await shop.sessions.replace(input.session, remote, 'the old one was ended as asked');
        const paste = describePaste(made);
        const words = [
          `Session ${session} is ended. Session ${made.label} on ${made.url} takes its place.`,
          ...(paste ? renderPaste(paste) : []),
        ];
        return answer<schemas.ResetReport>(words, {
          session: made.label,
          relay: made.url,
          rotated: true,
          cleared: [],
          paste,
        });
      }),
  );
}

/** `remote_session_info`: shows the session, its listener, its last commands, and the other sessions. */
import { hasListener } from '../text/describe-presence.ts';
import { nameListener } from '../protocol/name-listener.ts';
import type { StatusPayload } from '../protocol/status-payload.ts';
import type { Snapshot } from './command-source.ts';
import {
  describeState,
  explainMade,
  explainRelayAddress,
  relayAddressOf,
  renderPaste,
} from './describe-call.ts';
import { listKnownSessions } from './known-sessions.ts';
import type { UntrustedText } from './render-answer.ts';
import { isGone, type Remote } from './sessions.ts';
import { session } from './tool-arguments.ts';
import { type Answer, defineTool, type ToolContext } from './tool.ts';
import { cutChars } from '../text/cut-text.ts';
import { formatSeconds } from '../text/durations.ts';
import { maxTextLength } from '../protocol/limits.ts';

/** Number of newest commands to list. */
const listedCommands = 10;

const maxNameChars = 200;

function describeListener(status: StatusPayload): string {
  if (!hasListener(status)) return 'No listener is connected.';
  const { listener } = status;
  if (listener?.mode === 'auto') return 'A listener is connected: it runs commands without asking.';
  if (listener?.mode === 'supervised')
    return 'A listener is connected: its operator is asked before each command.';
  return 'A listener was connected.';
}

function quoteTexts(commands: readonly Snapshot[], show: (text: string) => string): UntrustedText[] {
  const lines = commands
    .filter(({ text }) => text !== null && text !== '')
    .map(
      ({ id, text }) =>
        `${id}: ${show(cutChars(text ?? '', maxTextLength).replaceAll(/\s+/g, ' ')).trim()}\n`,
    );
  return lines.length === 0 ? [] : [{ title: 'texts of the commands', text: lines.join('') }];
}

async function inspect({ host }: ToolContext, remote: Remote): Promise<Answer> {
  const status = await remote.client.readStatus();
  const commands = (await remote.source.list()).slice(-listedCommands);
  const show = (text: string): string => host.showBytes(Buffer.from(text));
  const isConnected = hasListener(status);
  const { listener } = status;
  const seen = listener?.seen_seconds_ago ?? status.listener_seen_seconds_ago;
  const name = listener ? show(cutChars(nameListener(listener), maxNameChars)) : '';
  return {
    words: [
      `Session ${remote.label} on ${remote.url}.`,
      ...explainMade(remote),
      ...(isConnected
        ? [describeListener(status)]
        : [...renderPaste(remote), ...explainRelayAddress(remote)]),
      isConnected || seen === null ? '' : `A listener was last seen ${formatSeconds(seen)} ago.`,
      ...commands.map(describeState),
    ],
    untrusted: [
      ...(isConnected ? [] : relayAddressOf(remote, show)),
      { title: 'name of the listener', text: name },
      ...quoteTexts(commands, show),
    ],
  };
}

async function inspectFound(
  context: ToolContext,
  name: string | undefined,
): Promise<Answer & { remote?: Remote }> {
  try {
    const remote = await context.sessions.find(name);
    if (remote) return { ...(await inspect(context, remote)), remote };
    return { words: ['There is no session yet: remote_exec creates one.'] };
  } catch (error) {
    if (!isGone(error)) throw error;
    return { words: ['The session is gone from its relay: remote_exec creates a new one.'] };
  }
}

export const infoTool = defineTool({
  name: 'remote_session_info',
  title: 'Look at the session',
  description:
    'Shows the session, its relay, whether a listener is connected and asks first, the last commands, and other sessions.',
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  fields: { session },
  run: async (context, values) => {
    const { remote, ...answer } = await inspectFound(context, values.session);
    return { ...answer, words: [...answer.words, ...(await listKnownSessions(context, remote))] };
  },
});

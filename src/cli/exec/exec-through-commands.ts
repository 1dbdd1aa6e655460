/** exec on a relay of ours: push with a name of its own, follow the output, end as the remote did. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { type CommandEnd, followCommand, type Follower } from '../../client/follow-command.ts';
import { withPatience } from '../../client/patience.ts';
import { RelayError } from '../../client/relay-error.ts';
import type { CommandState } from '../../protocol/command-states.ts';
import type { Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { formatSeconds } from '../format.ts';
import { describeMissing, missingHint } from './describe-missing.ts';
import type { ExecOptions } from './exec-options.ts';
import { Narrator } from './narrator.ts';
import { CollectedOutput, openSinks, type OutputSink } from './output-sink.ts';
import { pushScript } from './push-script.ts';
import { settleEnd } from './settle-end.ts';
import { type Leaving, stopRemote } from './stop-remote.ts';

/** How long a command of `--wait 0` may take from push to pick-up: its listener is there and idle. */
const atOnceSeconds = 5;

async function checkReady({ client, label }: OpenSession): Promise<void> {
  const { listener, queue_length: queued = 0, cmd_in_flight: busy } = await client.readStatus();
  if (listener?.attached !== true)
    throw new Failure(`no listener serves session ${label}`, 'paste its line on the remote, or give --wait');
  if (busy || queued > 0)
    throw new Failure(`the listener of session ${label} is busy`, 'give --wait, or see `remotify status`');
}

/** How it ended, and what was known and done before. */
interface Followed extends CommandEnd {
  lastState: CommandState | undefined;
  interrupted: boolean;
}

interface Sinks {
  stdout: OutputSink;
  stderr: OutputSink;
}

/** A relay that went away for good leaves a command behind that is not to be run a second time in ignorance. */
function nameCommand(error: unknown, id: string): unknown {
  if (!(error instanceof RelayError) || !error.isPassing) return error;
  return new Failure(
    `${error.message}; command ${id} may run on`,
    `come back with \`remotify logs -f ${id}\` before you repeat it`,
  );
}

async function follow(
  context: Context,
  session: OpenSession,
  id: string,
  sinks: Sinks,
  stdin: Readable | undefined,
  already: boolean,
): Promise<Followed | Leaving> {
  const { printer } = context;
  const narrator = new Narrator(context, session);
  const leave = new AbortController();
  let lastState: CommandState | undefined;
  let interrupted = false;
  const letGo = stopRemote(context, session, id, {
    already,
    onInterrupt: () => {
      interrupted = true;
    },
    leave: (why) => leave.abort(why),
  });
  const follower: Follower = {
    signal: leave.signal,
    onStdout: (bytes) => (narrator.quiet(), sinks.stdout.write(bytes)),
    onStderr: (bytes) => (narrator.quiet(), sinks.stderr.write(bytes)),
    onState: (state) => {
      lastState = state;
      void narrator.tell(state);
    },
    onTrouble: (error) => void printer.note(`${error.message}; trying again`),
    onRecovery: () => void printer.note('the relay answers again'),
  };
  // Beside the output, never before it: the command may answer what it reads.
  const over = new AbortController();
  const forwarded =
    stdin &&
    import('../../client/forward-stdin.ts').then(({ forwardStdin }) =>
      forwardStdin(session.client, id, stdin, { signal: over.signal }),
    );
  forwarded?.catch((error: unknown) => leave.abort(error));
  try {
    const end = await followCommand(session.client, id, { stdout: 0, stderr: 0 }, follower);
    await sinks.stdout.end();
    await sinks.stderr.end();
    return { ...end, lastState, interrupted };
  } catch (error) {
    const { aborted, reason } = leave.signal;
    if (!aborted) throw nameCommand(error, id);
    if (reason instanceof Error) throw reason;
    return reason as Leaving;
  } finally {
    over.abort();
    // A terminal or a pipe that stays open must not keep us.
    stdin?.destroy();
    narrator.quiet();
    letGo();
  }
}

async function printReport(
  { printer }: Context,
  { client }: OpenSession,
  id: string,
  end: CommandEnd,
  { stdout, stderr }: Record<keyof Sinks, CollectedOutput>,
): Promise<void> {
  await printer.printJson({
    id,
    state: end.state,
    exit_status: end.exitStatus,
    signal: end.signal,
    stdout: stdout.text,
    stderr: stderr.text,
    stdout_bytes: stdout.bytes,
    stderr_bytes: stderr.bytes,
    truncated: stdout.isTruncated || stderr.isTruncated || end.missing !== undefined,
    missing_bytes: end.missing?.bytes ?? 0,
    reason: end.reason,
    started_at: end.startedAt,
    duration_ms: end.durationMs,
    listener: (await withPatience(() => client.readCommand(id), {})).listener,
  });
}

export async function execThroughCommands(
  context: Context,
  session: OpenSession,
  script: Buffer,
  options: ExecOptions,
): Promise<number> {
  const { printer, io } = context;
  const { client, label } = session;
  if (options.wait === 0) await checkReady(session);
  const push = {
    // The same name whenever it is sent again: a lost answer never makes it run twice.
    idempotencyKey: randomUUID(),
    client: context.describeClient(),
    merge: options.merge === true,
    stdin: options.stdin === true,
    timeoutSeconds: Math.ceil(options.timeout ?? 0),
    queueSeconds: options.wait === 0 ? atOnceSeconds : Math.ceil(options.wait),
  };
  const { id, interrupted: already } = await pushScript(client, script, push);
  if (options.detach === true) {
    await (context.json ? printer.printJson({ id, session: label }) : printer.print(id));
    return exitCodes.ok;
  }
  const collected = context.json
    ? { stdout: new CollectedOutput(), stderr: new CollectedOutput() }
    : undefined;
  const sinks = collected ?? openSinks(io, options.raw === true, context.term);
  const stdin = options.stdin === true ? io.stdin : undefined;
  const end = await follow(context, session, id, sinks, stdin, already);
  if (end === 'broken pipe') return exitCodes.brokenPipe;
  if (end === 'interrupt') {
    await printer.note(
      `command ${id} may still run; come back with \`remotify logs -f ${id}\`, stop it with \`remotify cancel ${id}\``,
    );
    return exitCodes.interrupted;
  }
  if (collected) await printReport(context, session, id, end, collected);
  if (end.state === 'cancelled' && end.interrupted) {
    await printer.note(`command ${id} is withdrawn: it never ran`);
    return exitCodes.interrupted;
  }
  if (end.missing && end.state !== 'finished')
    await printer.error(describeMissing(id, end.missing), missingHint);
  const { exitCode, failure } = settleEnd(end, id, label);
  if (end.state === 'expired' && failure) {
    const within = formatSeconds(push.queueSeconds);
    throw end.lastState === 'awaiting_approval'
      ? new Failure(`the operator did not answer within ${within}`, 'give more time with --wait')
      : new Failure(`nobody started command ${id} within ${within}`, failure.hint);
  }
  if (failure) throw failure;
  return exitCode;
}

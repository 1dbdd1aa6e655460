/** exec on a remotify relay (commands resource): pushes with an idempotency key, follows the output, returns the remote's exit status. */
import type { Bound } from '../../config/resolve-waits.ts';
import type { Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import type { ExecOptions } from './exec-options.ts';
import { type Followed, followRemote } from './follow-remote.ts';
import { CollectedOutput, openSinks } from './output-sink.ts';
import { pushScript } from './push-script.ts';
import { hasNoLastingEffect } from './has-no-lasting-effect.ts';
import { createRandomId } from './random-id.ts';
import type { StartBounds } from './start-bounds.ts';

/** The script to run, its limits, and what this client needs for hints. */
export interface Job {
  script: Buffer;
  /** What was typed, for hints about mistakes; empty for a file. */
  words: readonly string[];
  bounds: StartBounds;
  /** Time limit of the run. */
  timeout: Bound | undefined;
  /** The line to paste is on stderr already. */
  isLineShown: boolean;
}

/** Checks a bound of 0 before the push, so that the operator is not asked when this client would not wait for the answer. */
async function checkReady({ client, label }: OpenSession, bounds: StartBounds): Promise<void> {
  if (bounds.listener?.seconds !== 0 && bounds.approval?.seconds !== 0) return;
  const status = await client.readStatus();
  const { findObstacle } = await import('./describe-unstarted.ts');
  const obstacle = findObstacle(status, label, bounds);
  if (obstacle) throw obstacle;
}

async function finish(
  context: Context,
  session: OpenSession,
  id: string,
  end: Followed,
  bounds: StartBounds,
): Promise<number> {
  // The common case: no further code has to be loaded.
  if (end.state === 'finished' && end.exitStatus !== null && !end.missing && end.interrupt === undefined) {
    if (context.json) await context.printer.endJson();
    return end.exitStatus;
  }
  const { reportEnd } = await import('./report-end.ts');
  return reportEnd(context, session, { id, end, bounds });
}

/** Detects common mistakes by the typed words, the exit status and the end of stderr. */
async function hint(
  context: Context,
  words: readonly string[],
  { exitStatus, lastStderr }: Followed,
): Promise<void> {
  if (words.length === 0 || exitStatus === null || (exitStatus === 0 && !hasNoLastingEffect(words))) return;
  const { describeMistake } = await import('./describe-mistake.ts');
  const text = describeMistake({ words, exitStatus, lastStderr, sessionNames: () => listSessions(context) });
  if (text !== undefined) await context.printer.note(`hint: ${text}`);
}

/** The names only serve a hint: without readable settings the list is empty. */
function listSessions(context: Context): string[] {
  try {
    return Object.keys(context.settings().sessions);
  } catch {
    return [];
  }
}

export async function execThroughCommands(
  context: Context,
  session: OpenSession,
  { script, words, bounds, timeout, isLineShown }: Job,
  options: ExecOptions,
): Promise<number> {
  const { printer, io } = context;
  const { client, label } = session;
  await checkReady(session, bounds);
  const push = {
    // Every retry sends the same key: a lost answer never makes the command run twice.
    idempotencyKey: await createRandomId(),
    client: context.describeClient(),
    merge: options.merge === true,
    stdin: options.stdin === true,
    timeoutSeconds: Math.ceil(timeout?.seconds ?? 0),
    queueSeconds: bounds.queueSeconds,
  };
  const collected = context.json
    ? { stdout: new CollectedOutput(), stderr: new CollectedOutput() }
    : undefined;
  // Open the sinks before the push: a signal between the push and the follower would find no handler.
  const sinks = collected ?? (await openSinks(io, options.raw === true, context.term));
  const { id, interrupt: already } = await pushScript(client, script, push);
  // A signal during the push stops the command: the user did not ask to detach.
  if (options.detach === true && already === undefined) {
    await (context.json ? printer.printJson({ id, session: label }) : printer.print(id));
    return exitCodes.ok;
  }
  const stdin = options.stdin === true ? io.stdin : undefined;
  const end = await followRemote(context, session, { id, bounds, sinks, stdin, already, isLineShown });
  if (end === 'broken pipe') return exitCodes.brokenPipe;
  if (typeof end === 'string') throw (await import('./report-interrupt.ts')).failLeft(id, end);
  if (collected) await (await import('./hold-report.ts')).holdReport(context, session, id, end, collected);
  const exitCode = await finish(context, session, id, end, bounds);
  if (end.state === 'finished' && end.interrupt === undefined) await hint(context, words, end);
  return exitCode;
}

/** `remotify cp :PATH… DIR`: receives the remote's stream into a file beside the target, in as many commands as needed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { withRetry } from '../../client/retry.ts';
import type { Context, OpenSession } from '../context.ts';
import { describeMissing } from '../../text/describe-missing.ts';
import { missingHint } from '../exec/missing-hint.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { Interrupt } from '../interrupts.ts';
import type { CpOptions } from './cp-options.ts';
import { type DownloadPlan, renderDownload } from './download-script.ts';
import { findCommand } from './find-command.ts';
import { followTransfer, interruptedBy, pushTransfer, type TransferEnd } from './follow-transfer.ts';
import type { Progress } from './progress.ts';
import { parseFile, type RemoteFile } from './remote-file.ts';
import { describeScriptEnd } from './script-end.ts';
import type { Spool } from './spool.ts';
import { findHash, readFailure } from './status-lines.ts';
import { StreamGuard } from './stream-guard.ts';

/** One day. If the client goes away, the relay stores the output and the command ends by itself. */
const maxRunSeconds = 86_400;

/** After a signal: how long to wait until the relay has cancelled the command. */
const stopMs = 2_000;

export interface Downloaded {
  files: RemoteFile[];
  /** The remote's hash of all bytes that it sent; undefined where it has no tool for SHA-256. */
  sha256: string | undefined;
  failures: string[];
  words: string[];
  resumedBytes: number;
}

export interface Sinks {
  spool: Spool;
  progress: Progress;
  /** The local folder that receives the files. */
  folder: Buffer;
}

interface Attempt extends Downloaded {
  /** The id of its command. */
  id: string;
  end: TransferEnd;
  /** The offset at which its stream began. */
  begin: number;
  /** What the remote reported as its hash: `none` where it has no tool, `odd` for text that is not a hash. */
  hashState: 'unsaid' | 'none' | 'odd' | 'said';
}

async function attempt(
  context: Context,
  session: OpenSession,
  plan: DownloadPlan,
  options: CpOptions,
  { spool, progress, folder }: Sinks,
): Promise<Attempt> {
  const { client } = session;
  const found = plan.fresh ? undefined : await findCommand(client, plan.id, { running: false });
  const usable = found && found.from <= spool.bytes ? found : undefined;
  const begin = usable ? usable.from : spool.bytes;
  const script = renderDownload({ ...plan, from: begin });
  const push = { script, stdin: false, bounds: options.bounds, runSeconds: maxRunSeconds };
  const pushed = usable
    ? { id: usable.view.id, already: undefined }
    : await pushTransfer(context, session, push);
  const guard = new StreamGuard(plan, folder, spool.bytes);
  const leave = new AbortController();
  let writing: Promise<void> = Promise.resolve();
  const { files } = guard;
  const state: Omit<Attempt, 'end' | 'words'> = {
    id: pushed.id,
    files,
    sha256: undefined,
    failures: [],
    resumedBytes: spool.bytes,
    begin,
    hashState: 'unsaid',
  };
  /** The remote sent something that it should not: the client keeps none of it and does not wait for the end. */
  const refuse = async (problem: string): Promise<void> => {
    await client.cancelCommand(pushed.id, 'TERM').catch(() => undefined);
    await spool.restart();
    leave.abort(new Failure(problem, 'nothing was written', exitCodes.fileTrouble, 'file'));
  };
  const stop = async (signal: Interrupt): Promise<void> => {
    const soon = sleep(stopMs, undefined, { ref: false });
    await Promise.race([client.cancelCommand(pushed.id, 'TERM').catch(() => undefined), soon]);
    leave.abort(interruptedBy(signal));
  };
  const onStatus = (line: string): void => {
    const file = parseFile(line, plan.sources.length);
    if (file) {
      guard.announce(file);
      progress.total = guard.announced;
    } else if (line.startsWith('sum')) {
      state.sha256 = findHash(line);
      state.hashState = state.sha256 !== undefined ? 'said' : line.trim() === 'sum' ? 'none' : 'odd';
    } else {
      const failure = readFailure(line);
      if (failure !== undefined && state.failures.length < 1000) state.failures.push(failure);
    }
  };
  try {
    if (plan.recursive) for await (const piece of spool.read(0, spool.bytes)) await guard.look(piece);
    const listening = {
      bounds: options.bounds,
      readFrom: { stdout: spool.bytes - begin, stderr: 0 },
      onStdout: async (bytes: Buffer) => {
        await progress.start(spool.bytes);
        // The spool writes a piece while the next one is in flight.
        await writing;
        const problem = await guard.check(bytes, spool.bytes);
        if (problem !== undefined) return refuse(problem);
        writing = spool.append(bytes).then(() => progress.at(spool.bytes));
        writing.catch(() => undefined);
      },
      onStatus,
      onRunning: () => void progress.start(spool.bytes),
      // A download changes nothing on the remote, so the rest of its output need not be read.
      onInterrupt: (signal: Interrupt) => void stop(signal),
    };
    const end = await followTransfer(context, session, pushed, listening, leave);
    await writing;
    if (!end.missing && end.signal === null) state.failures.push(...(await guard.end(state.failures.length)));
    return { ...state, words: end.words, end };
  } finally {
    await writing.catch(() => undefined);
    guard.close();
    progress.stop();
  }
}

/**
 * Whether a signal other than the KILL of the listener itself ended the command. The listener sends this KILL when the relay stores no more of
 * the output.
 */
async function wasStopped({ client }: OpenSession, { id, end }: Attempt): Promise<boolean> {
  if (end.signal === null) return false;
  if (end.signal !== 'KILL' || end.missing?.reason !== 'cut') return true;
  const { cancel_signal: asked } = await withRetry(() => client.readCommand(id), {});
  return asked !== null;
}

/** Fills the spool and compares its hash with the remote's. Throws if the hashes differ or bytes are missing. */
export async function download(
  context: Context,
  session: OpenSession,
  given: DownloadPlan,
  options: CpOptions,
  sinks: Sinks,
): Promise<Downloaded> {
  const { spool } = sinks;
  const { printer } = context;
  const name = given.sources.join(', ');
  let plan = given;
  let resumedBytes: number | undefined;
  for (;;) {
    const before = spool.bytes;
    const result = await attempt(context, session, plan, options, sinks);
    resumedBytes ??= result.resumedBytes;
    const { end, begin, sha256, failures, hashState } = result;
    if (await wasStopped(session, result)) throw describeScriptEnd(end, name);
    if (end.missing) {
      if (spool.bytes === before) {
        const message = `${name}: ${describeMissing(end.missing)}`;
        throw new Failure(message, missingHint, exitCodes.trouble, 'output_missing');
      }
      await printer.note(`the relay stores no more of this command: continuing at ${spool.bytes} bytes`);
      plan = { ...plan, part: plan.part + 1, fresh: true };
      continue;
    }
    if (end.exitStatus !== 0 && failures.length === 0) throw describeScriptEnd(end, name);
    // Without a hash, the bytes are known to fit together only if a single command sent them all.
    const isGood = hashState === 'none' ? begin === 0 : sha256 === spool.digest();
    if (isGood || spool.bytes === 0) return { ...result, resumedBytes };
    if (before === 0 && plan.part === 1) {
      await spool.restart();
      throw new Failure(
        `${name}: SHA-256 differs: the bytes that arrived are not those that the remote sent`,
        'nothing was written: run the same command again',
        exitCodes.fileTrouble,
        'file',
      );
    }
    await printer.note('the source changed since the transfer was cut: starting over');
    await spool.restart();
    resumedBytes = 0;
    plan = { ...plan, part: 1, fresh: true };
  }
}

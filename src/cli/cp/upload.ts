/** `remotify cp FILE… :PATH`: sends local files to the remote, in as many commands as needed. */
import { forwardStdin } from '../../client/forward-stdin.ts';
import { RelayError } from '../../client/relay-error.ts';
import type { Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { filesOf, hashStart, readFrom } from './concatenate.ts';
import type { CpOptions } from './cp-options.ts';
import { findCommand } from './find-command.ts';
import { followTransfer, pushTransfer, type TransferEnd } from './follow-transfer.ts';
import type { Progress } from './progress.ts';
import { describeScriptEnd } from './script-end.ts';
import { readFailure } from './status-lines.ts';
import { renderUpload, type UploadPlan } from './upload-script.ts';
import { decode } from '../../text/utf8.ts';

/** The script's exit status for input that ended before all bytes had arrived. */
const cutStatus = 75;

/** Bytes per second. A slower transfer runs into its timeout: its client is probably gone. */
const minRate = 10_000;
const minRunSeconds = 3600;

export interface Uploaded {
  verified: boolean;
  resumedBytes: number;
  failures: string[];
  words: string[];
  /** Why the script stopped; no file counts as written then. */
  stopped: string | undefined;
  /** Whether the remote gave the source another name. */
  renamed: boolean;
}

interface Attempt extends Uploaded {
  end: TransferEnd;
  /** Bytes that the remote had before, and afterwards. */
  have: number;
  reached: number;
  /** The remote's partial file differs from the source. */
  isDamaged: boolean;
  refusal: RelayError | undefined;
}

async function attempt(
  context: Context,
  session: OpenSession,
  plan: UploadPlan,
  options: CpOptions,
  progress: Progress,
): Promise<Attempt> {
  const { client } = session;
  const found = plan.fresh ? undefined : await findCommand(client, plan.id, { running: true });
  const sentBefore = found?.view.stdin_bytes ?? 0;
  const runSeconds = minRunSeconds + plan.total / minRate;
  const push = { script: renderUpload(plan), stdin: true, bounds: options.bounds, runSeconds };
  const pushed = found
    ? { id: found.view.id, already: undefined }
    : await pushTransfer(context, session, push);
  const state: Omit<Attempt, 'end'> = {
    verified: false,
    resumedBytes: 0,
    failures: [],
    words: [],
    stopped: undefined,
    renamed: false,
    have: 0,
    reached: 0,
    isDamaged: false,
    refusal: undefined,
  };
  const leave = new AbortController();
  const over = new AbortController();
  const send = async (have: number, sha256: string | undefined): Promise<void> => {
    state.have = have;
    if (have > 0 && (have > plan.total || (await hashStart(plan.entries, have)) !== (sha256 ?? ''))) {
      // Without a hash of the partial file, this client cannot tell what is in it.
      state.isDamaged = true;
      await client.cancelCommand(pushed.id, 'TERM');
      return;
    }
    const begin = have + sentBefore;
    state.reached = begin;
    state.resumedBytes = begin;
    await progress.start(begin);
    try {
      await forwardStdin(
        client,
        pushed.id,
        readFrom(plan.entries, begin),
        { signal: over.signal },
        {
          offset: sentBefore,
          onSent: (bytes) => {
            state.reached += bytes;
            progress.at(state.reached);
          },
        },
      );
    } catch (error) {
      if (!(error instanceof RelayError) || error.status !== 507) throw error;
      // The relay stores no more input of this command: end its input here; the next command continues.
      state.refusal = error;
      await client.sendStdin(pushed.id, sentBefore, new Uint8Array(), true);
    }
  };
  const onStatus = (line: string): void => {
    const have = /^have (\d{1,16}) ?(?:.*?([0-9a-f]{64}).*)?$/.exec(line);
    if (have) void send(Number(have[1]), have[2]).catch((error: unknown) => leave.abort(error));
    else if (line === 'verified') state.verified = true;
    else if (line === 'renamed') state.renamed = true;
    else if (line.startsWith('stopped ')) state.stopped = readFailure(line);
    else {
      const failure = readFailure(line);
      if (failure !== undefined && state.failures.length < 1000) state.failures.push(failure);
    }
  };
  try {
    const listening = {
      bounds: options.bounds,
      readFrom: { stdout: 0, stderr: 0 },
      onStdout: () => Promise.resolve(),
      onStatus,
      onRunning: () => undefined,
      // Stop sending: the script places no file before it has all bytes.
      onInterrupt: () => over.abort(),
    };
    const end = await followTransfer(context, session, pushed, listening, leave);
    return { ...state, words: end.words, end };
  } finally {
    over.abort();
    progress.stop();
  }
}

/** Sends one list of files, in as many commands as needed. */
export async function upload(
  context: Context,
  session: OpenSession,
  given: UploadPlan,
  options: CpOptions,
  progress: Progress,
): Promise<Uploaded> {
  let plan = given;
  let resumedBytes: number | undefined;
  for (;;) {
    const result = await attempt(context, session, plan, options, progress);
    if (result.isDamaged) {
      if (plan.fresh)
        throw new Failure(
          'the remote does not keep the partial file',
          'check the disk of the remote, then run the same command again',
          exitCodes.trouble,
          'file',
        );
      await context.printer.note('the earlier partial file on the remote is damaged: starting over');
      plan = { ...plan, fresh: true };
      continue;
    }
    resumedBytes ??= result.resumedBytes;
    const { end, failures, reached, have, refusal } = result;
    if (end.exitStatus !== cutStatus) {
      if (end.exitStatus !== 0 && failures.length === 0 && result.stopped === undefined)
        throw describeScriptEnd(end, plan.target);
      return { ...result, resumedBytes };
    }
    if (reached <= have) {
      if (refusal) throw refusal;
      throw new Failure(
        `the transfer was cut at ${reached} of ${plan.total} bytes`,
        'run the same command again to resume',
        exitCodes.trouble,
        'transfer_cut',
      );
    }
    await context.printer.note(`the relay stores no more of this command: continuing at ${reached} bytes`);
    plan = { ...plan, part: plan.part + 1, from: reached, fresh: false };
  }
}

export function copiedFiles(
  plan: UploadPlan,
  hashes: readonly string[],
): { path: string; bytes: number; sha256: string | undefined }[] {
  return filesOf(plan.entries).map(({ name, size }, at) => ({
    path: decode(name),
    bytes: size,
    sha256: hashes[at],
  }));
}

/** `remotify cp :PATH… DIR`: the stream of the remote into a file beside the target, in as many commands as it takes. */
import type { Context, OpenSession } from '../context.ts';
import { describeMissing, missingHint } from '../exec/describe-missing.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { CpOptions } from './cp-options.ts';
import { type DownloadPlan, renderDownload } from './download-script.ts';
import { findCommand } from './find-command.ts';
import { followTransfer, pushTransfer, type TransferEnd } from './follow-transfer.ts';
import type { Progress } from './progress.ts';
import { describeScriptEnd } from './script-end.ts';
import type { Spool } from './spool.ts';
import { findHash } from './status-lines.ts';

/** A day: what nobody reads is stored by the relay and ends by itself. */
const mostRunSeconds = 86_400;

/** One file of the remote, as it says. */
export interface RemoteFile {
  /** Which of the sources it is. */
  index: number;
  size: number;
  mode: number;
  time: number | undefined;
}

export interface Downloaded {
  files: RemoteFile[];
  /** The hash that the remote took of all that it sent; undefined where it has no tool for it. */
  sha256: string | undefined;
  failures: string[];
  words: string[];
  resumedBytes: number;
}

/** `file 0 123 644 1700000000 2023-11-14 22:13:20.123456789 +0000`, or with macOS's stat `file 0 123 644 1700000000.123456789`. */
function parseFile(line: string): RemoteFile | undefined {
  const match =
    /^file (\d{1,7}) (\d{1,15})(?: ([0-7]{1,5}) (\d{1,12}(?:\.\d{1,9})?)(?: .*?:\d\d(\.\d{1,9}))?)?/.exec(
      line,
    );
  if (!match) return undefined;
  const [, index, size, mode, seconds, fraction] = match;
  return {
    index: Number(index),
    size: Number(size),
    mode: Number.parseInt(mode ?? '644', 8),
    time: seconds === undefined ? undefined : Number(seconds) + Number(fraction ?? 0),
  };
}

interface Attempt extends Downloaded {
  end: TransferEnd;
  /** Where its stream began. */
  begin: number;
}

async function attempt(
  context: Context,
  session: OpenSession,
  plan: DownloadPlan,
  options: CpOptions,
  { spool, progress }: Sinks,
): Promise<Attempt> {
  const { client } = session;
  const found = plan.part === 1 && !plan.fresh ? await findCommand(client, plan.id) : undefined;
  const usable = found && found.from <= spool.bytes ? found : undefined;
  const begin = usable ? usable.from : spool.bytes;
  const script = renderDownload({ ...plan, from: begin });
  const push = { script, stdin: false, bounds: options.bounds, runSeconds: mostRunSeconds };
  const pushed = usable
    ? { id: usable.view.id, already: undefined }
    : await pushTransfer(context, session, push);
  const files: RemoteFile[] = [];
  const failures: string[] = [];
  let sha256: string | undefined;
  const resumedBytes = spool.bytes;
  const onStatus = (line: string): void => {
    const file = files.length < plan.sources.length ? parseFile(line) : undefined;
    if (file && file.index < plan.sources.length) {
      files.push(file);
      progress.total = files.reduce((sum, { size }) => sum + size, 0);
    } else if (line.startsWith('sum ')) sha256 = findHash(line);
    else if (/^(?:failed|stopped) /.test(line) && failures.length < 1000)
      failures.push(line.replace(/^\w+ /, ''));
  };
  const leave = new AbortController();
  try {
    const listening = {
      bounds: options.bounds,
      readFrom: { stdout: spool.bytes - begin, stderr: 0 },
      onStdout: async (bytes: Buffer) => {
        await progress.start(spool.bytes);
        await spool.append(bytes);
        progress.at(spool.bytes);
      },
      onStatus,
      onRunning: () => void progress.start(spool.bytes),
    };
    const end = await followTransfer(context, session, pushed, listening, leave);
    return { files, sha256, failures, words: end.words, resumedBytes, end, begin };
  } finally {
    progress.stop();
  }
}

export interface Sinks {
  spool: Spool;
  progress: Progress;
}

/** Fills the spool and compares its hash. Throws where the two differ, or where bytes are missing. */
export async function download(
  context: Context,
  session: OpenSession,
  given: DownloadPlan,
  options: CpOptions,
  sinks: Sinks,
): Promise<Downloaded> {
  const { spool } = sinks;
  const { printer } = context;
  let plan = given;
  let resumedBytes: number | undefined;
  for (;;) {
    const before = spool.bytes;
    const result = await attempt(context, session, plan, options, sinks);
    resumedBytes ??= result.resumedBytes;
    const { end, begin, sha256, failures } = result;
    if (end.missing) {
      if (spool.bytes === before)
        throw new Failure(describeMissing('', end.missing), missingHint, exitCodes.trouble, 'output_missing');
      await printer.note(`the relay stores no more of one command: going on at ${spool.bytes} bytes`);
      plan = { ...plan, part: plan.part + 1, fresh: true };
      continue;
    }
    if (end.exitStatus !== 0 && failures.length === 0 && result.words.length === 0)
      throw describeScriptEnd(end, plan.sources[0] ?? '');
    const isGood = sha256 === undefined ? begin === 0 : sha256 === spool.digest();
    if (isGood) return { ...result, resumedBytes };
    if (before === 0 && plan.part === 1) {
      await spool.remove();
      throw new Failure(
        'SHA-256 differs: what arrived is not what the remote sent; nothing was written',
        'run the same command again',
        exitCodes.fileTrouble,
        'file',
      );
    }
    await printer.note('the source changed since the transfer was cut: starting again');
    await spool.restart();
    resumedBytes = 0;
    plan = { ...plan, part: 1, fresh: true };
  }
}

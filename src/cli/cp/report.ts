/** Reports the outcome of a transfer, as text or for --json. */
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { Outcome } from './cp-options.ts';
import { formatCount, formatSize } from '../../text/sizes.ts';

const maxShown = 20;

/** Throws a Failure if a file was not copied; the other files are in place anyway. */
export async function report(context: Context, outcome: Outcome): Promise<number> {
  const { printer } = context;
  const { failures, files, bytes, seconds, verified, resumedBytes, words } = outcome;
  for (const line of words) await printer.note(`the remote: ${line}`);
  if (files.length > 0 && !verified && failures.length === 0)
    await printer.note('not verified: the remote has none of sha256sum, shasum and openssl');
  if (failures.length > 0) {
    const [first = ''] = failures;
    if (failures.length > 1)
      for (const failure of failures.slice(0, maxShown)) await printer.note(`not copied: ${failure}`);
    const copied = files.length === 0 ? '' : `; ${formatCount(files.length, 'file')} copied`;
    const what = failures.length === 1 ? first : `${failures.length} not copied, the first: ${first}`;
    const hint =
      files.length === 0
        ? 'nothing was copied; solve this, and run the same command again'
        : 'everything else was copied';
    throw new Failure(what + copied, hint, exitCodes.fileTrouble, 'file');
  }
  if (context.json) {
    const [only] = files;
    const several = files.map(({ path, bytes: size, sha256 }) => ({
      path,
      bytes: size,
      sha256: sha256 ?? null,
    }));
    await printer.printJson({
      files: files.length,
      bytes,
      seconds: Math.round(seconds * 1000) / 1000,
      sha256: files.length === 1 ? (only?.sha256 ?? null) : several,
      verified,
      resumed_bytes: resumedBytes,
    });
    return exitCodes.ok;
  }
  const resumed = resumedBytes > 0 ? `, ${formatSize(resumedBytes)} of it by an earlier attempt` : '';
  const rate = seconds > 0 ? `, ${formatSize((bytes - resumedBytes) / seconds)}/s` : '';
  await printer.note(`${formatCount(files.length, 'file')}, ${formatSize(bytes)}${resumed}${rate}`);
  return exitCodes.ok;
}

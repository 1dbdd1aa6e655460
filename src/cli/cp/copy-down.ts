/** Runs a download: checks the target, receives the sources into a spool, places the files, and returns the outcome. */
import { createHash } from 'node:crypto';
import type { Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { CopiedFile, CpOptions, Outcome } from './cp-options.ts';
import { download, type Downloaded } from './download.ts';
import { type LocalTarget, resolveTarget } from './local-target.ts';
import { checkTarget, NotPlaced } from './place-file.ts';
import { type Places, remoteBaseName } from './places.ts';
import { placeSlices } from './place-slices.ts';
import { Progress } from './progress.ts';
import { Spool } from './spool.ts';

interface Placed {
  files: CopiedFile[];
  failures: string[];
}

interface Chosen extends LocalTarget {
  tops: string[];
  id: string;
}

/** Finds errors before the operator is prompted; without this check, the transfer would fail only at its end. */
async function checkBefore({ folder, as, tops }: Chosen, recursive: boolean): Promise<void> {
  const twice = tops.find((top, at) => tops.indexOf(top) !== at);
  if (twice !== undefined)
    throw new Failure(
      `two of the sources have the same name: ${twice}`,
      'copy them one by one',
      exitCodes.fileTrouble,
      'file',
    );
  if (recursive) return;
  const [top = ''] = tops;
  if (tops.length !== 1) return;
  try {
    const path = Buffer.concat([folder, Buffer.from(`/${as === '' ? top : as}`)]);
    await checkTarget(path, as === '' ? 'inside' : 'named');
  } catch (error) {
    if (!(error instanceof NotPlaced)) throw error;
    throw new Failure(error.message, 'choose another target', exitCodes.fileTrouble, 'file');
  }
}

async function place(
  chosen: Chosen,
  spool: Spool,
  downloaded: Downloaded,
  options: CpOptions,
  wantsHashes: boolean,
): Promise<Placed> {
  const rules = { ...chosen, preserve: options.preserve === true, wantsHashes };
  if (options.recursive !== true) return placeSlices(spool, downloaded.files, rules);
  const { unpackTar } = await import('./unpack-tar.ts');
  return unpackTar(spool, rules);
}

export async function copyDown(
  context: Context,
  session: OpenSession,
  key: string,
  { sources, target }: Places,
  options: CpOptions,
): Promise<Outcome> {
  const recursive = options.recursive === true;
  const local = await resolveTarget(target, sources.length > 1, recursive);
  const tops = sources.map(remoteBaseName);
  const text = JSON.stringify([key, sources, recursive, local.folder.toString('latin1'), local.as]);
  const id = createHash('sha256').update(`down\n${text}`).digest('hex').slice(0, 16);
  const chosen = { ...local, tops, id };
  await checkBefore(chosen, recursive);
  const spool = await Spool.open(Buffer.concat([local.folder, Buffer.from(`/.remotify-part-${id}`)]));
  let isKept = true;
  try {
    const plan = { id, sources, recursive, from: 0, part: 1, fresh: false };
    const progress = new Progress(context, 'receiving', 0);
    const downloaded = await download(context, session, plan, options, {
      spool,
      progress,
      folder: local.folder,
    });
    isKept = false;
    const { files, failures } = await place(chosen, spool, downloaded, options, context.json);
    return {
      files,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      seconds: progress.seconds,
      verified: downloaded.sha256 !== undefined,
      resumedBytes: downloaded.resumedBytes,
      failures: [...downloaded.failures, ...failures],
      words: downloaded.words,
    };
  } finally {
    // An empty spool has nothing to resume from.
    if (spool.bytes === 0 || !isKept) await spool.remove();
    await spool.close();
  }
}

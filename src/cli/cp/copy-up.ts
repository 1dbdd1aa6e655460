/** Runs an upload: lists the sources, sends them in one or more commands, and returns the outcome. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { maxScriptBytes } from '../../protocol/limits.ts';
import type { Context, OpenSession } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { hashAll, totalOf } from './concatenate.ts';
import type { CpOptions, Outcome } from './cp-options.ts';
import { type Entry, listSources } from './list-sources.ts';
import { baseName, type Places } from './places.ts';
import { Progress } from './progress.ts';
import { describeFileError } from '../../config/describe-file-error.ts';
import { groupLength } from './script-parts.ts';
import { copiedFiles, upload } from './upload.ts';
import { renderEntry, renderUpload, type UploadPlan } from './upload-script.ts';
import { formatCount } from '../../text/sizes.ts';

/** Reserved for the script around the list. */
const shellBytes = 16 * 1024;

/** Splits a list that is too long for one script. The operator sees and approves each of the scripts. */
function splitList(entries: readonly Entry[], preserve: boolean): Entry[][] {
  const lists: Entry[][] = [];
  let room = 0;
  for (const entry of entries) {
    const bytes = Buffer.byteLength(renderEntry(entry, preserve)) + 1;
    if (bytes > room) {
      lists.push([]);
      room = maxScriptBytes - shellBytes;
    }
    room -= bytes;
    lists.at(-1)?.push(entry);
  }
  return lists;
}

/** Splits the target into its folder and its last name, as the script does. */
function splitTarget(target: string): { folder: string; name: string } {
  const at = target.lastIndexOf('/');
  return { folder: target.slice(0, at + 1), name: target.slice(at + 1) };
}

/** All attempts at one transfer have the same id; a transfer to another target or session has another id. If files changed, only its second half differs. */
function nameTransfer(key: string, sources: readonly string[], plan: UploadPlan): string {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const group = JSON.stringify([
    'up',
    key,
    sources.map((source) => resolve(source)),
    plan.target,
    plan.entries[0]?.name,
  ]);
  const content = renderUpload({ ...plan, id: '', part: 1, from: 0, fresh: false });
  return hash(group).slice(0, groupLength) + hash(`${key}\n${content}`).slice(0, groupLength);
}

export async function copyUp(
  context: Context,
  session: OpenSession,
  key: string,
  { sources, target: typed }: Places,
  options: CpOptions,
): Promise<Outcome> {
  const preserve = options.preserve === true;
  const { entries, failures } = await listSources(sources, options.recursive === true);
  const outcome: Outcome = {
    files: [],
    bytes: 0,
    seconds: 0,
    verified: true,
    resumedBytes: 0,
    failures,
    words: [],
  };
  const isFolder = entries.length > 0 && entries[0]?.kind === 'folder';
  const intoFolder = sources.length > 1 || (typed.endsWith('/') && !isFolder);
  let target = sources.length === 1 && isFolder && !/^~?\/*$/.test(typed) ? typed.replace(/\/+$/, '') : typed;
  let top = sources.length === 1 ? baseName(sources[0] ?? '') : '';
  const lists = splitList(entries, preserve);
  if (lists.length > 1)
    await context.printer.note(
      `${formatCount(entries.length, 'name')}: the list needs ${lists.length} commands`,
    );
  for (const list of lists) {
    const hashes = await hashAll(list, context.json && entries.length > 1).catch((error: unknown) => {
      if (error instanceof Failure) throw error;
      throw new Failure(
        `a source cannot be read: ${describeFileError(error)}`,
        undefined,
        exitCodes.fileTrouble,
        'file',
      );
    });
    const total = totalOf(list);
    const draft: UploadPlan = {
      id: '',
      entries: list,
      total,
      sha256: hashes.all,
      target,
      intoFolder,
      top,
      preserve,
      part: 1,
      from: 0,
      fresh: false,
    };
    const plan = { ...draft, id: nameTransfer(key, sources, draft) };
    const progress = new Progress(context, 'sending', total);
    const done = await upload(context, session, plan, options, progress);
    outcome.seconds += progress.seconds;
    const each = hashes.each.length > 0 ? hashes.each : list.length === 1 ? [hashes.all] : [];
    outcome.words.push(...done.words);
    if (done.stopped !== undefined) {
      outcome.failures.push(addReason(done.stopped, outcome.words));
      break;
    }
    outcome.files.push(...copiedFiles(plan, each).slice(done.failures.length));
    outcome.bytes += total;
    outcome.verified &&= done.verified;
    outcome.resumedBytes += done.resumedBytes;
    outcome.failures.push(...done.failures);
    if (done.renamed) {
      // The target exists by now: the next list goes into it, and not into a subfolder with the source's name.
      ({ folder: target } = splitTarget(target));
      const { name } = splitTarget(plan.target);
      rename(entries, top, name);
      top = name;
    }
  }
  return outcome;
}

/** Appends the last reason that the failing program on the remote printed. */
function addReason(failure: string, words: string[]): string {
  const reason = words.pop()?.split(': ').at(-1);
  return reason === undefined ? failure : `${failure}: ${reason}`;
}

/** Renames the rest of a tree as the remote renamed its first part. */
function rename(entries: readonly Entry[], from: string, to: string): void {
  for (const entry of entries)
    entry.name = Buffer.concat([Buffer.from(to), entry.name.subarray(Buffer.byteLength(from))]);
}

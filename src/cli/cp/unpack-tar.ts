/**
 * Unpacks the tar archives of a remote below a folder. The remote is not trusted: every name is checked, no symbolic link below the
 * target is followed, and links are created last, so that nothing is written through them.
 */
import { extract, type Entry as TarEntry } from 'tar-stream';
import type { Spool } from './spool.ts';
import { type Attributes, NotPlaced } from './place-file.ts';
import { type TreeOptions, TreeWriter } from './tree-writer.ts';
import { decode } from '../../text/utf8.ts';

export interface Unpacked {
  files: { path: string; bytes: number; sha256: string | undefined }[];
  failures: string[];
}

/** tar-stream decodes names as latin1, which keeps their bytes, but those of PAX headers as UTF-8. */
function nameOf(fromPax: string | undefined, given: string | null | undefined): Buffer {
  return fromPax === undefined ? Buffer.from(given ?? '', 'latin1') : Buffer.from(fromPax, 'utf8');
}

function attributesOf({ header }: TarEntry): Attributes {
  const precise = Number(header.pax?.['mtime'] ?? 0);
  const seconds = header.mtime.getTime() / 1000;
  const time = precise === 0 ? seconds : precise;
  return { mode: header.mode, time: Number.isFinite(time) ? time : undefined };
}

async function writeEntry(tree: TreeWriter, entry: TarEntry): Promise<void> {
  const { header } = entry;
  const name = nameOf(header.pax?.['path'], header.name);
  const target = (): Buffer => nameOf(header.pax?.['linkpath'], header.linkname);
  const attributes = attributesOf(entry);
  switch (header.type) {
    case 'directory':
      return tree.addFolder(name, attributes);
    case 'file':
    case 'contiguous-file':
      return tree.addFile(name, entry, attributes);
    case 'symlink':
      return tree.addSymlink(name, target());
    case 'link':
      return tree.addHardLink(name, target(), attributes);
    case null:
    default:
      throw new NotPlaced(`${decode(name)}: not a regular file, folder or link`);
  }
}

const maxFailures = 1000;

export async function unpackTar(spool: Spool, options: TreeOptions): Promise<Unpacked> {
  const tree = new TreeWriter(options);
  const failures: string[] = [];
  const fail = (error: unknown): void => {
    if (!(error instanceof NotPlaced)) throw error;
    if (failures.length < maxFailures) failures.push(error.message);
  };
  const archive = extract({ filenameEncoding: 'latin1' });
  const feed = async (): Promise<void> => {
    for await (const piece of spool.read(0, spool.bytes)) {
      if (archive.destroyed) return;
      if (!archive.write(piece)) {
        await new Promise<void>((resolve) => {
          archive.once('drain', resolve);
          archive.once('close', resolve);
        });
      }
    }
    archive.end();
  };
  const fed = feed().catch((error: unknown) =>
    archive.destroy(error instanceof Error ? error : new Error('cannot be read')),
  );
  try {
    for await (const entry of archive) {
      await writeEntry(tree, entry).catch(fail);
      // Skip what was not read of the entry.
      entry.resume();
    }
  } catch (error) {
    if (error instanceof NotPlaced) throw error;
    failures.push(`${options.tops.join(', ')}: the archive of the remote is damaged`);
  }
  await fed;
  for (const late of tree.finish()) await late().catch(fail);
  return { files: tree.files, failures };
}

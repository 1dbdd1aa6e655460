/** Checks the names in an archive of the remote: which of them may become a path below the target. */
import { NotPlaced } from './place-file.ts';
import { cutChars } from '../../text/cut-text.ts';
import { decode } from '../../text/utf8.ts';

export interface NameRules {
  tops: readonly string[];
  as: string;
  id: string;
}

function split(name: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let rest = name; ; ) {
    const end = rest.indexOf(0x2f);
    parts.push(end === -1 ? rest : rest.subarray(0, end));
    if (end === -1) return parts;
    rest = rest.subarray(end + 1);
  }
}

/** The parts of the path below the target folder, first to last; none for the folder itself. Throws NotPlaced. */
export function checkName(name: Buffer, { tops, as, id }: NameRules): Buffer[] {
  const shown = cutChars(decode(name), 300);
  const refuse = (why: string): NotPlaced => new NotPlaced(`${shown}: refused: ${why}`);
  if (name.byteLength === 0) throw refuse('an empty name');
  if (name[0] === 0x2f) throw refuse('an absolute name');
  if (name.includes(0)) throw refuse('a NUL byte in the name');
  const parts = split(name).filter((part) => part.byteLength > 0 && !part.equals(Buffer.from('.')));
  if (parts.some((part) => part.equals(Buffer.from('..')))) throw refuse('it leaves the target folder');
  if (parts.some((part) => part.toString('latin1').startsWith(`.remotify-part-${id}`)))
    throw refuse('the name of a temporary file');
  if (tops.includes('.')) return as === '' ? parts : [Buffer.from(as), ...parts];
  const [first, ...below] = parts;
  if (!first || !tops.some((top) => first.equals(Buffer.from(top)))) throw refuse('not one of the sources');
  return [as === '' ? first : Buffer.from(as), ...below];
}

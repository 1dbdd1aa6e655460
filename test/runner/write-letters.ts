/** Writes the ranges of letter-ranges.ts into src/runner/letters.sh, for the Unicode version of this Node. */
import { readFile, writeFile } from 'node:fs/promises';
import { drawRanges, renderRanges } from './letter-ranges.ts';

const path = new URL('../../src/runner/letters.sh', import.meta.url);
const opening = 'load_letters() {\n  found=0\n';
const text = await readFile(path, 'utf8');
const at = text.indexOf(opening) + opening.length;
if (at < opening.length) throw new Error('letters.sh has no load_letters');
await writeFile(path, `${text.slice(0, at)}${renderRanges(drawRanges())}}\n`);

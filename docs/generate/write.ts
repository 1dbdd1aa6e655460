/** `npm run docs`: writes the reference of the commands and the man pages. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildWholeProgram } from '../../src/cli/build-program.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { renderDocs } from './files.ts';

const folder = join(import.meta.dirname, '..');
mkdirSync(join(folder, 'man'), { recursive: true });
const { version } = packageFile;
for (const [name, text] of Object.entries(renderDocs(await buildWholeProgram(version), version)))
  writeFileSync(join(folder, name), text);

/** `npm run completions`: generates the completion files. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildWholeProgram } from '../src/cli/build-program.ts';
import { renderFiles } from './render-files.ts';

for (const [name, text] of Object.entries(renderFiles(await buildWholeProgram('0.0.0')))) {
  writeFileSync(join(import.meta.dirname, name), text);
}

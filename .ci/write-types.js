/** `npm run types`: the declarations that programs with `import … from 'remotify'` need, in dist/types, and no others. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const target = join(root, 'dist/types');
const written = mkdtempSync(join(tmpdir(), 'remotify-types-'));
const compiler = join(root, 'node_modules/typescript/bin/tsc');
execFileSync(
  process.execPath,
  [compiler, '-p', join(root, 'src/library/tsconfig.json'), '--outDir', written],
  {
    stdio: 'inherit',
  },
);
rmSync(target, { recursive: true, force: true });
const open = [join(written, 'library/library.d.ts')];
const found = new Set(open);
for (let path = open.pop(); path !== undefined; path = open.pop()) {
  const copy = join(target, relative(written, path));
  mkdirSync(dirname(copy), { recursive: true });
  cpSync(path, copy);
  for (const [, specifier] of readFileSync(path, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)\.ts'/g)) {
    const next = join(dirname(path), `${specifier}.d.ts`);
    if (found.has(next)) continue;
    found.add(next);
    open.push(next);
  }
}
rmSync(written, { recursive: true });

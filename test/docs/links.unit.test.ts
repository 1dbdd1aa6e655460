/** Links between the documents: the file exists, and the heading too. Files that comments name exist as well. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { listFiles } from '../harness/list-files.ts';
import { anchorsOf, markdownFiles, readProse, root } from './markdown.ts';

function listLinks(path: string): string[] {
  return [...readProse(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

test.each(markdownFiles)('%s: each link names a file and a heading that exist', (path) => {
  const broken = listLinks(path).filter((target) => {
    if (/^(?:https?|mailto):/.test(target)) return false;
    const [file = '', anchor] = target.split('#');
    const named = file === '' ? path : join(dirname(path), file);
    if (!existsSync(join(root, named))) return true;
    return anchor !== undefined && !anchorsOf(named).has(anchor);
  });
  expect(broken).toEqual([]);
});

test('every page of docs/ is linked from docs/README.md', () => {
  const linked = new Set(listLinks('docs/README.md').map((target) => join('docs', target)));
  const pages = markdownFiles.filter((path) => /^docs\/[a-z-]+\.md$/.test(path));
  expect(pages.filter((path) => !linked.has(path))).toEqual([]);
});

/** Named in comments, but not in the repository: the built script, and examples. */
const otherFiles = ['runner.sh', 'a.ts', 'b.ts', 'NAME.KIND.test.ts', 'NAME.test.ts'];

test('each file that a comment names exists', () => {
  const code = listFiles(['src', 'test', 'completions', 'deploy'], /\.(?:ts|sh)$/);
  const documents = [...listFiles(['docs', 'deploy'], /\.(?:md|sh)$/), ...listFiles(['.'], /\.md$/)];
  const known = new Set([...code, ...documents, ...otherFiles].map((path) => basename(path)));
  const missing = code.flatMap((path) =>
    readFileSync(join(root, path), 'utf8')
      .split('\n')
      .filter((line) => /^\s*(?:\/\*\*?|\*|\/\/|#) /.test(line))
      .flatMap((line) => line.match(/[\w.-]+\.(?:ts|sh|md)\b/g) ?? [])
      .filter((name) => !known.has(name))
      .map((name) => `${path}: ${name}`),
  );
  expect(missing).toEqual([]);
});

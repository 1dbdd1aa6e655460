/** Links between the documents: the file exists, and the heading too. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
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

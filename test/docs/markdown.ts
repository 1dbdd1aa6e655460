/** Reads the project's Markdown: files, tables, code blocks, links, headings. */
import { readFileSync } from 'node:fs';
import { listFiles, root } from '../harness/list-files.ts';

export { root };

export const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

/** All Markdown files that a reader may open, from the root of the project. */
export const markdownFiles: readonly string[] = [
  ...listFiles(['.'], /\.md$/),
  ...listFiles(['docs', 'deploy'], /\.md$/),
  ...listFiles(['test'], /^test\/README\.md$/),
];

/** The rows of the table after `<!-- table: NAME -->`, without its head; code marks are removed on request. */
export function readTable(path: string, name: string): string[][] {
  const [, after] = read(path).split(`<!-- table: ${name} -->\n`);
  if (after === undefined) throw new Error(`${path} has no table ${name}`);
  const lines = after.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(2, end === -1 ? undefined : end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What a cell has between backquotes. */
export const codesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);

export interface CodeBlock {
  path: string;
  line: number;
  language: string;
  /** The comment directly before it: `<!-- example: NAME -->` or `<!-- not run: REASON -->`. */
  mark: string;
  text: string;
}

export function listCodeBlocks(path: string): CodeBlock[] {
  const lines = read(path).split('\n');
  const blocks: CodeBlock[] = [];
  for (let at = 0; at < lines.length; at++) {
    const opening = /^\s*```(\S*)/.exec(lines[at] ?? '');
    if (!opening) continue;
    const end = lines.findIndex((line, index) => index > at && /^\s*```\s*$/.test(line));
    const mark = /^<!-- (.+) -->$/.exec(lines[at - 1] ?? '')?.[1] ?? '';
    const text = lines.slice(at + 1, end).join('\n');
    blocks.push({ path, line: at + 1, language: opening[1] ?? '', mark, text });
    at = end;
  }
  return blocks;
}

/** The text outside of code blocks. */
export function readProse(path: string): string {
  return read(path).replaceAll(/^\s*```[^]*?^\s*```\s*$/gm, '');
}

/** As GitHub builds the anchor of a heading. */
export function anchorsOf(path: string): Set<string> {
  const headings = [...readProse(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

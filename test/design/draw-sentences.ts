/** `npm run sentences [SEED]`: draws fifty comments, messages and test titles at random, to be read aloud: none should need a second reading. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles, root } from '../harness/list-files.ts';

interface Sentence {
  path: string;
  kind: 'comment' | 'message' | 'title';
  text: string;
}

/** Mulberry32: the same draw for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const clean = (text: string): string => text.replaceAll(/\s*\n\s*(?:\*|\/\/|#)?\s*/g, ' ').trim();

function listSentences(path: string): Sentence[] {
  const text = readFileSync(join(root, path), 'utf8');
  const found = (kind: Sentence['kind'], pattern: RegExp): Sentence[] =>
    [...text.matchAll(pattern)]
      .map(([, words = '']) => ({ path, kind, text: clean(words) }))
      .filter((sentence) => sentence.text.split(' ').length >= 4);
  if (path.endsWith('.sh')) return found('comment', /^ *# (.*(?:\n *# .*)*)/gm);
  const comments = [
    ...found('comment', /\/\*\*([^]*?)\*\//g),
    ...found('comment', /^ *\/\/ (.*(?:\n *\/\/ .*)*)/gm),
  ];
  if (path.startsWith('test/'))
    return found('title', /\btest(?:\.\w+)*(?:\([^'`]*\))?\(\s*['`]([^'`]+)['`]/g);
  return [...comments, ...found('message', /['`]([a-z][^'`\n]* [^'`\n]* [^'`\n]*)['`]/g)];
}

const seed = Number(process.argv[2] ?? Date.now() % 1_000_000);
const random = createRandom(seed);
const sentences = [...listFiles(['src'], /\.(?:ts|sh)$/), ...listFiles(['test'], /\.test\.ts$/)].flatMap(
  listSentences,
);

console.log(`seed ${seed}, ${sentences.length} sentences`);
for (let nth = 1; nth <= 50; nth++) {
  const drawn = sentences[Math.floor(random() * sentences.length)];
  if (drawn) console.log(`${nth}. ${drawn.kind}, ${drawn.path}: ${drawn.text}`);
}

/** A command that a client wants to run once, with everything that the relay has acknowledged about it. */
import type { Stream } from '../../../src/session/session.ts';
import { drawFrom } from '../../harness/fault-proxy.ts';
import { seed } from '../../harness/seed.ts';

/** Draws a whole number from 0 to `below` - 1: always the same for the same words and seed. */
export function draw(below: number, words: string): number {
  return Math.floor(drawFrom(`${seed} ${words}`) * below);
}

/** Usually small; sometimes larger than one write. */
function drawSize(words: string): number {
  return draw(12, `size ${words}`) === 0 ? draw(200_000, words) : draw(4_000, words);
}

/** Unique numbered lines, so that bytes at a wrong offset are noticed. */
function fillWith(text: string, size: number): string {
  let lines = '';
  for (let line = 1; lines.length < size; line += 1) lines += `${line} ${text}\n`;
  return lines.slice(0, size);
}

export class Intent {
  readonly word: string;
  readonly script: string;
  readonly exitStatus: number;
  readonly output: Readonly<Record<Stream, string>>;
  /** Bytes that the relay has acknowledged. */
  readonly kept: Record<Stream, number> = { stdout: 0, stderr: 0 };
  id: string | undefined;
  isPushed = false;
  runs = 0;
  isStarted = false;
  isFinished = false;
  isCancelled = false;
  isSignalled = false;

  constructor(word: string) {
    this.word = word;
    this.script = `echo ${word} # ${fillWith(word, Math.floor(drawSize(`script ${word}`) / 4))}`;
    this.exitStatus = draw(120, `status ${word}`);
    this.output = {
      stdout: fillWith(`out of ${word}`, drawSize(`stdout ${word}`)),
      stderr: fillWith(`err of ${word}`, Math.floor(drawSize(`stderr ${word}`) / 3)),
    };
  }
}

/** From the words of a command line to the script that the remote runs. What is added is part of the text: the operator sees it. */
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { type Environment, readVariable } from '../../config/environment.ts';
import { quote } from '../../config/parse-values.ts';
import { maxScriptBytes } from '../../protocol/limits.ts';
import { quoteForShell } from '../../protocol/quote-for-shell.ts';
import { renderChangeDirectory } from '../../protocol/render-change-directory.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';

export interface ScriptOptions {
  file?: string;
  env?: string[];
  cwd?: string;
}

/** One word of a shell: as it is where nothing in it is special. */
export function quoteWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : quoteForShell(word);
}

function usage(message: string, hint: string): Failure {
  return new Failure(message, hint, exitCodes.usage);
}

/** `NAME=VALUE`, or `NAME` with the value that it has here. */
function renderExport(given: string, environment: Environment): string {
  const at = given.indexOf('=');
  const name = at === -1 ? given : given.slice(0, at);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw usage(`not a variable: ${quote(given)}`, 'write it as --env NAME=VALUE or --env NAME');
  const value = at === -1 ? readVariable(environment, name) : given.slice(at + 1);
  if (value === undefined) throw usage(`${name} is not set here`, 'give it a value: --env NAME=VALUE');
  return `export ${name}=${quoteWord(value) || "''"}\n`;
}

async function readStdin(stdin: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    // Too long already: the rest need not be read to say so.
    if (bytes > maxScriptBytes) break;
  }
  return Buffer.concat(chunks);
}

/** The remote runs bash: a script for something else would be taken for shell text. */
function checkShebang(text: Buffer): void {
  const first = text.subarray(0, 200).toString('latin1').split('\n')[0] ?? '';
  if (!first.startsWith('#!') || /\b(?:ba|da|k|z|)sh\b/.test(first)) return;
  throw usage(
    `not a shell script: it starts with ${quote(first)}`,
    'give it to its interpreter: remotify exec -i INTERPRETER - < SCRIPT',
  );
}

async function readScript(path: string, stdin: Readable): Promise<Buffer> {
  try {
    return path === '-' ? await readStdin(stdin) : readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw usage(`cannot read ${quote(path)} (${code})`, 'name a file that is there, or - for stdin');
  }
}

/** The bytes to push. One argument is shell text; of several each arrives as it was typed. With a file they are its arguments. */
export async function renderScript(
  words: readonly string[],
  options: ScriptOptions,
  { environment, io }: Pick<Context, 'environment' | 'io'>,
): Promise<Buffer> {
  const prefix = (options.env ?? []).map((given) => renderExport(given, environment));
  if (options.cwd === '') throw usage('--cwd is empty', 'name a folder of the remote: --cwd DIR');
  if (options.cwd !== undefined) prefix.push(renderChangeDirectory(options.cwd));
  let text: Buffer;
  if (options.file === undefined) {
    text = Buffer.from(
      words.length === 1 ? (words[0] ?? '') : words.map((word) => quoteWord(word)).join(' '),
    );
  } else {
    if (words.length > 0) prefix.push(`set -- ${words.map(quoteWord).join(' ')}\n`);
    text = await readScript(options.file, io.stdin);
    checkShebang(text);
  }
  if (text.toString('latin1').trim() === '')
    throw usage('empty command', 'give one: remotify exec COMMAND, or --file SCRIPT');
  const script = Buffer.concat([Buffer.from(prefix.join('')), text]);
  if (script.includes(0)) throw usage('a command cannot hold a NUL byte', 'is this a binary file?');
  if (script.byteLength > maxScriptBytes) {
    throw usage(
      `the command is too long: ${script.byteLength} bytes`,
      `${maxScriptBytes} at most: send a script that fetches the rest`,
    );
  }
  return script;
}

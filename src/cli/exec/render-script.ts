/** Renders the script that the remote runs from a command line. `--env` and `--cwd` become part of its text: the operator sees them. */
import { type Environment, readVariable } from '../../config/environment.ts';
import { maxScriptBytes } from '../../protocol/limits.ts';
import { renderChangeDirectory } from '../../protocol/render-change-directory.ts';
import type { Context } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import type { CleanScript } from './clean-script.ts';
import { quote } from '../../text/quote.ts';
import { quoteWord } from '../../text/quote-word.ts';

export interface ScriptOptions {
  file?: string;
  env?: string[];
  cwd?: string;
}

function usage(message: string, hint: string): Failure {
  return new Failure(message, hint, exitCodes.usage);
}

/** `NAME=VALUE`, or `NAME` for its value in the local environment. */
function renderExport(given: string, environment: Environment): string {
  const at = given.indexOf('=');
  const name = at === -1 ? given : given.slice(0, at);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw usage(`not a variable: ${quote(given)}`, 'write it as --env NAME=VALUE or --env NAME');
  const value = at === -1 ? readVariable(environment, name) : given.slice(at + 1);
  if (value === undefined) throw usage(`${name} is not set locally`, 'give it a value: --env NAME=VALUE');
  return `export ${name}=${quoteWord(value)}\n`;
}

/** The remote runs bash, which would read a script for another interpreter as shell text. */
function checkShebang(text: Buffer): void {
  const first = text.subarray(0, 200).toString('latin1').split('\n')[0] ?? '';
  if (!first.startsWith('#!') || /\b(?:ba|da|k|z|)sh\b/.test(first)) return;
  throw usage(
    `not a shell script: it starts with ${quote(first)}`,
    'give it to its interpreter: remotify exec -i INTERPRETER - < SCRIPT',
  );
}

/** Reads the script from a file or stdin. Loads the code for it only here. */
async function readFile(path: string, { io }: Pick<Context, 'io'>): Promise<CleanScript> {
  const { readScriptFile } = await import('./read-script-file.ts');
  const { cleanScript } = await import('./clean-script.ts');
  const cleaned = cleanScript(await readScriptFile(path, io.stdin), path);
  checkShebang(cleaned.text);
  return cleaned;
}

/** One argument is shell text; several are quoted, so that each arrives as it was typed. */
async function readWords(words: readonly string[]): Promise<CleanScript> {
  const [first = ''] = words;
  if (words.length > 1) {
    if (first.trim() === '') {
      throw usage(
        'the first word of the command is empty',
        'is a variable unset? write "${NAME:?}" to find out',
      );
    }
    return { text: Buffer.from(words.map(quoteWord).join(' ')), notices: [] };
  }
  if (!first.includes('\r') && !first.startsWith('\ufeff')) return { text: Buffer.from(first), notices: [] };
  return (await import('./clean-script.ts')).cleanArgument(first);
}

/** Returns the bytes to push. With `--file` the words are the script's arguments. Prints notices on stderr. */
export async function renderScript(
  words: readonly string[],
  options: ScriptOptions,
  context: Pick<Context, 'environment' | 'io' | 'printer'>,
): Promise<Buffer> {
  const prefix = (options.env ?? []).map((given) => renderExport(given, context.environment));
  if (options.cwd === '') throw usage('--cwd is empty', 'name a folder of the remote: --cwd DIR');
  if (options.cwd !== undefined) prefix.push(renderChangeDirectory(options.cwd));
  if (options.file !== undefined && words.length > 0)
    prefix.push(`set -- ${words.map(quoteWord).join(' ')}\n`);
  const { text, notices } =
    options.file === undefined ? await readWords(words) : await readFile(options.file, context);
  if (text.toString('latin1').trim() === '')
    throw usage('empty command', 'give one: remotify exec COMMAND, or --file SCRIPT');
  const script = Buffer.concat([Buffer.from(prefix.join('')), text]);
  if (script.includes(0)) throw usage('a command cannot hold a NUL byte', 'is this a binary file?');
  if (script.byteLength > maxScriptBytes) {
    throw usage(
      `the command is too long: ${script.byteLength} bytes`,
      `${maxScriptBytes} bytes at most: send a script that fetches the rest`,
    );
  }
  for (const notice of notices) await context.printer.note(notice);
  return script;
}

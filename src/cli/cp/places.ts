/** Parses the sources and the target of `remotify cp`: a word that begins with `:` is a path on the remote. */
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { quote } from '../../text/quote.ts';

export interface Places {
  direction: 'up' | 'down';
  sources: string[];
  target: string;
}

const form = 'write remotify cp FILE… :PATH, or remotify cp :PATH… FILE';

function usage(message: string, hint = form): Failure {
  return new Failure(message, hint, exitCodes.usage, 'usage');
}

/** The path on the remote that a word names, or undefined for a local file. */
function remotePath(word: string): string | undefined {
  return word.startsWith(':') ? word.slice(1) : undefined;
}

export function parsePlaces(words: readonly string[]): Places {
  if (words.length < 2)
    throw usage(words.length === 0 ? 'nothing to copy' : 'cp needs a source and a target');
  const target = words.at(-1) ?? '';
  const sources = words.slice(0, -1);
  for (const word of words) if (word === '') throw usage('empty path', 'the folder of the listener is :');
  const isUpload = target.startsWith(':');
  const wrong = sources.find((source) => source.startsWith(':') === isUpload);
  if (wrong !== undefined) {
    throw isUpload
      ? usage(
          `source and target are both on the remote: ${quote(wrong)}`,
          `a local file of that name is ${quote(`./${wrong}`)}; to copy within the remote: remotify exec cp`,
        )
      : usage(
          `source and target are both local: ${quote(wrong)}`,
          sources.some((source) => source.startsWith(':'))
            ? 'copy the local files with cp, and those of the remote with another remotify cp'
            : `a path on the remote begins with a colon: ${quote(`:${target}`)}`,
        );
  }
  return {
    direction: isUpload ? 'up' : 'down',
    sources: sources.map((source) => remotePath(source) ?? source),
    target: remotePath(target) ?? target,
  };
}

/** The last name of a path; '.' for a path that has none (`/`, `.`, `..`): its content is copied. */
export function baseName(path: string): string {
  const name = /([^/]*)\/*$/.exec(path)?.[1] ?? '';
  return name === '' || name === '..' ? '.' : name;
}

/** The same for a path on the remote, whose shell expands `~`. */
export function remoteBaseName(path: string): string {
  return /^~[^/]*\/*$/.test(path) ? '.' : baseName(path);
}

/** Reads a script from a file, a pipe or stdin. Stops just after the largest size that a command may have. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { describeFileError } from '../../config/describe-file-error.ts';
import { maxScriptBytes } from '../../protocol/limits.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { quote } from '../../text/quote.ts';

const chunkBytes = 65_536;

const stdinPaths = new Set(['-', '/dev/stdin', '/dev/fd/0']);

function fail(message: string, hint: string): Failure {
  return new Failure(message, hint, exitCodes.usage, 'file');
}

async function readStdin(stdin: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    // Already too long to send: the rest need not be read.
    if (bytes > maxScriptBytes) break;
  }
  return Buffer.concat(chunks);
}

/** Reads a pipe such as `<(…)` like a file. The limit also stops reading of a device that never ends. */
function readPath(path: string): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    let bytes = 0;
    while (bytes <= maxScriptBytes) {
      const chunk = Buffer.alloc(chunkBytes);
      const count = readSync(descriptor, chunk);
      if (count === 0) break;
      chunks.push(chunk.subarray(0, count));
      bytes += count;
    }
    return Buffer.concat(chunks);
  } finally {
    closeSync(descriptor);
  }
}

/** `-` is stdin. Throws a Failure that describes what is wrong with the file. */
export async function readScriptFile(path: string, stdin: Readable & { isTTY?: boolean }): Promise<Buffer> {
  if (path === '') throw fail('--file is empty', 'name a script: --file SCRIPT, or - for stdin');
  try {
    // Read stdin as a stream: opened as a path, it can be read only once data is there.
    if (stdinPaths.has(path)) return await readStdin(stdin);
    const stat = statSync(path);
    if (stat.isDirectory())
      throw fail(`${quote(path)} is a folder, not a script`, 'name a file in it: --file DIR/SCRIPT');
    if (stat.isFile() && stat.size > maxScriptBytes) {
      throw fail(
        `the script ${quote(path)} is too long: ${stat.size} bytes`,
        `${maxScriptBytes} bytes at most: send a script that fetches the rest`,
      );
    }
    return readPath(path);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw fail(
      `cannot read ${path === '-' ? 'stdin' : quote(path)}: ${describeFileError(error)}`,
      'name a script that exists and is readable, or - for stdin',
    );
  }
}

/** Reads secrets from a variable, or from the file that its `_FILE` variable names. No message contains the file's content. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ConfigError } from './config-error.ts';
import { describeFileError } from './describe-file-error.ts';
import { type Environment, readVariable } from './environment.ts';
import { quote } from '../text/quote.ts';

/** Larger than any secret: a larger file is the wrong file. */
const maxSecretBytes = 64 * 1024;

function readBytes(path: string): Buffer | 'not a file' {
  const descriptor = openSync(path, 'r');
  try {
    const found = fstatSync(descriptor);
    // Accept pipes: a shell passes <(command) as one.
    if (!found.isFile() && !found.isFIFO()) return 'not a file';
    const bytes = Buffer.alloc(maxSecretBytes + 1);
    let length = 0;
    for (;;) {
      const count = readSync(descriptor, bytes, length, bytes.length - length, null);
      length += count;
      if (count === 0 || length === bytes.length) return bytes.subarray(0, length);
    }
  } finally {
    closeSync(descriptor);
  }
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Why the text cannot be a secret, or undefined. */
function findFault(text: string | undefined): string | undefined {
  if (text === undefined) return 'it is not text';
  if (text === '') return 'it is empty';
  if (/[\r\n]/.test(text)) return 'it has more than one line';
  // oxlint-disable-next-line no-control-regex
  return /[\x00-\x1f\x7f]/.test(text) ? 'it is not text' : undefined;
}

/** Returns the one line of the file without its newline. `name`: the flag or variable that named the file. Throws a ConfigError. */
export function readSecretFile(name: string, path: string): string {
  const fail = (reason: string): ConfigError =>
    new ConfigError(
      `${name}: cannot use ${quote(path)}: ${reason}`,
      'name a file that holds the secret on one line, and that this user can read',
    );
  let bytes: ReturnType<typeof readBytes>;
  try {
    bytes = readBytes(path);
  } catch (error) {
    throw fail(describeFileError(error));
  }
  if (bytes === 'not a file') throw fail('it is not a file');
  if (bytes.length > maxSecretBytes) throw fail('it is larger than 64 KiB');
  const text = decode(bytes)?.replace(/[\r\n]+$/, '');
  const fault = findFault(text);
  if (fault !== undefined || text === undefined) throw fail(fault ?? 'it is not text');
  return text;
}

export interface Secret {
  readonly value: string;
  /** The flag or variable that it came from. */
  readonly source: string;
}

/** Reads NAME or NAME_FILE; undefined if neither is set. Throws a ConfigError if both are, or if the file cannot be used. */
export function readSecret(environment: Environment, name: string): Secret | undefined {
  const value = readVariable(environment, name);
  const source = `${name}_FILE`;
  const path = readVariable(environment, source);
  if (path === undefined) return value === undefined ? undefined : { value, source: name };
  if (value !== undefined)
    throw new ConfigError(`${name} and ${source} are both set`, 'unset one of the two');
  return { value: readSecretFile(source, path), source };
}

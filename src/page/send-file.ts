/** A file of the visitor on its way to a command, as its input. */
import { forwardStdin } from '../client/forward-stdin.ts';
import { RelayError } from '../client/relay-error.ts';
import { escapeText } from '../text/escape.ts';
import type { SessionLink } from './session-link.ts';

const chunkBytes = 1024 * 1024;

/** Not by `stream()`: not every browser can iterate over one. */
async function* readChunks(file: File): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += chunkBytes)
    yield new Uint8Array(await file.slice(at, at + chunkBytes).arrayBuffer());
}

/** Resolves to what went wrong, in words; empty where the command has its input, or needs no more. */
export async function sendFile({ client, patience }: SessionLink, id: string, file: File): Promise<string> {
  try {
    await forwardStdin(client, id, readChunks(file), patience);
    return '';
  } catch (error) {
    const name = escapeText(file.name);
    return error instanceof RelayError
      ? `${name} was not sent in full: ${error.message}`
      : `${name} could not be read: it was changed, moved or removed`;
  }
}

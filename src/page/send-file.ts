/** Sends a file of the visitor to a command as its stdin. */
import { type InputSource, sendInput } from '../client/send-input.ts';
import { RelayError } from '../client/relay-error.ts';
import { escapeText } from '../text/escape.ts';
import type { SessionLink } from './session-link.ts';

/** Reads slices instead of `stream()`: not every browser can iterate over a stream. */
function openFile(file: File): InputSource {
  let at = 0;
  return {
    get bytes() {
      return file.size - at;
    },
    async take(maxBytes) {
      const bytes = new Uint8Array(await file.slice(at, at + maxBytes).arrayBuffer());
      at += bytes.byteLength;
      return bytes;
    },
    close: () => undefined,
  };
}

/** Resolves to an error message; empty if the command received its input, or needs no more. */
export async function sendFile({ client, retry }: SessionLink, id: string, file: File): Promise<string> {
  try {
    await sendInput(client, id, openFile(file), retry);
    return '';
  } catch (error) {
    const name = escapeText(file.name);
    return error instanceof RelayError
      ? `${name} was not sent in full: ${error.message}`
      : `${name} could not be read: it was changed, moved or removed`;
  }
}

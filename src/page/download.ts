/** All stored output of a command as a file, and as text for the clipboard. */
import type { ReadFrom, RelayClient } from '../client/relay-client.ts';
import { type Patience, withPatience } from '../client/patience.ts';
import { maxWantedBytes } from '../protocol/limits.ts';

/** More than any stream holds: a read of both leaves such a stream out. */
const beyondAll = 10 ** 14;

/** stdout, then stderr, as far as they are stored now. Parts of a Blob, which a browser keeps on disk. */
export async function readWhole(client: RelayClient, id: string, patience: Patience): Promise<Blob> {
  const parts: BlobPart[] = [];
  for (const stream of ['stdout', 'stderr'] as const) {
    const from: ReadFrom = { stdout: beyondAll, stderr: beyondAll, [stream]: 0 };
    for (;;) {
      const part = await withPatience(() => client.readOutput(id, from, { limit: maxWantedBytes }), patience);
      const bytes = part[stream];
      if (bytes.byteLength === 0) break;
      parts.push(new Blob([bytes as Uint8Array<ArrayBuffer>]));
      from[stream] += bytes.byteLength;
    }
  }
  return new Blob(parts, { type: 'application/octet-stream' });
}

/** Hands a file to the browser's own download. */
export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken the file by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

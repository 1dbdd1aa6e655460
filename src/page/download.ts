/** Reads all stored output of a command, for download or for the clipboard. */
import { withRetry } from '../client/retry.ts';
import { readStream } from '../client/read-stream.ts';
import { isEnded } from '../protocol/command-states.ts';
import type { CommandView } from '../protocol/command-view.ts';
import { maxWantedBytes } from '../protocol/limits.ts';
import { formatSize } from '../text/sizes.ts';
import { copyText } from './clipboard.ts';
import type { CommandCard } from './command-card.ts';
import type { SessionLink } from './session-link.ts';

/** Tabs and clipboards handle much more than this badly. */
const maxCopyBytes = 8 * 1024 * 1024;

/**
 * The stored output: stdout, then stderr. As a Blob, which a browser can keep on disk. Undefined if there is more than `maxBytes`. Also
 * updates the card, which shows what is missing by now.
 */
async function readWhole(
  { client, retry, signal }: SessionLink,
  card: CommandCard,
  maxBytes: number,
): Promise<Blob | undefined> {
  const { id = '' } = card;
  const updateCard = async (): Promise<CommandView> => {
    const news = await withRetry(() => client.readCommand(id, { signal }), retry);
    // A late response must not reopen a completed card.
    if (!card.isComplete || isEnded(news.state)) card.update(news);
    return news;
  };
  const view = await updateCard();
  if (view.stdout_bytes + view.stderr_bytes > maxBytes) return undefined;
  const pieces: BlobPart[] = [];
  for (const stream of ['stdout', 'stderr'] as const) {
    // Stop at the current length: a running command may write faster than this reads.
    const length = view[`${stream}_bytes`];
    const part = { stream, offset: 0, length, maxPieceBytes: maxWantedBytes };
    await readStream(client, id, part, retry, (bytes) =>
      pieces.push(new Blob([bytes as Uint8Array<ArrayBuffer>])),
    );
  }
  const whole = new Blob(pieces, { type: 'application/octet-stream' });
  // The relay evicted output during the read: update the card, which shows how much is missing.
  if (whole.size < view.stdout_bytes + view.stderr_bytes) await updateCard();
  return whole;
}

/** Saves a file through the browser's download. */
function saveFile(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // By then the browser has read the file.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export async function downloadOutput(link: SessionLink, card: CommandCard): Promise<void> {
  const whole = await readWhole(link, card, Infinity);
  if (whole) saveFile(whole, `remotify-${card.id ?? ''}.txt`);
}

export async function copyOutput(link: SessionLink, card: CommandCard): Promise<void> {
  const whole = await readWhole(link, card, maxCopyBytes);
  if (!whole)
    return card.say(
      `more than ${formatSize(maxCopyBytes)} is too much for the clipboard: download the output`,
    );
  if (!(await copyText(await whole.text(), card.element)))
    return card.say('this browser blocks copying: download the output');
  card.output.showCopied();
  card.say('', `output of ${card.id ?? ''} copied`);
}

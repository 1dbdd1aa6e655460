/** All stored output of a command as a file, and as text for the clipboard. */
import { withRetry } from '../client/retry.ts';
import { readStream } from '../client/read-stream.ts';
import { isEnded } from '../protocol/command-states.ts';
import type { CommandView } from '../protocol/command-view.ts';
import { maxWantedBytes } from '../protocol/limits.ts';
import { formatSize } from '../text/sizes.ts';
import { copyText } from './clipboard.ts';
import type { CommandCard } from './command-card.ts';
import type { SessionLink } from './session-link.ts';

/** A tab and a clipboard do not take much more than this well. */
const maxCopyBytes = 8 * 1024 * 1024;

/**
 * stdout, then stderr, as far as they are stored now. Parts of a Blob, which a browser keeps on disk. Undefined where there is more than
 * `maxBytes`. The card then also says what is missing by now.
 */
async function readWhole(
  { client, retry, signal }: SessionLink,
  card: CommandCard,
  maxBytes: number,
): Promise<Blob | undefined> {
  const { id = '' } = card;
  const updateCard = async (): Promise<CommandView> => {
    const news = await withRetry(() => client.readCommand(id, { signal }), retry);
    // A late answer does not open a card again.
    if (!card.isComplete || isEnded(news.state)) card.update(news);
    return news;
  };
  const view = await updateCard();
  if (view.stdout_bytes + view.stderr_bytes > maxBytes) return undefined;
  const pieces: BlobPart[] = [];
  for (const stream of ['stdout', 'stderr'] as const) {
    // Not to the end of a command that goes on: it may write faster than this reads.
    const length = view[`${stream}_bytes`];
    const part = { stream, offset: 0, length, maxPieceBytes: maxWantedBytes };
    await readStream(client, id, part, retry, (bytes) =>
      pieces.push(new Blob([bytes as Uint8Array<ArrayBuffer>])),
    );
  }
  const whole = new Blob(pieces, { type: 'application/octet-stream' });
  // Removed by the relay while it was read: the card says how much is missing.
  if (whole.size < view.stdout_bytes + view.stderr_bytes) await updateCard();
  return whole;
}

/** Hands a file to the browser's own download. */
function saveFile(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken the file by then.
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

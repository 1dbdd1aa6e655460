/** Copies text, also where the browser denies the clipboard API. */
import { setLabel } from './dom.ts';

/** After this the label of the button is "copy" again. */
const copiedMs = 2_000;

/** Changes the label of a "copy" button for a moment. */
export function flashLabel(button: HTMLButtonElement, label: string): void {
  setLabel(button, label);
  setTimeout(() => setLabel(button, 'copy'), copiedMs);
}

/** Fails over plain HTTP, which has no clipboard API, or if the visitor denied access. */
async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** `document.execCommand`, which also works over plain HTTP. The event supplies the real text, so a key stays masked in `shown`. */
function copySelection(shown: Node, text: string): boolean {
  let isHandedOver = false;
  const handOver = (event: ClipboardEvent): void => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    isHandedOver = true;
  };
  getSelection()?.selectAllChildren(shown);
  document.addEventListener('copy', handOver, { once: true });
  const isDone = document.execCommand('copy');
  document.removeEventListener('copy', handOver);
  return isDone && isHandedOver;
}

/** Whether the text was copied. `shown`: selected for a moment if only `document.execCommand` works. */
export async function copyText(text: string, shown: Node): Promise<boolean> {
  const isCopied = (await writeClipboard(text)) || copySelection(shown, text);
  if (isCopied) getSelection()?.removeAllRanges();
  return isCopied;
}

/** Copying text, with or without the browser's leave. */
import { setLabel } from './dom.ts';

/** After this a button says "copy" again. */
const copiedMs = 2_000;

/** Of a button that says "copy". */
export function flashLabel(button: HTMLButtonElement, label: string): void {
  setLabel(button, label);
  setTimeout(() => setLabel(button, 'copy'), copiedMs);
}

/** The clipboard is not there over plain http, and the visitor may have forbidden it. */
async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The older way, which works over plain http. The event hands over the true text, so that a masked key can stay masked in `shown`. */
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

/** Whether it was copied. `shown`: what is selected for a moment where the older way is needed. */
export async function copyText(text: string, shown: Node): Promise<boolean> {
  const isCopied = (await writeClipboard(text)) || copySelection(shown, text);
  if (isCopied) getSelection()?.removeAllRanges();
  return isCopied;
}

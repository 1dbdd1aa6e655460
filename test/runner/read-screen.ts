import headless from '@xterm/headless';

/** The state of a terminal after it has processed some bytes. */
export type Screen = {
  rows: string[];
  cursorRow: number;
  /** Unusual terminal state: alternate screen, hidden cursor, insert or origin mode, no wrapping. */
  oddities: string[];
  /** Rows with an invisible or coloured character. */
  unseen: number[];
};

type WithCursor = { _core: { coreService: { isCursorHidden: boolean } } };

export async function readScreen(bytes: Uint8Array, columns: number, rows: number): Promise<Screen> {
  const terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 200 });
  await new Promise<void>((resolve) => terminal.write(bytes, resolve));
  const { active } = terminal.buffer;
  const { modes } = terminal;
  const lines = Array.from({ length: rows }, (_, at) => active.getLine(active.baseY + at));
  const oddities = [
    active.type === 'alternate' && 'the alternate screen',
    (terminal as unknown as WithCursor)._core.coreService.isCursorHidden && 'a hidden cursor',
    modes.insertMode && 'insert mode',
    modes.originMode && 'origin mode',
    !modes.wraparoundMode && 'no wrapping',
  ].filter((one) => typeof one === 'string');
  const unseen = lines.flatMap((line, at) => {
    const cells = Array.from({ length: columns }, (_, x) => line?.getCell(x)).filter((cell) =>
      cell?.getChars(),
    );
    return cells.some((cell) => cell && (cell.isInvisible() || !cell.isFgDefault() || !cell.isBgDefault()))
      ? [at]
      : [];
  });
  const screen = {
    rows: lines.map((line) => line?.translateToString(true) ?? ''),
    cursorRow: active.cursorY,
    oddities,
    unseen,
  };
  terminal.dispose();
  return screen;
}

/** Escapes one byte as `cat -vt` does. */
function spell(byte: number): string {
  const low = byte & 0x7f;
  const form =
    low < 32 ? `^${String.fromCodePoint(low + 64)}` : low === 127 ? '^?' : String.fromCodePoint(low);
  return (byte >= 128 ? 'M-' : '') + form;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function charAt(bytes: Buffer, at: number): string | undefined {
  const lead = bytes[at] ?? 0;
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  try {
    const char = decoder.decode(bytes.subarray(at, at + length));
    return Array.from(char).length === 1 ? char : undefined;
  } catch {
    return undefined;
  }
}

/** A character of a command and how it was shown: `raw` where it was not escaped. */
export type Shown = { char: string; raw: boolean };

/** Compares the text on the screen with the command; throws where the two differ. */
export function compare(text: string, command: Buffer): { shown: Shown[]; bytes: number } {
  const shown: Shown[] = [];
  let bytes = 0;
  let at = 0;
  while (at < text.length) {
    const char = charAt(command, bytes);
    const raw = char !== undefined && (char === '\n' || !/\p{Cc}/u.test(char)) && text.startsWith(char, at);
    if (raw) {
      bytes += Buffer.byteLength(char);
      at += char.length;
    } else {
      const form = spell(command[bytes] ?? 0);
      if (bytes >= command.length || command[bytes] === 10 || !text.startsWith(form, at)) {
        throw new Error(`at byte ${bytes}: ${JSON.stringify(text.slice(at, at + 20))}`);
      }
      bytes += 1;
      at += form.length;
    }
    shown.push({ char: raw ? char : (char ?? ''), raw });
  }
  return { shown, bytes };
}

import fc from 'fast-check';

// Commands that try to hide their text, and terminal states that an earlier command may have left.

export const hostile = [
  '\u001b[2J',
  '\u001b[H',
  '\u001b[8m',
  '\u001b[1A\u001b[2K',
  '\u001b[?1049h',
  '\u001b]0;title\u0007',
  '\u001b]52;c;aGk=\u0007',
  '\u001bP+q\u001b\\',
  '\u001b[6n',
  '\u001b[21t',
  '\u001bc',
  '\u0005',
  '\r',
  '\b\b\b\b',
  '\u0007',
  '\u000b\u000c',
  '\u007f',
  '\u009b2J',
  '\u009d',
  '\u202egnp\u202c',
  '\u200b\u2060\ufeff',
  'p\u0430ypal',
  '\u00a0',
  '\t',
  '\n',
  '\n\n\n\n\n\n\n\n',
  '\r\n',
  '>>> ls',
  '\n>>> ls',
  '\n<<< done, 0 bytes sent back\n',
  '\nrun it? [y/N, n REASON, a: always, v: view, q: quit] ',
  '\n    (end of c1: 1 rows, 2 bytes)',
  '\n    (0 of 5 bytes NOT SHOWN; v shows all)',
  '\u001b[20T',
  '\u001b[1;1r',
  '\u001b#8',
  '\u001b[?25l',
  '\u001b[?5h',
  '%s%n%d',
  '$(touch hit)`touch hit`',
  '\\e[2J\\033[2J',
  '-n -e',
  'é'.repeat(90),
  '日本語の文章'.repeat(20),
  'नमस्ते ไทยที่ '.repeat(9),
  'a\u0301\u0302\u0303\u0304'.repeat(9),
  '\u1100\u1161\u11a8\u1160',
  '👩‍👩‍👧🇩🇪👍🏽✈️',
  'ﷺ⸻𒐫',
  '\u05d0\u05d1 / \u0633',
  'Привет '.repeat(15),
  'Ωmega ｒｍ 𝐫𝐦 ’$(id)’ ‐rf',
];

/** Terminal states before the display. `isUsed`: a command had the terminal; else keys were only typed ahead. */
export const leftStates: { name: string; bytes: string; isUsed: boolean }[] = [
  { name: 'nothing', bytes: '', isUsed: false },
  { name: 'typed ahead', bytes: 'typed', isUsed: false },
  { name: 'an unfinished row', bytes: 'password: ', isUsed: true },
  { name: 'a scroll region', bytes: '\u001b[1;2r', isUsed: true },
  { name: 'a scroll region below', bytes: '\u001b[2;3r\u001b[1;1H', isUsed: true },
  { name: 'the alternate screen', bytes: '\u001b[?1049h\u001b[2J\u001b[H', isUsed: true },
  { name: 'the old alternate screen', bytes: '\u001b[?47hfull screen', isUsed: true },
  { name: 'origin mode', bytes: '\u001b[2;3r\u001b[?6h', isUsed: true },
  { name: 'line drawing', bytes: '\u001b(0', isUsed: true },
  { name: 'line drawing shifted in', bytes: '\u001b)0\u000e', isUsed: true },
  { name: 'a hidden cursor', bytes: '\u001b[?25l', isUsed: true },
  { name: 'no wrapping', bytes: '\u001b[?7l', isUsed: true },
  { name: 'insert mode', bytes: '\u001b[1;1Htext to push\u001b[1;1H\u001b[4h', isUsed: true },
  { name: 'invisible text', bytes: '\u001b[8m', isUsed: true },
  { name: 'black on black', bytes: '\u001b[30;40m', isUsed: true },
  { name: 'a title without an end', bytes: '\u001b]0;swallowed', isUsed: true },
  { name: 'a device string without an end', bytes: '\u001bP+q', isUsed: true },
  { name: 'half a sequence', bytes: '\u001b[3', isUsed: true },
  { name: 'the cursor in the middle of text', bytes: '\u001b[2Jfake\r\n>>> ls\r\n\u001b[1;3H', isUsed: true },
  { name: 'a saved place', bytes: '\u001b[1;1H\u001b7\u001b[?1049h', isUsed: true },
];

const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...hostile).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.uint8Array({ min: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 3, arbitrary: fc.string({ maxLength: 30 }).map((text) => Buffer.from(text)) },
  {
    weight: 3,
    arbitrary: fc.string({ unit: 'binary', maxLength: 12 }).map((text) => Buffer.from(text)),
  },
  { weight: 1, arbitrary: fc.nat(300).map((length) => Buffer.from('x'.repeat(length))) },
  { weight: 1, arbitrary: fc.nat(60).map((length) => Buffer.from('line\n'.repeat(length))) },
  // Longer than the windows in which the runner processes a text.
  { weight: 1, arbitrary: fc.nat(6).map((length) => Buffer.from('y'.repeat(100 * length))) },
  { weight: 1, arbitrary: fc.nat(300).map((length) => Buffer.from('аж'.repeat(length))) },
);

export type ScreenCase = {
  command: Buffer;
  columns: number;
  rows: number;
  stdin: boolean;
  label: string;
  state: (typeof leftStates)[number];
  leftovers: boolean;
  more: boolean;
};

export const anyCase: fc.Arbitrary<ScreenCase> = fc.record({
  command: fc
    .array(piece, { minLength: 1, maxLength: 9 })
    .map((pieces) => Buffer.concat(pieces).filter((byte) => byte !== 0))
    .map((bytes) => Buffer.from(bytes))
    .filter((bytes) => bytes.byteLength > 0),
  columns: fc.oneof(fc.integer({ min: 20, max: 60 }), fc.integer({ min: 20, max: 200 })),
  rows: fc.oneof(fc.integer({ min: 3, max: 10 }), fc.integer({ min: 3, max: 60 })),
  stdin: fc.boolean(),
  label: fc.constantFrom('', 'ann@desk', 'w'.repeat(80)),
  state: fc.constantFrom(...leftStates),
  leftovers: fc.boolean(),
  more: fc.boolean(),
});

/** Builds shell scripts that read and write files. The operator reads them: the first line is a summary, and content is plain text. */
import { quotePath, showPath } from './quote-path.ts';
import { formatSize } from '../text/sizes.ts';

/** Exit statuses of these scripts, and what they mean. */
export const fileFailures: Readonly<Record<number, string>> = {
  71: 'it is a folder',
  72: 'it is not a regular file',
  73: 'its folder does not exist',
  74: 'it does not exist, or the user of the listener has no access to its folder',
  75: 'the user of the listener has no permission to read it',
  76: 'it cannot be written',
  77: 'the bytes that arrived differ from the bytes that were sent',
  78: 'its content does not match if_sha256',
  79: 'the remote has no sha256sum, shasum or openssl to check if_sha256 with',
};

/** For larger files no checksum is computed. */
const maxHashedBytes = 1024 ** 3;

const prelude = (path: string): string[] => [
  `f=${quotePath(path)}`,
  'fail() { s=$1; shift; echo "$*" >&2; exit "$s"; }',
  `sha() { for c in sha256sum 'shasum -a 256' 'openssl dgst -sha256 -r'; do command -v "\${c%% *}" >/dev/null || continue`,
  '  s=$($c) && echo "${s%% *}"; return; done; echo unknown; }',
  `[ ! -d "$f" ] || fail 71 'it is a folder'`,
];

/** An end marker for the here-document that does not occur in the content. */
function chooseEnd(content: string): string {
  let end = 'END_OF_FILE';
  for (let number = 2; content.includes(end); number++) end = `END_OF_FILE_${number}`;
  return end;
}

/** A shell function that prints the content byte for byte. `head -c` removes the newline that a here-document always adds. */
function renderContent(content: string): string {
  if (content === '') return 'content() { :; }';
  const end = chooseEnd(content);
  const isWhole = content.endsWith('\n');
  const print = isWhole ? 'cat' : `head -c ${Buffer.byteLength(content)}`;
  return `content() { ${print} <<'${end}'\n${content}${isWhole ? '' : '\n'}${end}\n}`;
}

export interface WriteRequest {
  path: string;
  content: string;
  append: boolean;
  /** Octal digits. */
  mode: string | undefined;
  /** SHA-256 that the existing file must have, or `absent` if it must not exist. */
  expected: string | undefined;
  /** SHA-256 of the content. */
  digest: string;
}

function renderExpectation(expected: string | undefined): string[] {
  if (expected === undefined) return [];
  return [
    'now=absent; [ ! -e "$f" ] || now=$(sha <"$f")',
    ...(expected === 'absent'
      ? []
      : ['[ "$now" != unknown ] || fail 79 \'no sha256sum, shasum or openssl\'']),
    `[ "$now" = ${expected} ] || fail 78 "it has changed: sha256 $now"`,
  ];
}

/**
 * Replaces the file atomically: writes a temporary file in the same folder, then renames it. The temporary file begins as a copy of an
 * existing file, to keep its mode and owner.
 */
export function renderWrite({ path, content, append, mode, expected, digest }: WriteRequest): string {
  const bytes = Buffer.byteLength(content);
  const what = append ? 'append' : 'write';
  const details = mode === undefined ? '' : `, mode ${mode}`;
  const arrived = append ? `tail -c ${bytes} "$t"` : 'cat "$t"';
  return [
    `# remotify: ${what} ${formatSize(bytes)} to ${showPath(path)}${details}`,
    renderContent(content),
    ...prelude(path),
    `[ ! -L "$f" ] || f=$(readlink -f -- "$f") || fail 76 'its symbolic link cannot be followed'`,
    `[ ! -e "$f" ] || [ -f "$f" ] || fail 72 'it is not a regular file'`,
    'case $f in */*) d=${f%/*}/ ;; *) d=./ ;; esac',
    `[ -d "$d" ] || fail 73 'its folder does not exist'`,
    't=; trap \'[ -z "$t" ] || rm -f -- "$t"\' EXIT',
    'n=$d.remotify.$$.$RANDOM',
    `(umask 077; set -C; : >"$n") || fail 76 'no file can be created in its folder'`,
    't=$n',
    `[ ! -e "$f" ] || cp -p -- "$f" "$t" || fail 76 'it cannot be copied'`,
    `content >${append ? '>' : ''}"$t" || fail 76 'it cannot be written'`,
    mode === undefined
      ? '[ -e "$f" ] || chmod "$(printf %o $((0666 & ~$(umask))))" "$t"'
      : `chmod ${mode} "$t" || fail 76 'its mode cannot be set'`,
    `h=$(${arrived} | sha)`,
    `[ "$h" = ${digest} ] || { [ "$h" = unknown ] && [ "$(${arrived} | wc -c)" -eq ${bytes} ]; } || fail 77 'not the bytes that were sent'`,
    ...renderExpectation(expected),
    `mv -f -- "$t" "$f" || fail 76 'it cannot be replaced'`,
    't=',
    'echo "size $(($(wc -c <"$f"))), sha256 $(sha <"$f")"',
    '',
  ].join('\n');
}

export interface ReadRequest {
  path: string;
  offset: number;
  length: number;
  unit: 'bytes' | 'lines';
}

/** `maxBytes`: limit for the content that the script prints. */
export function renderRead({ path, offset, length, unit }: ReadRequest, maxBytes: number): string {
  const isLines = unit === 'lines';
  return [
    `# remotify: read ${showPath(path)}, ${length} ${unit} from ${offset}`,
    ...prelude(path),
    `[ -e "$f" ] || fail 74 'it does not exist'`,
    `[ -f "$f" ] || fail 72 'it is not a regular file'`,
    `[ -r "$f" ] || fail 75 'no permission to read it'`,
    'n=$(($(wc -c <"$f"))); h=skipped',
    `[ "$n" -gt ${maxHashedBytes} ] || h=$(sha <"$f")`,
    isLines ? `b=$(($(head -n ${offset} <"$f" | wc -c)))` : `b=${offset}`,
    'echo "size $n, sha256 $h, start $b" >&2',
    `tail -c +$((b + 1)) <"$f" 2>/dev/null | ${isLines ? `head -n ${length} 2>/dev/null | ` : ''}head -c ${isLines ? maxBytes : Math.min(length, maxBytes)}`,
    '',
  ].join('\n');
}

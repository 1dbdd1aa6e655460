/** Renders the script of a download: it writes the bytes of the remote's files to stdout, and status lines to stderr. */
import { sharedFunctions, transferLine } from './script-parts.ts';
import { remoteBaseName } from './places.ts';
import { commentText, quoteRemotePath } from './shell-words.ts';

export interface DownloadPlan {
  id: string;
  /** Paths on the remote, as they were typed. */
  sources: readonly string[];
  recursive: boolean;
  /** The offset at which the stream continues. */
  from: number;
  /** 1 for the first command of a transfer. */
  part: number;
  /** Do not reuse a command of an earlier attempt. */
  fresh: boolean;
}

/** The script fixes all sizes before the first byte: of a log that grows meanwhile, only the old part is copied. */
const readFiles = `sizes=() good=() at=0
for f in "\${list[@]}"; do
  if [ ! -e "$f" ]; then fail "$f: no such file"
  elif [ -d "$f" ]; then fail "$f: is a folder: use -r"
  elif [ ! -f "$f" ]; then fail "$f: not a regular file"
  elif [ ! -r "$f" ]; then fail "$f: permission denied"
  else
    size=$(($(wc -c <"$f")))
    good+=("$f") sizes+=("$size")
    say "file $at $size $(stat -c '%a %Y %y' "$f" 2>/dev/null || stat -f '%Lp %Fm' "$f" 2>/dev/null)"
  fi
  at=$((at + 1))
done
read_start() { # FILE BYTES
  # dd writes larger pieces than head. Files in /proc report no size, so head reads them in small pieces.
  if [ ! -s "$1" ] || ! command -v dd >/dev/null; then head -c "$2" <"$1"; return; fi
  {
    [ "$2" -lt 65536 ] || dd bs=65536 count=$(($2 / 65536)) 2>/dev/null
    [ $(($2 % 65536)) -eq 0 ] || dd bs=$(($2 % 65536)) count=1 2>/dev/null
  } <"$1"
}
send() {
  local i=0
  while [ "$i" -lt "\${#good[@]}" ]; do
    read_start "\${good[i]}" "\${sizes[i]}" || return
    i=$((i + 1))
  done
}
`;

const readFolders = `command -v tar >/dev/null || stop 'tar is not installed'
good=()
for f in "\${list[@]}"; do
  if [ -e "$f" ] || [ -L "$f" ]; then good+=("$f"); else fail "$f: no such file"; fi
done
send() {
  local bad=0 f folder
  for f in \${good[@]+"\${good[@]}"}; do
    folder=\${f%/*}
    TAR_OPTIONS='' tar cf - -C "\${folder:-/}" "./\${f##*/}" || { bad=1 && fail "$f: tar reports an error"; }
  done
  return "$bad"
}
`;

const skip = `set -o pipefail
skip() { if [ "$from" -gt 0 ]; then tail -c "+$((from + 1))"; else cat; fi; }
`;

/** Hashing and sending read each file in parallel: faster than one reader that writes twice. Sizes are fixed, so both read the same bytes. */
const sendFiles = `${skip}hash_all() {
  local sum=''
  # A single file is hashed without a pipe, unless it grew meanwhile.
  [ "\${#good[@]}" -ne 1 ] || sum=$(digest <"\${good[0]}")
  if [ -z "$sum" ] || [ "$(wc -c <"\${good[0]}")" -ne "\${sizes[0]}" ]; then sum=$(send 2>/dev/null | digest); fi
  say "sum $sum"
}
hash_all >/dev/null &
if [ "$from" -gt 0 ]; then send | skip; else send; fi || failed=1
wait
exit "$failed"
`;

/** Folders may change between two reads, so the script hashes the stream itself while it sends it. */
const sendFolders = `${skip}if [ ! -e /dev/fd/1 ] || ! command -v tee >/dev/null; then
  send | skip || failed=1
  say "sum $(send 2>/dev/null | digest)"
elif [ "$from" -gt 0 ]; then
  { send | tee /dev/fd/3 | say "sum $(digest)"; } 3>&1 >/dev/null | skip || failed=1
else
  { send | tee /dev/fd/3 | say "sum $(digest)"; } 3>&1 >/dev/null || failed=1
fi
exit "$failed"
`;

function wordOf(source: string, recursive: boolean): string {
  if (!recursive) return quoteRemotePath(source);
  const isContent = remoteBaseName(source) === '.';
  // tar gets the part after the last slash, and the names in its archive begin with that part.
  return quoteRemotePath(isContent ? `${source.replace(/\/+$/, '')}/.` : source.replace(/\/+$/, ''));
}

export function renderDownload({ id, sources, recursive, from, part }: Omit<DownloadPlan, 'fresh'>): string {
  const what = `read ${sources.map((source) => source || '.').join(', ')}${recursive ? ', recursively' : ''}`;
  const later = part > 1 ? `part ${part}: ` : '';
  const words = sources.map((source) => wordOf(source, recursive));
  return [
    `# remotify cp: ${later}${commentText(what, 120)}`,
    transferLine(id, from),
    `list=(\n${words.join('\n')}\n)`,
    `from=${from}`,
    sharedFunctions + (recursive ? readFolders + sendFolders : readFiles + sendFiles),
  ].join('\n');
}

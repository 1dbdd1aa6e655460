/** The script that writes files on the remote: exactly those on its list, from a stream whose SHA-256 is fixed in it. */
import type { Entry } from './list-sources.ts';
import { sharedFunctions, transferLine } from './script-parts.ts';
import { commentText, quoteName, quoteRemotePath } from './shell-words.ts';
import { formatCount, formatSize } from './sizes.ts';

export interface UploadPlan {
  id: string;
  entries: readonly Entry[];
  /** Bytes of all files, and the hash of them all in a row. */
  total: number;
  sha256: string;
  /** The path of the remote, as it was typed. */
  target: string;
  /** The target must be a folder that is there. */
  intoFolder: boolean;
  /** The name that is replaced where a single source is to get another one; '' for several. */
  top: string;
  preserve: boolean;
  /** 1 for the first command of a transfer. */
  part: number;
  from: number;
  /** Drop what an earlier attempt left. */
  fresh: boolean;
}

const chooseTarget = `if [ ! -d "$to" ]; then
  as=\${to##*/}
  case $to in */*) to=\${to%/*}/ ;; *) to=. ;; esac
  say renamed
fi
[ -d "$to" ] || stop "$to: no such folder"
`;

const checkFolder = `[ -d "$to" ] || stop "$to: not a folder"
`;

/** A client that was killed says nothing: after a minute or two without a byte the script ends, and keeps what it has. */
const watch = `watch() { # READER
  local before=-1 now pause
  trap 'kill "$pause"; exit' TERM
  while :; do
    sleep 60 &
    pause=$!
    wait "$pause"
    now=$(wc -c <"$part")
    [ "$now" -gt "$before" ] || kill "$1"
    before=$now
  done
}
`;

/** What came is kept until all is there: a transfer that was cut goes on from it. */
const receive = (fresh: boolean, tools: string): string => `for tool in ${tools}; do
  command -v $tool >/dev/null || stop "$tool is not installed there"
done
part=$to/.remotify-part-$id mask=$((8#$(umask)))
${fresh ? 'rm -f "$part"\n' : ''}for old in "$to/.remotify-part-\${id:0:8}"*; do
  case $old in "$part"*) ;; *) rm -f "$old" ;; esac
done
(umask 077 && : >>"$part") || stop "$to/\${as:-$top}: cannot be written"
have=$(wc -c <"$part")
[ "$have" -eq 0 ] || sum_of_part=$(digest <"$part")
say "have $((have)) $sum_of_part"
exec 3<&0
cat <&3 >>"$part" &
cat=$!
watch "$cat" </dev/null >/dev/null 2>&1 &
watcher=$!
wait "$cat"
status=$?
kill "$watcher" 2>/dev/null
[ "$status" -eq 0 ] || [ "$status" -eq 143 ] || { rm -f "$part" && stop "$to/\${as:-$top}: cannot be written"; }
[ "$(wc -c <"$part")" -ge "$total" ] || exit 75
case $(digest <"$part") in
  *$sum*) say verified ;;
  '') say unverified && [ "$(wc -c <"$part")" -eq "$total" ] || { rm -f "$part" && stop 'size differs'; } ;;
  *) rm -f "$part" && stop 'SHA-256 differs: nothing was written' ;;
esac
`;

/** An existing file keeps its mode and owner. What is no regular file is left alone. */
const placeFile = (preserve: boolean): string => `place() { # FINISHED TARGET MODE TIME
  local t=$2 mode owner=''
  if [ -L "$t" ]; then t=$(readlink -f "$t") && [ -e "$t" ] || { fail "$2: a symbolic link to nowhere" && return; }; fi
  printf -v mode %o ${preserve ? '$((8#$3))' : '$((8#$3 & ~mask))'}
  if [ -e "$t" ]; then
    [ ! -d "$t" ] || { fail "$2: a folder is in the way" && return; }
    [ -f "$t" ] || { fail "$2: not a regular file" && return; }
    [ -w "$t" ] || { fail "$2: permission denied" && return; }
    read -r owner ${preserve ? '_' : 'mode'} <<<"$(stat -c '%u:%g %a' "$t" 2>/dev/null || stat -f '%u:%g %Lp' "$t")"
    chown "$owner" "$1" 2>/dev/null
  fi
  chmod "$mode" "$1"
${preserve ? '  set_time "$1" "$4"\n' : ''}  mv -f "$1" "$t" || fail "$2: cannot be written"
}
`;

const setTime = `set_time() { # FILE TIME
  local t=\${2//[-T:]/}
  touch -d "$2" "$1" 2>/dev/null || TZ=UTC0 touch -t "\${t:0:12}.\${t:12:2}" "$1"
}
`;

const placeOne = `place "$part" "$to/\${as:-$top}" "\${list[1]}" "\${list[2]}"
`;

/** The stream is a file by now, from which dd takes exactly so many bytes. */
const placeMany = (preserve: boolean): string => `take() { # BYTES
  [ "$1" -lt 65536 ] || dd bs=65536 count=$(($1 / 65536)) 2>/dev/null
  [ $(($1 % 65536)) -eq 0 ] || dd bs=$(($1 % 65536)) count=1 2>/dev/null
}
exec <"$part"
i=0 folders=()
while [ "$i" -lt "\${#list[@]}" ]; do
  kind=\${list[i]} mode=\${list[i + 1]} time=\${list[i + 2]} what=\${list[i + 3]} name=\${list[i + 4]} i=$((i + 5))
  t=$to/\${as:-$top}\${name#"$top"}
  case $kind in
    file)
      (umask 077 && take "$what" >"$part.file") || { rm -f "$part" "$part.file" && stop "$t: cannot be written"; }
      place "$part.file" "$t" "$mode" "$time"
      ;;
    folder)
      ${preserve ? '' : '[ ! -d "$t" ] || continue\n      '}[ -d "$t" ] || mkdir -m 700 "$t" || { fail "$t: cannot be created" && continue; }
      folders=("$mode" "$time" "$t" \${folders[@]+"\${folders[@]}"})
      ;;
    link)
      if [ -d "$t" ] && [ ! -L "$t" ]; then fail "$t: a folder is in the way" && continue; fi
      rm -f "$t" && ln -s "$what" "$t" || fail "$t: cannot be created"
      ;;
  esac
done
`;

const finishFolders = (preserve: boolean): string => `set -- \${folders[@]+"\${folders[@]}"}
while [ "$#" -gt 0 ]; do
  printf -v mode %o $((8#$1${preserve ? '' : ' & ~mask'}))
  chmod "$mode" "$3"
${preserve ? '  set_time "$3" "$2"\n' : ''}  shift 3
done
`;

const cleanUp = `rm -f "$part" "$part.file"
exit "$failed"
`;

export function renderEntry(entry: Entry, preserve: boolean): string {
  const mode = entry.mode.toString(8);
  const what =
    entry.kind === 'file' ? String(entry.size) : entry.kind === 'link' ? quoteName(entry.link) || "''" : '-';
  return `${entry.kind} ${mode} ${preserve ? entry.time : '-'} ${what} ${quoteName(entry.name)}`;
}

function describe({ entries, total, target, intoFolder }: UploadPlan): string {
  const files = entries.filter(({ kind }) => kind === 'file').length;
  const others = entries.length - files;
  const more = others === 0 ? '' : `, ${others} folders and links`;
  return `write ${formatCount(files, 'file')}${more}, ${formatSize(total)}, ${intoFolder ? 'into' : 'to'} ${target === '' ? '.' : target}`;
}

export function renderUpload(plan: UploadPlan): string {
  const { id, entries, total, sha256, target, top, preserve, part, from, intoFolder } = plan;
  const later = part > 1 ? `part ${part}, from ${formatSize(from)}: ` : '';
  const isOne = entries.length === 1 && entries[0]?.kind === 'file';
  const hasFolders = entries.some(({ kind }) => kind === 'folder');
  return [
    `# remotify cp: ${later}${commentText(describe(plan), 120)}`,
    transferLine(id, from),
    'list=( # kind, mode, time, size or link target, name',
    ...entries.map((entry) => renderEntry(entry, preserve)),
    ')',
    `to=${quoteRemotePath(target)} top=${quoteName(Buffer.from(top)) || "''"} as='' id=${id} sum_of_part=''`,
    `total=${total} sum=${sha256}`,
    sharedFunctions +
      (intoFolder ? checkFolder : chooseTarget) +
      watch +
      receive(plan.fresh, isOne ? 'mv chmod' : 'mv chmod mkdir dd') +
      (preserve ? setTime : '') +
      placeFile(preserve) +
      (isOne ? placeOne : placeMany(preserve) + (hasFolders ? finishFolders(preserve) : '')) +
      cleanUp,
  ].join('\n');
}

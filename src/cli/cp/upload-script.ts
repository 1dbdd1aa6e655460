/** Renders the script of an upload: it writes exactly the listed files, from a stream on stdin whose SHA-256 is part of the script. */
import type { Entry } from './list-sources.ts';
import { sharedFunctions, transferLine } from './script-parts.ts';
import { commentText, quoteName, quoteRemotePath } from './shell-words.ts';
import { formatCount, formatSize } from '../../text/sizes.ts';

export interface UploadPlan {
  id: string;
  entries: readonly Entry[];
  /** Bytes of all files; `sha256` is the hash of all files, one after the other. */
  total: number;
  sha256: string;
  /** The path on the remote, as it was typed. */
  target: string;
  /** The target must be an existing folder. */
  intoFolder: boolean;
  /** The name of a single source, which the target may replace; '' for several. */
  top: string;
  preserve: boolean;
  /** 1 for the first command of a transfer. */
  part: number;
  from: number;
  /** Delete the partial file of an earlier attempt. */
  fresh: boolean;
}

const chooseTarget = `if [ ! -d "$to" ]; then
  as=\${to##*/}
  case $to in */*) to=\${to%/*} to=\${to:-/} ;; *) to=. ;; esac
  say renamed
fi
[ -d "$to" ] || stop "$to: no such folder"
`;

const checkFolder = `[ -d "$to" ] || stop "$to: not a folder"
`;

/** A killed client sends no end of the input: after one to two minutes without a byte the script ends, and keeps the partial file. */
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

/** The script keeps the partial file until all bytes have arrived: a transfer that was cut resumes from it. */
const receive = (fresh: boolean, tools: string): string => `for tool in ${tools}; do
  command -v $tool >/dev/null || stop "$tool is not installed"
done
part=$to/.remotify-part-$id mask=$((8#$(umask)))
${fresh ? 'rm -f "$part"\n' : ''}for old in "$to/.remotify-part-\${id:0:8}"*; do
  [ "$old" = "$part" ] || rm -rf "$old"
done
# In a folder like /tmp another user may have created it.
if [ -e "$part" ] || [ -L "$part" ]; then [ -O "$part" ] && [ ! -L "$part" ] || stop "$part: does not belong to this user"; fi
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
  '') say 'no tool for SHA-256 there' && [ "$(wc -c <"$part")" -eq "$total" ] || { rm -f "$part" && stop "$to/\${as:-$top}: size differs"; } ;;
  *) rm -f "$part" && stop "$to/\${as:-$top}: SHA-256 differs" ;;
esac
`;

/** An existing file keeps its mode and owner. Anything but a regular file is not replaced. */
const placeFile = (preserve: boolean): string => `place() { # FINISHED TARGET MODE TIME
  local t=$2 mode owner=''
  if [ -L "$t" ]; then t=$(readlink -f "$t") && [ -e "$t" ] || { fail "$2: a broken symbolic link" && return; }; fi
  printf -v mode %o ${preserve ? '$((8#$3))' : '$((8#$3 & ~mask))'}
  if [ -e "$t" ]; then
    [ ! -d "$t" ] || { fail "$2: a folder is in the way" && return; }
    [ -f "$t" ] || { fail "$2: not a regular file" && return; }
    [ -w "$t" ] || { fail "$2: permission denied" && return; }
    read -r owner ${preserve ? '_' : 'mode'} <<<"$(stat -c '%u:%g %a' "$t" 2>/dev/null || stat -f '%u:%g %Lp' "$t")"
    chown "$owner" "$1" 2>/dev/null
  fi
  chmod "$mode" "$1"
${preserve ? '  set_time "$1" "$4"\n' : ''}  mv -f "$1" "$t" && [ ! -e "$1" ] || fail "$2: cannot be written"
}
`;

const setTime = `set_time() { # FILE TIME
  local t=\${2//[-T:]/}
  touch -d "$2" "$1" 2>/dev/null || TZ=UTC0 touch -t "\${t:0:12}.\${t:12:2}" "$1"
}
`;

const placeOne = `place "$part" "$to/\${as:-$top}" "\${list[1]}" "\${list[2]}"
`;

/**
 * The whole stream is in a file by now, from which dd takes the exact bytes of each file. A new folder is filled under a temporary name,
 * with few processes for each file, and moved when it is complete.
 */
const placeMany = (preserve: boolean): string => `take() { # BYTES FILE
  if [ "$1" -eq 0 ]; then
    : >"$2"
  elif [ "$1" -le 1048576 ]; then
    dd bs="$1" count=1 >"$2" 2>/dev/null
  else
    { dd bs=1048576 count=$(($1 / 1048576)) && [ $(($1 % 1048576)) -eq 0 ] || dd bs=$(($1 % 1048576)) count=1; } >"$2" 2>/dev/null
  fi || { rm -rf "$part"* && stop "$t: cannot be written"; }
}
exec <"$part"
own=$part.own
rm -rf "$own" && mkdir -m 700 "$own" || stop "$to: cannot be written"
i=0 folders=() moves=() new=/ tree=''
while [ "$i" -lt "\${#list[@]}" ]; do
  kind=\${list[i]} mode=\${list[i + 1]} time=\${list[i + 2]} what=\${list[i + 3]} name=\${list[i + 4]} i=$((i + 5))
  t=$to/\${as:-$top}\${name#"$top"} inside=''
  case $name in "$new"/*) inside=$tree\${name#"$new"} ;; esac
  case $kind in
    folder)
      if [ -n "$inside" ]; then
        mkdir -m 700 "$inside"
      elif [ -d "$t" ]; then
        ${preserve ? ':' : 'continue'}
      else
        new=$name tree=$own/$i && mkdir -m 700 "$tree"
        # Its files then stay in the temporary folder, which is deleted at the end.
        if [ -e "$t" ] || [ -L "$t" ]; then fail "$t: a file is in the way of a folder" && continue; fi
        moves+=("$tree" "$t")
      fi
      folders=("$mode" "$time" "$t" \${folders[@]+"\${folders[@]}"})
      ;;
    link)
      if [ -z "$inside" ] && [ -d "$t" ] && [ ! -L "$t" ]; then fail "$t: a folder is in the way" && continue; fi
      [ -n "$inside" ] || rm -f "$t"
      ln -s "$what" "\${inside:-$t}" || fail "$t: cannot be created"
      ;;
    file)
      if [ -n "$inside" ]; then
        take "$what" "$inside"
        ${preserve ? 'chmod "$mode" "$inside" && set_time "$inside" "$time"' : '[ $((8#$mode & ~mask)) -eq $((8#666 & ~mask)) ] || { printf -v mode %o $((8#$mode & ~mask)) && chmod "$mode" "$inside"; }'}
      else
        take "$what" "$own/file"
        place "$own/file" "$t" "$mode" "$time"
      fi
      ;;
  esac
done
set -- \${moves[@]+"\${moves[@]}"}
while [ "$#" -gt 0 ]; do
  mv "$1" "$2" || fail "$2: cannot be created"
  shift 2
done
`;

const finishFolders = (preserve: boolean): string => `set -- \${folders[@]+"\${folders[@]}"}
while [ "$#" -gt 0 ]; do
  [ -d "$3" ] || { shift 3 && continue; }
  printf -v mode %o $((8#$1${preserve ? '' : ' & ~mask'}))
  chmod "$mode" "$3"
${preserve ? '  set_time "$3" "$2"\n' : ''}  shift 3
done
`;

const cleanUp = `rm -rf "$part"*
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
  const count = (kind: Entry['kind']): string => {
    const found = entries.filter((entry) => entry.kind === kind).length;
    return found === 0 ? '' : `, ${formatCount(found, kind)}`;
  };
  const more = count('folder') + count('link');
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

# shellcheck shell=bash
# Writes the command's output to the spool: files of limited size in the work folder.
#
# has_dd slots   whether dd works on this system, and the number of segment files per stream
# spool                     path prefix of a stream's files, set by spool_of:
#   SPOOL.0 SPOOL.1 ...       segments; the nth is in file nth % slots, which is emptied once the relay has the segment
#   SPOOL.0.size ...          size of a finished segment
#   SPOOL.at                number of the segment being written, and 1 while its writer waits for space
#   SPOOL.reader SPOOL.note   process id of the dd or cat that writes it, and the statistics that dd printed
#   SPOOL.whole             exists once the stream is closed and all of it is in the segments
#   SPOOL.dropped           number of bytes dropped after the kept part; empty while they are counted
# $work/kept                id of the command whose output is kept: further output of other commands is discarded

slots=32

spool_of() { # STREAM
  spool=$work/spool.$id.$1
}

is_kept() {
  local kept=''
  IFS= read -r kept 2>/dev/null <"$work/kept" && [ "$kept" = "$id" ]
}

# Overwrites the numbers in place, so that a reader never finds an empty file: it finds the old numbers or the new ones.
tell_at() { # NTH IS-HELD
  printf '%12d %d\n' "$1" "$2" 2>/dev/null 1<>"$spool.at"
}

# The command writes into pipes: it could truncate a file by opening /dev/stderr again. The writers that read the pipes are in the process
# group of the listener, so that no signal for the command ends them before all output is stored.
open_streams() {
  local stream
  printf '%s\n' "$id" 2>/dev/null >"$work/kept"
  open_totals
  for stream in stdout stderr; do
    spool_of "$stream"
    tell_at 0 0
    first=0 base=0 sent=0 cut=0 shown=0
    save_state
  done
  [ "$merge" = 0 ] || : 2>/dev/null >"$spool.whole"
  if [ "$has_pipes" -eq 0 ]; then
    # Without /dev/fd, as in some chroots, use files. Opening /dev/stderr fails there anyway.
    if [ "$merge" = 0 ]; then { exec 17>>"$spool.0"; } 2>/dev/null; fi
    exec 18>&-
    : 2>/dev/null >"$spool.whole"
    spool_of stdout
    : 2>/dev/null >"$spool.whole"
    { exec 16>>"$spool.0"; } 2>/dev/null
    if [ "$merge" = 1 ]; then exec 17>&16; fi
    return
  fi
  exec 16> >(write_down stdout $((spool_room * 3 / 8)))
  if [ "$merge" = 1 ]; then exec 17>&16 && total_stderr=0; else exec 17> >(write_down stderr $((spool_room * 3 / 32)) 16>&-); fi
  exec 18>&-
}

# Writes a stream into segments as it arrives, up to twice BYTES that the relay does not have: then the pipe fills, and the command blocks.
# dd writes all that each read returns, and ends after a fixed number of reads.
write_down() { # STREAM BYTES-OF-A-SEGMENT
  local spool nth=0 unit=4096 most count slot outcome=0 full partial size sizes=() total=0 is_torn=0
  trap '' INT TERM HUP QUIT
  exec 2>/dev/null 15<&- 17>&- 20<&-
  spool_of "$1"
  if [ "$has_dd" -eq 0 ]; then
    exec 18>&-
    cat <&0 >>"$spool.0" &
    await_reader $!
    is_kept || exec cat >/dev/null
    [ "$outcome" -eq 0 ] || lose_rest
    : 2>/dev/null >"$spool.whole"
    return
  fi
  while is_kept; do
    read_chunk
    most=$((chunk < $2 ? chunk : $2))
    wait_for_room "$2" || break
    count=$((most > unit ? most / unit : 1))
    LC_ALL=C dd bs="$unit" count="$count" of="$spool.$((nth % slots))" <&0 2>"$spool.note" &
    await_reader $!
    is_kept || break
    if [ "$outcome" -ne 0 ]; then lose_rest && break; fi
    read_note
    total=$((total + size))
    # dd made fewer reads than allowed: the stream has ended.
    if [ $((full + partial)) -lt "$count" ] || [ "$size" -eq 0 ]; then break; fi
    slot=$((nth % slots))
    sizes[slot]=$size
    printf '%d\n' "$size" 2>/dev/null >"$spool.$slot.size"
    nth=$((nth + 1))
    tell_at "$nth" 0
    # For a command that writes short lines: smaller reads, and more of them per segment.
    if [ "$full" -gt "$partial" ]; then unit=65536; else unit=$((unit > 4096 ? 4096 : 1024)); fi
  done
  if is_kept && [ "$is_torn" -eq 0 ]; then
    [ "$outcome" -ne 0 ] || [ -f "$spool.dropped" ] || tell_total "$1" "$total"
    : 2>/dev/null >"$spool.whole" && return
  fi
  # Only read while this command is the current one.
  tell_total "$1" torn
  # Keep reading: closing the pipe would kill background processes of the command with SIGPIPE.
  exec cat >/dev/null 18>&-
}

# Waits for the process that reads the stream, and records its id: let_streams_go may kill it. Sets $outcome.
await_reader() { # PROCESS
  printf '%12d\n' "$1" 2>/dev/null 1<>"$spool.reader"
  is_kept || kill -s KILL "$1"
  wait "$1"
  outcome=$?
  printf '%12d\n' 0 2>/dev/null 1<>"$spool.reader"
}

# Parses the statistics of dd. Sets $full and $partial to the numbers of full and short reads, and $size to the number of bytes.
read_note() {
  local records='' line=''
  {
    IFS=' ' read -r records line
    read -r line
    IFS=' ' read -r size line
  } 2>/dev/null <"$spool.note"
  full=${records%+*} partial=${records#*+}
  case $full$partial in '' | *[!0-9]*) full=$count partial=0 ;; esac
  case $size in
    '' | *[!0-9]*)
      bytes_of "$spool.$((nth % slots))"
      size=$bytes
      [ "$size" -gt 0 ] || [ $((full + partial)) -eq 0 ] || is_torn=1
      ;;
  esac
}

# On a full disk the command continues: its further output is read and discarded, and reported as missing.
lose_rest() {
  : 2>/dev/null >"$work/full"
  cat >/dev/null
}

# Waits until $most more bytes may be written. Returns 1 if the output is not wanted any more; the rest is counted or discarded.
wait_for_room() { # BYTES-OF-A-SEGMENT
  local first nth_one total turn=0
  while is_kept; do
    first=
    IFS=' ' read -r first nth_one 2>/dev/null <"$spool.sent"
    case $first in '' | *[!0-9]*) is_torn=1 && lose_rest && return 1 ;; esac
    total=0 nth_one=$first
    while [ "$nth_one" -lt "$nth" ]; do
      total=$((total + sizes[nth_one % slots])) nth_one=$((nth_one + 1))
    done
    if [ $((total + most)) -le $((2 * $1)) ] && [ $((nth - first)) -lt $((slots - 4)) ]; then
      [ "$turn" -eq 0 ] || tell_at "$nth" 0
      return 0
    fi
    if is_unwanted; then
      tell_at "$nth" 0
      wc -c 2>/dev/null >"$spool.dropped"
      return 1
    fi
    [ "$turn" -gt 0 ] || tell_at "$nth" 1
    turn=$((turn + 1))
    # First short sleeps; an upload in progress takes longer.
    if [ "$turn" -lt 4 ]; then sleep "$blink"; else sleep "$tick"; fi
  done
  return 1
}

# Whether output is useless: the client stopped the command, the relay rejects output, or part of it is lost already.
is_unwanted() {
  [ -f "$work/lost" ] || [ -f "$work/refused" ] || [ -f "$work/over_quota" ] || { [ -f "$work/stopping" ] && [ ! -f "$work/timed_out" ]; }
}

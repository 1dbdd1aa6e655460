# shellcheck shell=bash
# The command's output on its way to the spool: files of a bounded size in the work folder.
#
# has_dd slots   of this start: whether dd works here, and how many segment files a stream has
# spool                     what the names of a stream's files begin with, set by spool_of:
#   SPOOL.0 SPOOL.1 ...       segments, in turn; the nth is in file nth % slots, empty again once the relay has it
#   SPOOL.0.size ...          the size of a segment that is finished
#   SPOOL.at                number of the segment that is being written, and 1 while its writer waits for room
#   SPOOL.reader SPOOL.note   process that writes it, and the last words of dd
#   SPOOL.whole             the stream is closed, all of it is in the segments
#   SPOOL.dropped           how many bytes came after what was kept; empty while they are counted
# $work/kept                the command whose output is kept: later output of others goes nowhere

slots=32

spool_of() { # STREAM
  spool=$work/spool.$id.$1
}

is_kept() {
  local kept=''
  IFS= read -r kept 2>/dev/null <"$work/kept" && [ "$kept" = "$id" ]
}

# Numbers in place, without a moment in which the file is empty: who reads it finds the old ones or the new ones.
tell_at() { # NTH IS-HELD
  printf '%12d %d\n' "$1" "$2" 2>/dev/null 1<>"$spool.at"
}

# The command writes into pipes: a file it could truncate by opening /dev/stderr once more. What takes it from there is in the group of
# the listener, where no signal for the command ends it before all is written down.
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
    # No /dev/fd, as in some chroots: files. Opening /dev/stderr fails there in any case.
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

# Writes a stream into segments as it comes, two of the largest size at most: then the pipe fills, and the command waits. dd
# takes what is there at each read, never more than it writes, and ends after so many reads.
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
    # Fewer reads than it might have made: there is no more.
    if [ $((full + partial)) -lt "$count" ] || [ "$size" -eq 0 ]; then break; fi
    slot=$((nth % slots))
    sizes[slot]=$size
    printf '%d\n' "$size" 2>/dev/null >"$spool.$slot.size"
    nth=$((nth + 1))
    tell_at "$nth" 0
    # A writer of short lines gets more reads for one segment, of fewer bytes each.
    if [ "$full" -gt "$partial" ]; then unit=65536; else unit=$((unit > 4096 ? 4096 : 1024)); fi
  done
  if is_kept && [ "$is_torn" -eq 0 ]; then
    [ "$outcome" -ne 0 ] || [ -f "$spool.dropped" ] || tell_total "$1" "$total"
    : 2>/dev/null >"$spool.whole" && return
  fi
  # Heard only while this is still the command.
  tell_total "$1" torn
  # To close it would end what the command left running.
  exec cat >/dev/null 18>&-
}

# Who takes the stream may be ended in the middle of it. Sets $outcome.
await_reader() { # PROCESS
  printf '%12d\n' "$1" 2>/dev/null 1<>"$spool.reader"
  is_kept || kill -s KILL "$1"
  wait "$1"
  outcome=$?
  printf '%12d\n' 0 2>/dev/null 1<>"$spool.reader"
}

# What dd said: so many whole and short reads, so many bytes. Sets $full, $partial and $size.
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

# Where there is no more room the command is not to be ended by it: the rest is taken, and said to be missing.
lose_rest() {
  : 2>/dev/null >"$work/full"
  cat >/dev/null
}

# Waits until so many more bytes may be written. 1: no reader is left; the rest is counted or dropped.
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
    # Meanwhile another segment is on its way, which takes longer than that.
    if [ "$turn" -lt 4 ]; then sleep "$blink"; else sleep "$tick"; fi
  done
  return 1
}

# A command that was stopped in the name of its client, or whose session or quota is over.
is_unwanted() {
  [ -f "$work/lost" ] || [ -f "$work/refused" ] || [ -f "$work/over_quota" ] || { [ -f "$work/stopping" ] && [ ! -f "$work/timed_out" ]; }
}

# shellcheck shell=bash
# Sending output and result to the relay.
#
# chunk ceiling              bytes to send at once, and never more than that, as $work/chunk says
# first base sent cut shown nth   of a stream, set by state_of: the oldest segment and where it begins, how much the relay has, bytes
#                            that it will never have, how far the operator saw it, the segment that is written
# size bytes unsent          set by the functions that are named after them
# pushed                     bytes of output of the last command
# is_large is_quick          of the last piece: whether it was near a chunk, and took less than two seconds
# plain_pieces               pieces to send as they are before packing is tried again

pushed=0 plain_pieces=0

# Sets what is named above, and $spool.
state_of() { # STREAM
  local held
  spool_of "$1"
  first='' base='' sent='' cut='' shown='' nth=''
  IFS=' ' read -r first base sent cut shown 2>/dev/null <"$spool.sent"
  IFS=' ' read -r nth held 2>/dev/null <"$spool.at"
  case " $first $base $sent $cut $shown $nth " in
    # The folder was removed.
    *[!0-9\ ]* | *'  '*) first=0 base=0 sent=0 cut=0 shown=0 nth=0 is_torn=1 ;;
  esac
}

save_state() {
  printf '%12d %20d %20d %20d %20d\n' "$first" "$base" "$sent" "$cut" "$shown" 2>/dev/null 1<>"$spool.sent"
}

size_of() { # NUMBER OF A SEGMENT
  size=
  [ "$1" -ge "$nth" ] || IFS= read -r size 2>/dev/null <"$spool.$(($1 % slots)).size"
  case $size in
    '' | *[!0-9]*)
      bytes_of "$spool.$(($1 % slots))"
      size=$bytes
      ;;
  esac
}

unsent_of() { # STREAM, sets the state too
  local one
  state_of "$1"
  unsent=$((base - sent)) one=$first
  while [ "$one" -le "$nth" ]; do
    size_of "$one"
    [ "$size" -eq 0 ] || [ -s "$spool.$((one % slots))" ] || is_torn=1
    unsent=$((unsent + size)) one=$((one + 1))
  done
}

read_chunk() {
  chunk='' ceiling=''
  IFS=' ' read -r chunk ceiling 2>/dev/null <"$work/chunk"
  case " $chunk $ceiling " in *[!0-9\ ]* | *'  '*) chunk=16384 ceiling=16384 ;; esac
}

# Between what gets through a narrow link in time and what may be on its way at once.
set_chunk() { # BYTES
  chunk=$1
  [ "$chunk" -le "$ceiling" ] || chunk=$ceiling
  [ "$chunk" -le "$most_output" ] || chunk=$most_output
  [ "$chunk" -ge 16384 ] || chunk=16384
  printf '%12d %12d\n' "$chunk" "$ceiling" 2>/dev/null 1<>"$work/chunk"
}

# Copies bytes of a stream from where the relay is; in $bytes how many there are.
copy_rest() { # BYTES FILE
  local one=$first skip=$((sent - base)) left=$1
  : 2>/dev/null >"$2"
  while [ "$left" -gt 0 ] && [ "$one" -le "$nth" ]; do
    size_of "$one"
    size=$((size - skip))
    [ "$size" -le "$left" ] || size=$left
    if [ "$size" -gt 0 ]; then
      # Not a byte more than was counted: it may still be written.
      if [ "$skip" -eq 0 ]; then
        head -c "$size" "$spool.$((one % slots))"
      else
        tail -c +$((skip + 1)) "$spool.$((one % slots))" | head -c "$size"
      fi 2>/dev/null >>"$2"
    fi
    left=$((left - size)) one=$((one + 1)) skip=0
  done
  bytes_of "$2"
}

# The next bytes to send: $piece is the file, $bytes how many. Whole segments are sent as they are. 1: there are none.
take_piece() { # SLOT STREAM
  local left wanted is_torn=0
  state_of "$2"
  read_chunk
  while size_of "$first" && left=$((base + size - sent)) && [ "$left" -le 0 ]; do
    [ "$first" -lt "$nth" ] || return 1
    free_segment
  done
  if [ "$is_torn" -eq 1 ] || [ ! -s "$spool.$((first % slots))" ]; then
    : 2>/dev/null >"$work/lost"
    return 1
  fi
  wanted=$chunk
  [ "$first" -ge "$nth" ] || count_finished
  if [ "$wanted" -eq "$left" ] && [ "$first" -lt "$nth" ] && [ "$sent" -eq "$base" ]; then
    piece=$spool.$((first % slots)) bytes=$left
    return 0
  fi
  piece=$work/$1.part
  copy_rest "$wanted" "$piece"
}

# Sets $wanted so that a piece ends where a segment ends: then the next piece is a segment, which needs no copy. Small ones are sent
# together, with what there is of the one that is written.
count_finished() {
  local one=$((first + 1))
  wanted=$((left < chunk ? left : chunk))
  while [ "$wanted" -le $((chunk / 2)) ]; do
    [ "$one" -lt "$nth" ] || { wanted=$chunk && return; }
    size_of "$one"
    [ $((wanted + size)) -le "$chunk" ] || return 0
    wanted=$((wanted + size)) one=$((one + 1))
  done
}

# The relay has all of the oldest segment.
free_segment() {
  : 2>/dev/null >"$spool.$((first % slots))"
  base=$((base + size)) first=$((first + 1))
  save_state
}

acknowledge() { # BYTES FILE STREAM
  local to=$((sent + $1))
  if [ "$mode" != auto ] && [ "$to" -gt "$shown" ]; then
    if [ "$sent" -ge "$shown" ]; then
      show_sent "$3" "$2"
    else
      tail -c $((to - shown)) "$2" 2>/dev/null >"$work/again"
      show_sent "$3" "$work/again"
    fi
  fi
  [ "$to" -le "$shown" ] || shown=$to
  sent=$to
  save_state
  while [ "$first" -lt "$nth" ] && size_of "$first" && [ $((base + size)) -le "$sent" ]; do free_segment; done
}

# What did not get smaller is not tried again for a while, and the beginning of a large piece is tried first.
may_shrink() { # FILE BYTES
  local size
  plain_pieces=$((plain_pieces - 1))
  [ "$plain_pieces" -lt 0 ] && has gzip || return 1
  [ "$2" -gt 262144 ] || return 0
  size=$(head -c 32768 "$1" | gzip -1 -c 2>/dev/null | wc -c)
  [ $((size)) -ge 28672 ] || return 0
  plain_pieces=15
  return 1
}

# Sends a file as a body, packed where that makes it smaller.
request_with() { # SLOT PATH FILE BYTES
  local line='' body=$3 words=()
  is_quick=0
  if [ "$4" -gt 2048 ] && may_shrink "$3" "$4" && gzip -1 -c 2>/dev/null <"$3" >"$work/$1.gz"; then
    bytes_of "$work/$1.gz"
    if [ "$bytes" -lt $(($4 * 7 / 8)) ]; then
      body=$work/$1.gz words=(-H 'Content-Encoding: gzip')
    else
      plain_pieces=15
    fi
  fi
  # Of a large file curl sends the first bytes before it has read the last ones, but not as data of a form.
  if [ "$4" -gt 262144 ]; then words+=(-T "$body"); else words+=(--data-binary "@$body"); fi
  request "$1" POST "$2" "${words[@]}"
  [ "$body" = "$3" ] || : 2>/dev/null >"$body"
  # This one is mostly said by what stands between, which is no relay.
  { IFS=' ' read -r line _ 2>/dev/null <"$work/$1.code"; } 2>/dev/null
  [ "$line" != 413 ] || [ "$chunk" -le 16384 ] || http=413
  # So much may not get through in the time that one request has.
  [ "$took" -ge 2000 ] || [ "$http" = 000 ] || is_quick=1
  [ "$took" -lt 5000 ] || [ "$4" -le $((chunk / 2)) ] || set_chunk $((chunk / 2))
}

# Sends one part of one stream, a chunk at most. 0: the relay has it, or said where to go on.
push_part() { # SLOT STREAM
  local piece bytes size part_bytes
  is_large=0
  take_piece "$1" "$2" || return 0
  part_bytes=$bytes
  if [ "$part_bytes" -eq 0 ]; then
    # No room for a part of it: as good as no answer, until there is.
    rm -f "$work/reserve" && http=000
    return 1
  fi
  request_with "$1" "/commands/$id/output?stream=$2&offset=$sent" "$piece" "$part_bytes"
  case $http in
    200)
      acknowledge "$part_bytes" "$piece" "$2"
      [ "$part_bytes" -lt $((chunk / 2)) ] || is_large=1
      # There is more than that: on with it, and with more at once.
      [ "$is_large$is_quick" != 11 ] || [ "$first" -ge "$nth" ] || [ -f "$work/tight" ] || set_chunk $((chunk * 2))
      ;;
    409) resume_from "$1" ;;
    413) is_smaller ;;
    507) is_over_quota "$1" ;;
    *) return 1 ;;
  esac
}

# Something on the way takes less at once. 1: it takes nothing.
is_smaller() {
  [ "$chunk" -gt 16384 ] || return 1
  ceiling=$((chunk / 2)) http=409
  set_chunk "$ceiling"
}

# The relay takes no more for this session, now or later: as at a 409, there is something else to send, at first less of the same. 1: it
# may, once it has room.
is_over_quota() { # SLOT
  case $(answer_text "$1") in *' as much as '*) http=409 ;; *) return 1 ;; esac
  if [ "$chunk" -gt 65536 ]; then
    : 2>/dev/null >"$work/tight"
    set_chunk $((chunk / 2))
  else
    : 2>/dev/null >"$work/over_quota"
  fi
}

# The relay has less than was thought: goes back to where it says, or to the oldest byte that is still here. 1: that is not what it said.
resume_from() { # SLOT
  local text stream at
  text=$(answer_text "$1")
  for stream in stdout stderr; do
    case $text in
      *": $stream goes on at "*[!0-9]) ;;
      *": $stream goes on at "*)
        at=${text##* }
        state_of "$stream"
        sent=$at
        # Behind what it has lost comes the rest.
        if [ "$base" -gt "$at" ]; then cut=$((cut + base - at)) base=$at shown=$at; fi
        save_state
        return
        ;;
    esac
  done
  return 1
}

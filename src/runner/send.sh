# shellcheck shell=bash
# Sends the output of a command to the relay in chunks.
#
# chunk ceiling              bytes to send per request now, and the most that they may become; read from $work/chunk
# first base sent cut shown nth   of a stream, set by state_of: number and offset of the oldest segment, bytes that the relay has, bytes
#                            that it will never get, bytes shown to the operator, number of the segment being written
# size bytes unsent          set by the functions that are named after them
# pushed                     bytes of output that the last command sent
# is_large is_quick          of the last piece: 1 if it was at least half a chunk; 1 where it took less than two seconds
# plain_pieces               number of pieces to send uncompressed before gzip is tried again

pushed=0 plain_pieces=0

# Sets the variables of a stream that are listed above, and $spool.
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

unsent_of() { # STREAM, also calls state_of
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

# Sets the chunk within its bounds: at least 16 KiB, which a slow link can send in time; at most the ceiling and $most_output.
set_chunk() { # BYTES
  chunk=$1
  [ "$chunk" -le "$ceiling" ] || chunk=$ceiling
  [ "$chunk" -le "$most_output" ] || chunk=$most_output
  [ "$chunk" -ge 16384 ] || chunk=16384
  printf '%12d %12d\n' "$chunk" "$ceiling" 2>/dev/null 1<>"$work/chunk"
}

# Copies up to BYTES of a stream to FILE, from the offset that the relay has reached; sets $bytes to the number copied.
copy_rest() { # BYTES FILE
  local one=$first skip=$((sent - base)) left=$1
  : 2>/dev/null >"$2"
  while [ "$left" -gt 0 ] && [ "$one" -le "$nth" ]; do
    size_of "$one"
    size=$((size - skip))
    [ "$size" -le "$left" ] || size=$left
    if [ "$size" -gt 0 ]; then
      # Copy only the bytes that were counted: the segment may still grow.
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

# Sets $piece to a file with the next bytes to send and $bytes to their number. A whole segment is sent without a copy. 1: none left.
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

# Sets $wanted so that the piece ends at the end of a segment: then the next piece is a whole segment, which needs no copy. Small segments
# are sent together, including the one being written.
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

# Empties the oldest segment: the relay has all of it.
free_segment() {
  : 2>/dev/null >"$spool.$((first % slots))"
  base=$((base + size)) first=$((first + 1))
  save_state
}

# Records that the relay has these bytes, and shows them to the operator.
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

# Whether compressing is worth a try: not for a while after incompressible data, and for a large piece only if its beginning shrinks.
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

# Sends a file as the body of a request, compressed if that makes it smaller.
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
  # With -T curl streams a large file. As the data of a form, curl would first read all of it.
  if [ "$4" -gt 262144 ]; then words+=(-T "$body"); else words+=(--data-binary "@$body"); fi
  request "$1" POST "$2" "${words[@]}"
  [ "$body" = "$3" ] || : 2>/dev/null >"$body"
  # A 413 usually comes from a proxy, not from the relay, so it has no relay header: take it from curl's own record.
  { IFS=' ' read -r line _ 2>/dev/null <"$work/$1.code"; } 2>/dev/null
  [ "$line" != 413 ] || [ "$chunk" -le 16384 ] || http=413
  # Halve the chunk after a slow request: a body of this size may not get through before the request times out.
  [ "$took" -ge 2000 ] || [ "$http" = 000 ] || is_quick=1
  [ "$took" -lt 5000 ] || [ "$4" -le $((chunk / 2)) ] || set_chunk $((chunk / 2))
}

# Sends one piece of a stream, a chunk at most. 0: the relay accepted it, or reported the offset to continue at.
push_part() { # SLOT STREAM
  local piece bytes size part_bytes
  is_large=0
  take_piece "$1" "$2" || return 0
  part_bytes=$bytes
  if [ "$part_bytes" -eq 0 ]; then
    # No disk space for the copy: treat it like no response, which is retried.
    rm -f "$work/reserve" && http=000
    return 1
  fi
  request_with "$1" "/commands/$id/output?stream=$2&offset=$sent" "$piece" "$part_bytes"
  case $http in
    200)
      acknowledge "$part_bytes" "$piece" "$2"
      [ "$part_bytes" -lt $((chunk / 2)) ] || is_large=1
      # More segments are waiting and the link is fast: double the chunk.
      [ "$is_large$is_quick" != 11 ] || [ "$first" -ge "$nth" ] || [ -f "$work/tight" ] || set_chunk $((chunk * 2))
      ;;
    409) resume_from "$1" ;;
    413) is_smaller ;;
    507) is_over_quota "$1" ;;
    *) return 1 ;;
  esac
}

# A proxy rejected the size of the body: halve the limit. 1: it is at its minimum already.
is_smaller() {
  [ "$chunk" -gt 16384 ] || return 1
  ceiling=$((chunk / 2)) http=409
  set_chunk "$ceiling"
}

# Handles a 507. Where a quota is reached, sets $http to 409, so that the caller sends other data: first smaller pieces, then none. 1: the
# relay may accept the same piece later, once it has space.
is_over_quota() { # SLOT
  case $(answer_text "$1") in *' as much as '*) http=409 ;; *) return 1 ;; esac
  if [ "$chunk" -gt 65536 ]; then
    : 2>/dev/null >"$work/tight"
    set_chunk $((chunk / 2))
  else
    : 2>/dev/null >"$work/over_quota"
  fi
}

# The relay has less output than expected: continue at the offset that it reports, or at the oldest byte in the spool. 1: it reported none.
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
        # Bytes between the offset and the spool are lost: count them as missing and continue after them.
        if [ "$base" -gt "$at" ]; then cut=$((cut + base - at)) base=$at shown=$at; fi
        save_state
        return
        ;;
    esac
  done
  return 1
}

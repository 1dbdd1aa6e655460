# shellcheck shell=bash
# Sending output and result to the relay.
#
# chunk          bytes to send at once
# bytes sent base unsent   set by the functions that are named after them
# stdout_cut stderr_cut    bytes that the relay will never have
# pushed         bytes of output of the last command

sent_of() { # STREAM, sets $sent
  sent=0
  IFS= read -r sent <"$work/$1.sent"
  sent=${sent:-0}
}

# Where the file of a stream begins: behind what was given up, once that was.
base_of() { # STREAM, sets $base
  base=0
  [ ! -f "$work/$1.base" ] || IFS= read -r base <"$work/$1.base"
}

unsent_of() { # STREAM, sets $unsent, $bytes, $sent and $base
  bytes_of "$work/$1"
  sent_of "$1"
  base_of "$1"
  bytes=$((base + bytes))
  unsent=$((bytes > sent ? bytes - sent : 0))
}

# Sends one part of one stream, a chunk at most. 0: the relay has it, or said where to go on.
push_part() { # SLOT STREAM
  local from
  sent_of "$2"
  from=$sent
  base_of "$2"
  tail -c +$((from - base + 1)) "$work/$2" | head -c "$chunk" >"$work/$1.part" 2>/dev/null
  if [ ! -s "$work/$1.part" ]; then
    # No room for a part of it: as good as no answer, until there is.
    rm -f "$work/reserve" && http=000
    return 1
  fi
  request_with "$1" "/commands/$id/output?stream=$2&offset=$from" "$work/$1.part"
  case $http in
    200)
      bytes_of "$work/$1.part"
      printf '%d\n' "$((from + bytes))" >"$work/$2.sent"
      show_sent "$2" "$work/$1.part"
      [ "$chunk" -ge 1048576 ] || chunk=$((chunk * 2))
      ;;
    409) resume_from "$1" ;;
    507) is_over_quota "$1" ;;
    *) return 1 ;;
  esac
}

# The relay takes no more for this session, now or later: as at a 409, there is something else to send. 1: it may, once it has room.
is_over_quota() { # SLOT
  case $(answer_text "$1") in *' as much as '*) : >"$work/over_quota" && http=409 ;; *) return 1 ;; esac
}

# Counts bytes that the relay will never have: it tells readers how many are missing.
cut_more() { # STREAM BYTES
  case $1 in
    stdout) stdout_cut=$((stdout_cut + $2)) ;;
    *) stderr_cut=$((stderr_cut + $2)) ;;
  esac
}

# What the relay has of both streams is all of them, but for a line that says so.
drop_rest() {
  local stream errors=stderr
  [ "$merge" = 0 ] || errors=stdout
  for stream in stdout stderr; do
    unsent_of "$stream"
    cut_more "$stream" "$unsent"
    # A new file, which takes no room, in place of one that may have taken all of it.
    rm -f "$work/$stream"
    : >"$work/$stream"
    printf '%d\n' "$sent" >"$work/$stream.base"
  done
  [ -f "$work/dropped" ] ||
    printf '\nremotify: the rest of the output is lost: the session stores as much as it may\n' >>"$work/$errors"
  : >"$work/dropped"
  rm -f "$work/over_quota"
}

# So much may not get through in the time that one request has.
shrink_chunk() { [ "$chunk" -le 16384 ] || chunk=$((chunk / 2)); }

# The relay has less than was thought: goes back to where it says. 1: that is not what it said.
resume_from() { # SLOT
  local text stream
  text=$(answer_text "$1")
  for stream in stdout stderr; do
    case $text in
      *": $stream goes on at "*[!0-9]) ;;
      *": $stream goes on at "*)
        printf '%d\n' "${text##* }" >"$work/$stream.sent"
        return
        ;;
    esac
  done
  return 1
}

# Sets $behind when there is more than it could send at once.
push_growth() { # STREAM
  # Nobody takes it: who keeps the limits has seen that, too.
  [ ! -f "$work/over_quota" ] || return 0
  unsent_of "$1"
  [ "$unsent" -gt 0 ] || return 0
  push_part growth "$1" || {
    shrink_chunk
    sleep 2 && return
  }
  [ "$unsent" -le "$chunk" ] || behind=1
}

# The end of it with the rest of both streams, one behind the other.
push_end() {
  local query first=0
  : >"$work/rest"
  query="exit_status=$exit_status"
  for stream in stdout stderr; do
    unsent_of "$stream"
    query="$query&${stream}_offset=$sent&${stream}_bytes=$unsent"
    # Not a byte more than was counted: what it left running may still write.
    [ "$unsent" -eq 0 ] || tail -c +$((sent - base + 1)) "$work/$stream" | head -c "$unsent" >>"$work/rest" 2>/dev/null
    pushed=$((pushed + bytes))
    [ "$stream" = stderr ] || first=$unsent
  done
  if [ -f "$work/full" ]; then
    # The pipe was drained without counting.
    query="$query&cut=unknown"
  else
    query="$query&stdout_cut=$stdout_cut&stderr_cut=$stderr_cut"
  fi
  [ -z "$signal" ] || query="$query&signal=$signal"
  [ ! -f "$work/timed_out" ] || query="$query&timed_out=1"
  request_with result "/commands/$id/finish?$query" "$work/rest"
  case $http in
    200) show_rest "$first" "$unsent" ;;
    409) resume_from result ;;
    507) is_over_quota result || : ;;
  esac
}

# The rest of both streams is in one file.
show_rest() { # BYTES OF STDOUT, OF STDERR
  [ "$mode" != auto ] || return 0
  if [ "$1" -gt 0 ] && [ "$2" -gt 0 ]; then
    head -c "$1" "$work/rest" >"$work/stdout.part"
    show_sent stdout "$work/stdout.part"
    tail -c "$2" "$work/rest" >"$work/stderr.part"
    show_sent stderr "$work/stderr.part"
  elif [ "$1" -gt 0 ]; then
    show_sent stdout "$work/rest"
  else
    show_sent stderr "$work/rest"
  fi
}

# Sends what is left and the exit status, and does not give up on either while the session lives. 1: nobody wants it.
send_result() {
  local over stream
  while :; do
    over=0 pushed=0
    [ ! -f "$work/over_quota" ] || drop_rest
    for stream in stdout stderr; do
      unsent_of "$stream"
      # Both rests in one body: together what a proxy takes unasked, 1 MiB.
      [ "$unsent" -le $((chunk / 2)) ] || break
      stream=
    done
    if [ -n "$stream" ]; then
      push_part result "$stream"
    else
      push_end && over=1
    fi || is_passing || return 1
    if [ "$http" = 200 ]; then
      settle
      [ "$over" -eq 0 ] || return 0
    elif is_passing; then
      # It may be that nothing could be written.
      rm -f "$work/reserve"
      shrink_chunk
      # Whoever ends the listener twice does not want to wait for a relay that is not there.
      [ "$interrupts" -lt 2 ] || leaving=1
      [ "$leaving" -eq 0 ] || return 1
      back_off
    elif [ "$http" != 409 ]; then
      return 1
    fi
  done
}

# shellcheck shell=bash
# Sends the result of a command: the rest of its output and its exit status.
#
# is_spool_over   1 from when the result was sent until the files of its output are removed

is_spool_over=0

# Of the output that the relay does not have, keeps only the next BYTES. Counts the rest, so that readers learn how much is missing.
keep_only() { # STREAM BYTES
  unsent_of "$1"
  [ "$unsent" -gt "$2" ] || return 0
  : 2>/dev/null >"$work/kept.part"
  bytes=0
  [ "$2" -eq 0 ] || copy_rest "$2" "$work/kept.part"
  cut=$((cut + unsent - bytes)) base=$sent
  # First delete the old files, which may fill the disk; then create the new segment.
  rm -f "$spool".[0-9] "$spool".[0-9][0-9] "$spool".*.size
  first=$((nth + 1)) nth=$((nth + 1))
  cat "$work/kept.part" 2>/dev/null >"$spool.$((nth % slots))"
  : 2>/dev/null >"$work/kept.part"
  save_state
  tell_at "$nth" 0
}

# At a quota: drops all output that was not sent, except for a notice about it.
drop_rest() {
  local stream
  for stream in stdout stderr; do keep_only "$stream" 0; done
  [ -f "$work/dropped" ] || add_notice 'output truncated: session storage quota reached'
  : 2>/dev/null >"$work/dropped"
  rm -f "$work/over_quota"
}

# After a client stopped the command, its remaining output is hardly ever read: keep 1 MiB of each stream.
drop_unread() {
  local stream
  if [ ! -f "$work/stopping" ] || [ -f "$work/timed_out" ]; then return; fi
  for stream in stdout stderr; do keep_only "$stream" 1048576; done
}

# Sets $cut to the bytes of a stream that the relay will never get, including those after the kept part. 1: the number is unknown.
cut_of() { # STREAM
  local dropped=0
  state_of "$1"
  [ -f "$spool.dropped" ] || return 0
  read -r dropped 2>/dev/null <"$spool.dropped"
  case $dropped in '' | *[!0-9]*) return 1 ;; esac
  cut=$((cut + dropped))
}

# Puts the unsent rest of a stream into one file: $file, with $unsent bytes. Returns 1 if there is no disk space for it.
gather_rest() { # STREAM
  unsent_of "$1"
  check_stream "$1"
  file=$work/$1.rest
  [ "$unsent" -gt 0 ] || return 0
  if [ "$first" -eq "$nth" ] && [ "$sent" -eq "$base" ] && [ -f "$spool.whole" ]; then
    file=$spool.$((nth % slots))
    return 0
  fi
  copy_rest "$unsent" "$file"
  [ "$bytes" -eq "$unsent" ]
}

# Sends the exit status with the rest of stdout followed by the rest of stderr. Returns 1 if nothing could be sent.
push_end() {
  local query cuts='' stream body=$work/rest file files=() parts=()
  local first base sent cut shown nth spool unsent size
  query="exit_status=$exit_status"
  pushed=0
  : 2>/dev/null >"$work/rest"
  for stream in stdout stderr; do
    # No disk space: treat it like no response, which is retried.
    gather_rest "$stream" || { rm -f "$work/reserve" && http=000 && return 1; }
    files=(${files[@]+"${files[@]}"} "$file") parts=(${parts[@]+"${parts[@]}"} "$unsent")
    query="$query&${stream}_offset=$sent&${stream}_bytes=$unsent"
    pushed=$((pushed + sent + unsent))
    if cut_of "$stream"; then cuts="$cuts&${stream}_cut=$cut"; else : 2>/dev/null >"$work/full"; fi
  done
  # Files were removed after the check: send_result asks the relay what it has, then sends the end again.
  [ "$is_torn" -eq 0 ] || { http=409 refusal='' && return 0; }
  # Output that could not be stored was not counted either.
  if [ -f "$work/full" ] || [ "$is_lost" -eq 1 ]; then cuts='&cut=unknown'; fi
  [ -z "$signal" ] || query="$query&signal=$signal"
  [ ! -f "$work/timed_out" ] || query="$query&timed_out=1"
  if [ "${parts[1]}" -eq 0 ]; then
    [ "${parts[0]}" -eq 0 ] || body=${files[0]}
  elif [ "${parts[0]}" -eq 0 ]; then
    body=${files[1]}
  else
    cat "${files[@]}" 2>/dev/null >"$work/rest"
    bytes_of "$work/rest"
    [ "$bytes" -eq $((parts[0] + parts[1])) ] || { rm -f "$work/reserve" && http=000 && return 1; }
  fi
  read_chunk
  request_with result "/commands/$id/finish?$query$cuts" "$body" $((parts[0] + parts[1]))
  case $http in
    200)
      state_of stdout
      acknowledge "${parts[0]}" "${files[0]}" stdout
      state_of stderr
      acknowledge "${parts[1]}" "${files[1]}" stderr
      ;;
    409) resume_from result ;;
    413) is_smaller ;;
    507) is_over_quota result || : ;;
  esac
}

# Chooses a stream to send before the end: the rests of both must fit into one body of a chunk. Empty if they do.
choose_stream() { # sets $stream
  local unsent
  read_chunk
  for stream in stdout stderr; do
    unsent_of "$stream"
    check_stream "$stream"
    [ "$unsent" -le $((chunk / 2)) ] || return 0
  done
  stream=
}

# Sends the remaining output and the exit status, and retries as long as the session exists. Returns 1 if the relay rejects them.
send_result() {
  local over stream
  drop_unread
  while :; do
    over=0
    [ ! -f "$work/over_quota" ] || drop_rest
    [ ! -f "$work/lost" ] || is_torn=1
    choose_stream
    if [ "$is_torn" -eq 1 ]; then
      # A second time: the folder was removed again, or no file can be created in it.
      [ "$is_lost" -eq 0 ] || pause 1
      [ "$leaving" -eq 0 ] || return 1
      report_lost
      continue
    fi
    if [ -n "$stream" ]; then
      push_part result "$stream"
    else
      push_end && over=1
    fi || is_passing || return 1
    if [ "$http" = 200 ]; then
      clear_failures
      idle=0
      [ "$over" -eq 0 ] || return 0
    elif is_passing; then
      # The failure may be a full disk: free the reserve.
      rm -f "$work/reserve"
      set_chunk $((chunk / 2))
      # A second Ctrl-C ends the listener without waiting for the relay.
      [ "$interrupts" -lt 2 ] || leaving=1
      [ "$leaving" -eq 0 ] || return 1
      back_off
    elif [ "$http" != 409 ]; then
      return 1
    elif [ "$refusal" = output_gap ]; then
      floor_wait
    fi
  done
}

# Removes the files of the last command's output, while the listener waits for the next command.
clear_spool() {
  [ "$is_spool_over" -eq 1 ] || return 0
  is_spool_over=0
  discard "$work"/spool.* "$work"/*.rest "$work"/*.part "$work/rest"
}

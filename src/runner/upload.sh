# shellcheck shell=bash
# Uploads the output of a command to the relay while the command runs.
#
# $work/busy       1 from the start of an upload until its acknowledgement is recorded
# $work/run_over   id of the command that has ended: the rest of its output is sent with its result

open_uploads() {
  ceiling=16777216
  set_chunk 1048576
  printf '0\n' 2>/dev/null >"$work/busy"
  printf '\n' 2>/dev/null >"$work/run_over"
}

# Marks an upload as in progress, so that rest_upload waits for it. Returns 1 if the command has ended: send_result sends the rest.
begin_upload() {
  local word=''
  printf '1\n' 2>/dev/null 1<>"$work/busy"
  IFS= read -r word 2>/dev/null <"$work/run_over"
  [ "$word" != "$id" ] || { end_upload && false; }
}

end_upload() { printf '0\n' 2>/dev/null 1<>"$work/busy"; }

# Stops further uploads and waits until the current one has finished.
rest_upload() {
  local turn=0 word=0
  printf '%s\n' "$id" 2>/dev/null >"$work/run_over"
  while IFS= read -r word 2>/dev/null <"$work/busy" && [ "$word" = 1 ] && [ "$turn" -lt "$upload_turns" ]; do
    if [ "$leaving" -gt 0 ] || [ "$interrupts" -gt 1 ]; then break; fi
    turn=$((turn + 1))
    sleep "$blink"
  done
  end_upload
}

# Uploads the next piece of a stream. Sets $behind if more output is waiting, or may be soon.
push_growth() { # STREAM
  local first base sent cut shown nth spool is_sent=1 is_large=0
  # The quota is reached: the relay takes no output, and keep_limits stops the command.
  [ ! -f "$work/over_quota" ] || return 0
  begin_upload || return 0
  push_part growth "$1" || is_sent=0
  end_upload
  if [ "$is_sent" -eq 0 ]; then
    is_passing || : 2>/dev/null >"$work/refused"
    set_chunk $((chunk / 2))
    sleep 2
    return
  fi
  if [ "$first" -lt "$nth" ]; then
    behind=1
  elif [ "$is_large" -eq 1 ] && [ "$behind" -eq 0 ]; then
    behind=2
  fi
}

# After a large piece: waits briefly, because a writer that was blocked soon finishes another segment.
await_segment() {
  local first base sent cut shown nth spool turn=0 stream
  while [ "$turn" -lt 8 ]; do
    for stream in stdout stderr; do
      state_of "$stream"
      [ "$first" -ge "$nth" ] || return 0
    done
    turn=$((turn + 1))
    sleep "$instant"
  done
}

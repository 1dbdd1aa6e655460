# shellcheck shell=bash
# Runs a command, in the foreground of the terminal or in a session of its own, and waits for its end.
#
# exit_status signal   exit status of the command, and the signal that ended it
# interrupts leaving   number of Ctrl-C presses for this listener; 1 once the listener has to end

exit_status=0 signal='' interrupts=0 leaving=0

# Leads the command's process group and outlives the command, so that no loop of the listener has a child that dies of SIGINT: bash would
# end itself in the middle of that loop.
lead_command() { # [WORD BEFORE IT...]
  trap : INT TERM HUP QUIT
  # Bash reports a child that was killed, but not one that exited with 137: only its report in this file tells the two apart.
  # If the folder was removed, the second line fails, and the first one hides bash's error message.
  exec 2>/dev/null
  exec 2>"$work/death"
  if [ "$#" -eq 0 ]; then
    own_pid
    printf '%d\n' "$pid" >"$work/group"
    printf '%d\n' "$pid" >>"$work/leaders"
  fi
  (exec >&16 2>&17 16>&- 17>&- 20<&- && become_command "$@")
  return $?
}

# Counts Ctrl-C presses. It runs in the foreground group, which gets them from the terminal; the listener is not in that group. Ends when
# the leader ends, with the command's exit status. It waits for a child instead of using `read -t`: bash 3.2 leaves a timed-out read by
# longjmp, runs later traps inside the signal handler, and dies of the next Ctrl-C.
count_interrupts() {
  local pressed=0 leader
  own_pid
  printf '%d\n' "$pid" 2>/dev/null >>"$work/leaders"
  trap 'pressed=$((pressed + 1)) && heed_interrupt' INT
  trap : TERM HUP QUIT
  # This cat ends with the leader, which holds the other end of the pipe. Without <&0, a background command would not read that pipe.
  (trap '' INT TERM HUP QUIT && exec cat >/dev/null 2>&1) <&0 &
  leader=$!
  printf '%d\n' "$leader" 2>/dev/null >>"$work/leaders"
  while kill -0 "$leader" 2>/dev/null; do wait "$leader" 2>/dev/null; done
  read_number "$work/outcome"
  # A leader that was killed wrote no exit status.
  [ -s "$work/outcome" ] && [ "$number" -le 255 ] || return 137
  return "$number"
}

heed_interrupt() {
  local name=''
  if [ -f "$work/client_signal" ]; then
    # The client's INT goes to this whole process group. It comes once: the next one is the operator's. On a full disk the file is empty.
    IFS= read -r name 2>/dev/null <"$work/client_signal"
    case $name in
      TERM | KILL) ;;
      *)
        rm -f "$work/client_signal"
        pressed=$((pressed - 1))
        return
        ;;
    esac
  fi
  case $pressed in
    1) printf '\n    (interrupted; press Ctrl-C again to quit the listener)\n' ;;
    2) printf '\n    (interrupted again: quitting)\n' && : 2>/dev/null >"$work/ending" ;;
  esac
}

# Runs the command in a foreground process group of the terminal: a password prompt works, and Ctrl-C goes to the command. Bash hands the
# terminal over through its own standard error, which must therefore not be redirected here. Bash would also report there that a job was
# killed, so signal_command sends no KILL to the leaders of this job.
run_in_foreground() {
  local saved=''
  ! has stty || saved=$(stty -g <&15 2>/dev/null)
  terminal_used=1
  set -m
  # The exit status of a pipeline is that of its last part: count_interrupts reads the command's from a file.
  { lead_command; printf '%d\n' "$?" 2>/dev/null >"$work/outcome"; } | count_interrupts
  exit_status=$?
  # Continue a suspended command: the listener has no shell prompt from which the operator could resume it.
  while [ -n "$(jobs -ps)" ]; do
    fg >/dev/null 2>&1
    exit_status=$?
  done
  set +m
  # Terminal modes that the command changed must not swallow the next answer.
  [ -z "$saved" ] || stty "$saved" <&15 2>/dev/null
  [ ! -f "$work/ending" ] || interrupts=2 leaving=1
}

# Ends the command when the listener ends: after five seconds TERM, ten seconds later KILL.
end_command() { # JOB
  await_end "$1" 5000 && return 0
  signal_command TERM
  await_end "$1" 10000 || signal_command KILL
}

# Waits for the end of a process. Returns 1 if it still runs after MILLISECONDS.
await_end() { # PID MILLISECONDS
  local until
  now_ms
  until=$((now + $2))
  while kill -0 "$1" 2>/dev/null; do
    [ "$now" -lt "$until" ] || return 1
    rest "$tick"
    now_ms
  done
}

# Runs the command in auto mode. It has no terminal: it gets a process session of its own, where opening /dev/tty fails at once.
run_apart() {
  local job before number now interrupted_at=''
  set -m
  (lead_command ${apart[@]+"${apart[@]}"}) &
  job=$!
  set +m
  # Start the helpers after the command, so that they do not delay it.
  start_ahead
  start_background run
  while :; do
    before=$interrupts$leaving
    wait "$job" 2>/dev/null
    exit_status=$?
    if ! kill -0 "$job" 2>/dev/null; then
      # A wait that was interrupted by a signal does not return the command's exit status.
      [ "$before" != "$interrupts$leaving" ] || break
      continue
    fi
    # The listener got a signal: pass the first one on to the command; a second one also ends the listener.
    [ "$interrupts" -lt 2 ] || leaving=1
    until signal_command INT || ! kill -0 "$job" 2>/dev/null; do sleep "$tick"; done
    now_ms
    interrupted_at=$now
    [ "$leaving" -eq 0 ] || end_command "$job"
  done
  if [ -n "$interrupted_at" ]; then
    now_ms
    if [ $((now - interrupted_at)) -ge 10000 ]; then
      read_number "$work/interrupted"
      forget_interrupt "$number"
    fi
  fi
  [ "$leaving" -eq 1 ] || interrupts=0
}

# Prints for the operator why the command was stopped.
report_stop() {
  local why=''
  # A command that survived an INT was not stopped.
  [ -f "$work/stopping" ] && [ -f "$work/stop_reason" ] || return 0
  IFS= read -r why 2>/dev/null <"$work/stop_reason"
  printf '    (%s)\n' "$why"
}

# Records the process group for find_leftovers. Ten groups are enough: older ones have ended, or do not matter for the next command.
remember_group() {
  read_number "$work/group"
  [ "$number" -gt 1 ] || return 0
  earlier_groups="$earlier_groups $id:$number"
  # shellcheck disable=SC2086
  set -- $earlier_groups
  [ "$#" -le 10 ] || shift
  earlier_groups=$*
}

run_command() {
  [ ! -f "$work/full" ] || measure_room
  discard "$work/full"
  keep_reserve
  [ "$stdin" = 0 ] || printf '%s\n' "$id" 2>/dev/null >"$work/feeding"
  open_streams
  printf '%s\n' "$id" 2>/dev/null >"$work/running"
  if [ "$mode" = auto ]; then
    run_apart
  elif [ -t 15 ]; then
    start_background run
    # If the terminal closes from here on, the background jobs survive in a process group of their own and stop the command.
    run_in_foreground
  else
    : 2>/dev/null >"$work/stopping"
    exit_status=129
  fi
  keep_work || :
  stop_feeding
  # The command ended soon after INT, so INT was to end it: treat it like the other signals.
  [ ! -f "$work/interrupted" ] || : 2>/dev/null >"$work/stopping"
  reap_command
  report_stop
  close_streams
  rest_upload
  stop_background
  [ "$mode" = auto ] || remember_group
  : 2>/dev/null >"$work/running"
  : 2>/dev/null >"$work/group"
  [ ! -f "$work/flooded" ] ||
    add_notice "stopped: a stream of output exceeded the limit of $output_limit bytes"
  if [ -f "$work/full" ] && [ ! -f "$work/lost" ]; then
    rm -f "$work/reserve"
    add_notice 'output truncated: no space left in the temporary folder'
  fi
  signal=
  if [ "$exit_status" -gt 128 ] && { [ -s "$work/death" ] || [ -f "$work/stopping" ]; }; then
    signal=$(kill -l $((exit_status - 128)) 2>/dev/null)
  fi
}

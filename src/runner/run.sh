# shellcheck shell=bash
# Running a command to its end.
#
# exit_status signal   how it ended
# interrupts leaving   Ctrl-C at this listener, counted; 1 once the listener is to end

exit_status=0 signal='' interrupts=0 leaving=0

# Leads the command's group and outlives it: this bash would end itself, in the middle of a loop, were its own child to die of
# an interrupt.
lead_command() { # [WORD BEFORE IT...]
  trap : INT TERM HUP QUIT
  # Bash says nothing of a child that ended with 137, and something of one that was killed: the one way to tell them apart.
  # If the folder is gone, the second line fails, and the first one hides bash's error.
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

# In the group that Ctrl-C on the terminal is for, which is not the listener's: counts how often it is pressed. Ends with the leader,
# with the command's exit status. It waits for a child and not in `read -t`: bash 3.2 leaves that by longjmp when its time is over, runs
# later traps inside the signal handler, and takes the next Ctrl-C for its own end.
count_interrupts() {
  local pressed=0 leader
  own_pid
  printf '%d\n' "$pid" 2>/dev/null >>"$work/leaders"
  trap 'pressed=$((pressed + 1)) && heed_interrupt' INT
  trap : TERM HUP QUIT
  # Ends when the leader does, which holds the other end of the pipe. A background command has no standard input but a given one.
  (trap '' INT TERM HUP QUIT && exec cat >/dev/null 2>&1) <&0 &
  leader=$!
  printf '%d\n' "$leader" 2>/dev/null >>"$work/leaders"
  while kill -0 "$leader" 2>/dev/null; do wait "$leader" 2>/dev/null; done
  read_number "$work/outcome"
  # A leader that was killed said nothing.
  [ -s "$work/outcome" ] && [ "$number" -le 255 ] || return 137
  return "$number"
}

heed_interrupt() {
  if [ -f "$work/client_signal" ]; then
    pressed=$((pressed - 1))
    return
  fi
  case $pressed in
    1) printf '\n    (interrupted; press Ctrl-C again to quit the listener)\n' ;;
    2) printf '\n    (interrupted again: quitting)\n' && : 2>/dev/null >"$work/ending" ;;
  esac
}

# Where there is a terminal the command gets it, in a foreground group of its own: a password prompt works, and Ctrl-C is the
# command's. Bash hands the terminal over through its own standard error, which must therefore not be redirected here. On it bash would
# also report that a job was killed, so that the leaders of this one are spared by signal_command.
run_in_foreground() {
  local saved=''
  ! has stty || saved=$(stty -g <&15 2>/dev/null)
  terminal_used=1
  set -m
  # A pipeline has the exit status of its last part, which takes it from a file.
  { lead_command; printf '%d\n' "$?" 2>/dev/null >"$work/outcome"; } | count_interrupts
  exit_status=$?
  # Suspended is not over: there is no prompt to resume it from.
  while [ -n "$(jobs -ps)" ]; do
    fg >/dev/null 2>&1
    exit_status=$?
  done
  set +m
  # What it left the terminal in must not swallow the next answer.
  [ -z "$saved" ] || stty "$saved" <&15 2>/dev/null
  [ ! -f "$work/ending" ] || interrupts=2 leaving=1
}

# The listener ends: the command has five seconds to end, then gets TERM, and KILL ten seconds later.
end_command() { # JOB
  await_end "$1" 5000 && return 0
  signal_command TERM
  await_end "$1" 10000 || signal_command KILL
}

# 1: it still runs after so many milliseconds.
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

# Auto mode has no terminal: the command gets a session of its own, where opening /dev/tty fails at once.
run_apart() {
  local job before
  set -m
  (lead_command ${apart[@]+"${apart[@]}"}) &
  job=$!
  set +m
  # What is of use later starts behind what the command waits for.
  start_ahead
  start_background run
  while :; do
    before=$interrupts$leaving
    wait "$job" 2>/dev/null
    exit_status=$?
    if ! kill -0 "$job" 2>/dev/null; then
      # A wait that a signal ended does not give the command's exit status.
      [ "$before" != "$interrupts$leaving" ] || break
      continue
    fi
    # A signal for the listener: the first goes to the command, the second ends the listener too.
    [ "$interrupts" -lt 2 ] || leaving=1
    until signal_command INT || ! kill -0 "$job" 2>/dev/null; do sleep "$tick"; done
    [ "$leaving" -eq 0 ] || end_command "$job"
  done
  [ "$leaving" -eq 1 ] || interrupts=0
}

# Why the command was stopped, for the operator.
report_stop() {
  local why=''
  [ -f "$work/stop_reason" ] || return 0
  IFS= read -r why 2>/dev/null <"$work/stop_reason"
  printf '    (%s)\n' "$why"
}

# For find_leftovers. The last ten: those of before are over, or no concern of the next command's.
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
    # If the terminal closes from here on, the background jobs survive, in a group of their own, and stop the command.
    run_in_foreground
  else
    : 2>/dev/null >"$work/stopping"
    exit_status=129
  fi
  keep_work || :
  stop_feeding
  reap_command
  report_stop
  close_streams
  rest_upload
  stop_background
  [ "$mode" = auto ] || remember_group
  : 2>/dev/null >"$work/running"
  : 2>/dev/null >"$work/group"
  [ ! -f "$work/flooded" ] ||
    add_notice "stopped: a stream of output is over the limit of $output_limit bytes"
  if [ -f "$work/full" ] && [ ! -f "$work/lost" ]; then
    rm -f "$work/reserve"
    add_notice 'the rest of the output is lost: there is no room for it in the temporary folder'
  fi
  signal=
  if [ "$exit_status" -gt 128 ] && { [ -s "$work/death" ] || [ -f "$work/stopping" ]; }; then
    signal=$(kill -l $((exit_status - 128)) 2>/dev/null)
  fi
}

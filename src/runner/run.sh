# shellcheck shell=bash
# Running a command to its end.
#
# exit_status signal   how it ended
# interrupts leaving   Ctrl-C at this listener, counted; 1 once the listener is to end

# Leads the command's group and outlives it: this bash would end itself, in the middle of a loop, were its own child to die of
# an interrupt.
lead_command() { # [WORD BEFORE IT...]
  trap : INT TERM HUP QUIT
  # Bash says nothing of a child that ended with 137, and something of one that was killed: the one way to tell them apart.
  exec 2>"$work/death"
  if [ "$#" -eq 0 ]; then
    own_pid
    printf '%d\n' "$pid" >"$work/group"
  fi
  (exec >&16 2>&17 16>&- 17>&- && become_command "$@")
  return $?
}

# In the group that Ctrl-C on the terminal is for, which is not the listener's: counts how often it is pressed. Ends with the command, and
# with its exit status.
count_interrupts() {
  local pressed=0 told='' outcome code began
  trap 'pressed=$((pressed + 1)) && heed_interrupt' INT
  trap : TERM HUP QUIT
  while :; do
    began=$SECONDS outcome=''
    # In turns of a second: older shells heed a signal only between them.
    IFS= read -r -t 1 outcome
    code=$?
    told=$told$outcome
    if [ "$code" -eq 0 ]; then
      [ ! -s "$work/outcome" ] || IFS= read -r told <"$work/outcome"
      exit "$told"
    fi
    # A leader that was killed said nothing.
    ! is_input_over "$code" "$began" || exit 137
  done
}

# In a file too: a turn that is over in the middle of a line loses its beginning in older shells, and 143 is 43 then.
tell_outcome() { # EXIT-STATUS
  printf '%d\n' "$1" 2>/dev/null >"$work/outcome"
  printf '%d\n' "$1"
}

heed_interrupt() {
  case $pressed in
    1) printf '\n    (interrupted; once more ends the listener too)\n' ;;
    2) printf '\n    (interrupted again: ending)\n' && : >"$work/ending" ;;
  esac
}

# Where there is a terminal the command gets it, in a foreground group of its own: a password prompt works, and Ctrl-C is the
# command's. Bash hands the terminal over through its own standard error, which must therefore not be redirected here.
run_in_foreground() {
  local saved=''
  ! has stty || saved=$(stty -g <&15 2>/dev/null)
  terminal_used=1
  set -m
  # A pipeline has the exit status of its last part, which must therefore be told.
  { lead_command; tell_outcome $?; } | count_interrupts
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

# The listener ends: the command has five seconds to follow, then it is made to.
end_command() { # JOB
  local until=$((SECONDS + 5))
  while kill -0 "$1" 2>/dev/null && [ "$SECONDS" -lt "$until" ]; do sleep "$tick"; done
  kill -0 "$1" 2>/dev/null || return 0
  signal_command TERM
  until=$((SECONDS + 10))
  while kill -0 "$1" 2>/dev/null && [ "$SECONDS" -lt "$until" ]; do sleep "$tick"; done
  signal_command KILL
}

# Unattended there is none: a session of its own, where asking the terminal fails at once.
run_apart() {
  local job before
  set -m
  (lead_command ${apart[@]+"${apart[@]}"}) &
  job=$!
  set +m
  while :; do
    before=$interrupts$leaving
    wait "$job" 2>/dev/null
    exit_status=$?
    if ! kill -0 "$job" 2>/dev/null; then
      # What a signal broke off has not told how the command ended.
      [ "$before" != "$interrupts$leaving" ] || break
      continue
    fi
    # A signal for the listener came: it is the command's first, and the second is the listener's too.
    [ "$interrupts" -lt 2 ] || leaving=1
    until signal_command INT || ! kill -0 "$job" 2>/dev/null; do sleep "$tick"; done
    [ "$leaving" -eq 0 ] || end_command "$job"
  done
  [ "$leaving" -eq 1 ] || interrupts=0
}

# A command that was told to stop is over when all of its group is.
reap_group() {
  local target until=$((SECONDS + 10))
  [ -f "$work/stopping" ] && IFS= read -r target <"$work/group" || return 0
  while kill -0 -- "-$target" 2>/dev/null && [ "$SECONDS" -lt "$until" ]; do sleep "$tick"; done
  kill -s KILL -- "-$target" 2>/dev/null
}

run_command() {
  local errors
  keep_reserve
  # Fresh files: what an earlier command left running writes into its own.
  : >"$work/stdout"
  : >"$work/stderr"
  printf '0\n' >"$work/stdout.sent"
  printf '0\n' >"$work/stderr.sent"
  [ "$stdin" = 0 ] || printf '%s\n' "$id" >"$work/feeding"
  open_streams
  attend_to run
  if [ "$mode" = auto ]; then
    run_apart
  elif [ -t 15 ]; then
    # From here on a hang-up finds whoever attends to this in a group of its own, where it sees that the terminal is gone.
    run_in_foreground
  else
    : >"$work/stopping"
    exit_status=129
  fi
  stop_feeding
  reap_group
  close_streams
  leave_off
  : >"$work/group"
  if [ -f "$work/flooded" ]; then
    errors=stderr
    [ "$merge" = 0 ] || errors=stdout
    printf '\nremotify: stopped: a stream of output is over the limit of %d bytes\n' "$output_limit" >>"$work/$errors"
  fi
  if [ -f "$work/full" ]; then
    errors=stderr
    [ "$merge" = 0 ] || errors=stdout
    rm -f "$work/reserve"
    printf '\nremotify: the rest of the output is lost: there is no room for it in the temporary folder\n' >>"$work/$errors"
  fi
  signal=
  if [ "$exit_status" -gt 128 ] && { [ -s "$work/death" ] || [ -f "$work/stopping" ]; }; then
    signal=$(kill -l $((exit_status - 128)) 2>/dev/null)
  fi
}

# shellcheck shell=bash
# What goes on beside a question or a command: heartbeat, limits, upload, and the watchdog.
#
# attendant   process group of what goes on at the moment

# A substitution that dies of a hang-up hangs up every job of the shell that it was forked from, whatever group they are in.
outlive_terminal() { trap '' HUP; }

# Lives as long as this process: when the listener is killed outright, what it left goes too.
watchdog() {
  local file
  outlive_terminal
  while kill -0 "$$" 2>/dev/null; do sleep 1; done
  for file in "$work"/*.pid; do
    kill "$(cat "$file")" 2>/dev/null
  done
  request leave POST /leave --max-time 5
  signal_command TERM && reap_group
  let_streams_go
  remove_work
}

# Goes on beside a prompt or a run: a heartbeat that also brings signals and, once it runs, the upload of its output.
# It is a process group of its own, so that ending it ends its curl and its sleep as well.
attend() { # prompt|run
  local behind=0
  outlive_terminal
  heartbeat &
  [ "$1" = prompt ] || keep_limits &
  while kill -0 "$$" 2>/dev/null; do
    if [ "$1" = prompt ]; then
      sleep 1
      continue
    fi
    # More than one chunk is waiting: on with it. So it may be a moment after a large one.
    case $behind in
      1) ;;
      2) await_segment ;;
      *) sleep "$tick" ;;
    esac
    behind=0
    push_growth stdout
    push_growth stderr
  done
  # The listener was killed outright.
  kill 0
}

# Beside the upload, which a slow network may hold up for a minute.
keep_limits() {
  local began=$SECONDS looked=$SECONDS pace=1 stream
  [ "$timeout" -eq 0 ] || pace=$tick
  while :; do
    sleep "$pace"
    # Whole seconds: never early, at most one late.
    if [ "$timeout" -gt 0 ] && [ $((SECONDS - began)) -gt "$timeout" ]; then stop_for timed_out TERM && timeout=0; fi
    [ "$SECONDS" -ne "$looked" ] || continue
    looked=$SECONDS
    # A terminal that closed before the command had it sends it nothing.
    if [ -f "$work/ending" ] || { [ "$mode" != auto ] && [ ! -t 15 ]; }; then stop_command TERM && return; fi
    if [ -f "$work/over_quota" ]; then stop_command KILL && return; fi
    [ "$has_dd$has_pipes" != 11 ] || continue
    # Nothing holds the command back here.
    for stream in stdout stderr; do
      bytes_of "$work/spool.$id.$stream.0"
      if [ "$bytes" -gt "$output_limit" ]; then stop_for flooded KILL && return; fi
    done
  done
}

# Said before it is done: what the signal ends may be over before the next line here.
stop_for() { # REASON SIGNAL
  : >"$work/$1"
  stop_command "$2" || { rm -f "$work/$1" && false; }
}

heartbeat() {
  local seen=0 word rest misses=0
  # A short command is over before it needs any of this, and is spared the request.
  sleep 1
  while :; do
    request control GET "/commands/$id/control?seen=$seen" --max-time 30
    case $http in
      200) misses=0 ;;
      204)
        misses=0
        continue
        ;;
      404 | 409 | 410)
        : >"$work/withdrawn"
        # With the session gone nobody else can stop it any more.
        [ "$http" != 410 ] || stop_command TERM
        return
        ;;
      *)
        # A connection that was cut is taken up again at once: the relay waits only so long.
        [ "$misses" -eq 0 ] || sleep 2
        misses=1
        continue
        ;;
    esac
    while read -r word rest; do
      case $word in
        signal)
          # There may be nothing yet that could be signalled: then it is asked for once more.
          if stop_command "${rest% *}"; then seen=${rest##* }; else sleep "$tick"; fi
          ;;
        state)
          case $rest in queued | awaiting_approval | running) ;; *) : >"$work/withdrawn" ;; esac
          ;;
      esac
    done <"$work/control.body"
    # What is withdrawn is said at once each time: no reason to ask as fast.
    [ ! -f "$work/withdrawn" ] || sleep 5
  done
}

# Signals the whole group of the command.
signal_command() { # SIGNAL
  local target
  case $1 in INT | TERM | KILL) ;; *) return 1 ;; esac
  [ -s "$work/group" ] && IFS= read -r target <"$work/group" || return 1
  : >"$work/stopping"
  kill -s "$1" -- "-$target" 2>/dev/null
}

# The same, and what ignores it is killed ten seconds later.
stop_command() { # SIGNAL
  signal_command "$1" || return 1
  (sleep 10 && signal_command KILL) &
}

attend_to() { # prompt|run
  set -m
  attend "$1" </dev/null >/dev/null 2>&1 16>&- 17>&- &
  attendant=$!
  set +m
}

leave_off() {
  [ -n "$attendant" ] || return 0
  # KILL: a shell that was forked a moment ago still has the traps of this one, and would clean up in its name.
  { kill -s KILL -- "-$attendant" && wait "$attendant"; } 2>/dev/null
  attendant=
}

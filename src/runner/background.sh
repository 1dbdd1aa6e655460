# shellcheck shell=bash
# Background jobs during a question or a command: heartbeat, limits and upload; and the watchdog.
#
# background_group   process group of the current background jobs; empty if there are none

background_group=''

# If SIGHUP kills a $( ), bash sends SIGHUP to all jobs of its parent, in any group. Ignore it.
outlive_terminal() { trap '' HUP; }

# Runs as long as the listener. When the listener gets SIGKILL, it ends the command and the requests, and removes the folder.
watchdog() {
  local file
  outlive_terminal
  while kill -0 "$$" 2>/dev/null; do sleep 1; done
  for file in "$work"/*.pid; do
    file=${file##*/}
    stop_transfer "${file%.pid}"
  done
  request leave POST /leave --max-time 5
  id=
  { IFS= read -r id <"$work/running"; } 2>/dev/null
  [ -z "$id" ] || ! signal_command TERM || reap_command
  let_streams_go
  remove_work
}

# The background jobs of a question (heartbeat only) or of a run (heartbeat, limits, upload of the output). They are a process group of
# their own, so that one signal also ends their curl and sleep.
background_jobs() { # prompt|run
  local behind=0 began
  outlive_terminal
  now_ms
  began=$now
  # A short command ends during this sleep, and the processes below are never started.
  [ "$1" = prompt ] || sleep "$head_start"
  heartbeat &
  [ "$1" = prompt ] || keep_limits &
  while kill -0 "$$" 2>/dev/null; do
    if [ "$1" = prompt ]; then
      sleep 1
      continue
    fi
    behind=0
    push_growth stdout
    push_growth stderr
    # behind=1: more output is waiting, continue at once. behind=2: after a large piece, more may follow within a moment.
    case $behind in
      1) ;;
      2) await_segment ;;
      *) sleep "$tick" ;;
    esac
  done
  # The listener got SIGKILL.
  kill 0
}

# Enforces the timeout and the output limits. A separate job, because a slow network may block the upload for a minute.
keep_limits() {
  local looked=$now pace=1 stream
  [ "$timeout" -eq 0 ] || pace=$tick
  while :; do
    rest "$pace"
    now_ms
    if [ "$timeout" -gt 0 ] && [ $((now - began)) -ge $((timeout * 1000)) ]; then
      stop_for timed_out TERM "timed out after $timeout s" && timeout=0
    fi
    [ $((now - looked)) -ge 1000 ] || continue
    looked=$now
    # A terminal that closed before the command got it sends the command no SIGHUP.
    if [ -f "$work/ending" ] || { [ "$mode" != auto ] && [ ! -t 15 ]; }; then stop_command TERM && return; fi
    if [ -f "$work/over_quota" ]; then stop_command KILL && return; fi
    [ "$has_dd$has_pipes" != 11 ] || continue
    # Without dd or pipes, nothing blocks the command when the spool grows.
    for stream in stdout stderr; do
      bytes_of "$work/spool.$id.$stream.0"
      if [ "$bytes" -gt "$output_limit" ]; then stop_for flooded KILL 'output limit exceeded' && return; fi
    done
  done
}

# Long-polls the relay during a question or a run. The responses carry signals from the client and report a cancelled command.
heartbeat() {
  local seen=0 word rest misses=0 idle=0
  # A short command ends during this sleep, and the request is never sent.
  sleep 1
  while :; do
    request control GET "/commands/$id/control?seen=$seen" --max-time 30
    case $http in
      200) misses=0 ;;
      204)
        misses=0
        floor_wait
        continue
        ;;
      404 | 409 | 410)
        : >"$work/withdrawn"
        # The session has ended: no client can stop the command any more.
        [ "$http" != 410 ] || stop_for session_gone TERM 'the session ended'
        return
        ;;
      *)
        # Retry at once after the first failure: the relay soon takes a silent listener for lost.
        [ "$misses" -eq 0 ] || sleep 2
        misses=1
        continue
        ;;
    esac
    while read -r word rest; do
      case $word in
        signal)
          # Where no process can be signalled yet, the signal is requested again.
          case $rest in 'INT '* | 'TERM '* | 'KILL '*) ;; *) continue ;; esac
          case ${rest#* } in '' | *[!0-9]* | ??????????*) continue ;; esac
          if stop_for client_signal "${rest% *}" "the client stopped it: SIG${rest% *}"; then seen=${rest#* } idle=0; else floor_wait; fi
          ;;
        state)
          case $rest in queued | awaiting_approval | running) ;; *) : >"$work/withdrawn" ;; esac
          ;;
      esac
    done <"$work/control.body"
    # For a cancelled command the relay responds at once: pause.
    [ ! -f "$work/withdrawn" ] || sleep 5
  done
}

start_background() { # prompt|run
  set -m
  background_jobs "$1" </dev/null >/dev/null 2>&1 16>&- 17>&- 20<&- 21>&- &
  background_group=$!
  set +m
}

stop_background() {
  [ -n "$background_group" ] || return 0
  # KILL: a shell that was forked a moment ago still has the traps of the listener, and would clean up as if it were the listener.
  { kill -s KILL -- "-$background_group" && wait "$background_group"; } 2>/dev/null
  background_group=
}

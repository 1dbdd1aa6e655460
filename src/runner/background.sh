# shellcheck shell=bash
# What goes on beside a question or a command: heartbeat, limits, upload, and the watchdog.
#
# background_group   process group of what goes on at the moment

background_group=''

# If SIGHUP kills a $( ), bash sends SIGHUP to all jobs of its parent, in any group. Ignore it.
outlive_terminal() { trap '' HUP; }

# Lives as long as this process: when the listener is killed outright, what it left goes too.
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

# Goes on beside a prompt or a run: a heartbeat that also brings signals and, once it runs, the upload of its output.
# It is a process group of its own, so that ending it ends its curl and its sleep as well.
background_jobs() { # prompt|run
  local behind=0 began
  outlive_terminal
  now_ms
  began=$now
  # A short command is over before it needs any of this, and is spared the processes.
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
    # More than one chunk is waiting: on with it. So it may be a moment after a large one.
    case $behind in
      1) ;;
      2) await_segment ;;
      *) sleep "$tick" ;;
    esac
  done
  # The listener was killed outright.
  kill 0
}

# Beside the upload, which a slow network may hold up for a minute.
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
    # A terminal that closed before the command had it sends it nothing.
    if [ -f "$work/ending" ] || { [ "$mode" != auto ] && [ ! -t 15 ]; }; then stop_command TERM && return; fi
    if [ -f "$work/over_quota" ]; then stop_command KILL && return; fi
    [ "$has_dd$has_pipes" != 11 ] || continue
    # Nothing holds the command back here.
    for stream in stdout stderr; do
      bytes_of "$work/spool.$id.$stream.0"
      if [ "$bytes" -gt "$output_limit" ]; then stop_for flooded KILL 'too much output' && return; fi
    done
  done
}

heartbeat() {
  local seen=0 word rest misses=0 idle=0
  # A short command is over before it needs any of this, and is spared the request.
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
          case $rest in 'INT '* | 'TERM '* | 'KILL '*) ;; *) continue ;; esac
          case ${rest#* } in '' | *[!0-9]* | ??????????*) continue ;; esac
          if stop_for client_signal "${rest% *}" "the client stopped it: SIG${rest% *}"; then seen=${rest#* } idle=0; else floor_wait; fi
          ;;
        state)
          case $rest in queued | awaiting_approval | running) ;; *) : >"$work/withdrawn" ;; esac
          ;;
      esac
    done <"$work/control.body"
    # The relay answers at once for a command that is withdrawn.
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
  # KILL: a shell that was forked a moment ago still has the traps of this one, and would clean up in its name.
  { kill -s KILL -- "-$background_group" && wait "$background_group"; } 2>/dev/null
  background_group=
}

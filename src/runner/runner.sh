#!/usr/bin/env bash
{ # One group, closed by the last line: of a copy that was cut short bash runs nothing, and exits with an error.
# The remotify runner: fetches commands from a relay, runs them here, sends back what they print and how they ended.
# It needs bash 3.2 and curl. The relay puts its values above this line; by hand they come from the environment:
#   REMOTIFY_URL=https://relay REMOTIFY_LISTENER_KEY=... REMOTIFY_MODE=supervised|auto bash runner.sh

set -u
umask 077

say() { printf 'remotify: %s\n' "$*"; }

fail() {
  printf 'remotify: error: %s\n' "$1" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# A sleep that a signal cuts short.
pause() {
  sleep "$1" &
  wait $! || kill $! 2>/dev/null
}

# ---------------------------------------------------------------------------------------------------- talking to the relay

# Keys and addresses reach curl through its standard input: arguments are for everyone on this machine to read in ps.
curl_config() { # METHOD PATH
  printf 'url = "%s/api/session/self%s"\n' "$relay_url" "$2"
  printf 'request = "%s"\n' "$1"
  printf 'header = "Authorization: Bearer %s"\n' "$listener_key"
  printf 'header = "Remotify-Listener: %s"\n' "$listener_id"
  printf 'header = "Remotify-Host: %s"\n' "$host_label"
  printf 'header = "Remotify-User: %s"\n' "$user_label"
  printf 'header = "Remotify-Mode: %s"\n' "$mode"
  printf 'header = "Expect:"\n'
}

# Sends a request. The answer's body is left in $work/SLOT.body; $http is its status, 000 when no whole answer came.
# curl runs in the background so that a signal is acted on at once, and so that the watchdog can end it.
request() { # SLOT METHOD PATH [CURL ARGUMENT...]
  local slot=$1 method=$2 path=$3 transfer outcome line is_relay=0 is_whole=0
  shift 3
  has_room=1
  : >"$work/$slot.body"
  : >"$work/$slot.head"
  curl_config "$method" "$path" 2>/dev/null |
    curl -q -sS -K - --proto "=$scheme" --connect-timeout 10 --speed-limit 1 --speed-time 60 \
      -o "$work/$slot.body" -D "$work/$slot.head" -w '%{http_code}' "$@" >"$work/$slot.code" 2>"$work/$slot.error" &
  transfer=$!
  printf '%s\n' "$transfer" >"$work/$slot.pid" 2>/dev/null
  http=000
  wait "$transfer"
  outcome=$?
  if [ "$outcome" -eq 0 ]; then
    # A portal or a proxy that answers in the relay's place has not answered. Nor has a relay whose head was cut: curl makes do with
    # any part of it, and takes what it does not know to be coming for an empty body.
    while IFS= read -r line; do
      case $line in
        HTTP/*) is_relay=0 is_whole=0 ;;
        [Rr][Ee][Mm][Oo][Tt][Ii][Ff][Yy]-[Vv]ersion:*) is_relay=1 ;;
        '' | $'\r') is_whole=1 ;;
      esac
    done <"$work/$slot.head"
    [ "$is_relay$is_whole" != 11 ] || IFS= read -r http <"$work/$slot.code" || :
    http=${http:-000}
  else
    # Cut short by a signal for the listener, or failed: nothing of it may go on.
    kill "$transfer" 2>/dev/null
    # What curl says of an answer that it could not write down.
    [ "$outcome" -ne 23 ] || has_room=0
  fi
  : >"$work/$slot.pid"
}

# Sends a file as a body, packed where that makes it smaller.
request_with() { # SLOT PATH FILE
  local plain
  bytes_of "$3"
  plain=$bytes
  if [ "$plain" -gt 2048 ] && has gzip && gzip -1 -c <"$3" >"$3.gz" 2>/dev/null; then
    bytes_of "$3.gz"
    if [ "$bytes" -lt "$plain" ]; then
      request "$1" POST "$2" -H 'Content-Encoding: gzip' --data-binary "@$3.gz"
      return
    fi
  fi
  request "$1" POST "$2" --data-binary "@$3"
}

# What the relay said, one line, made harmless for this screen.
answer_text() { head -c 300 "$work/$1.body" | head -n 1 | show_bytes; }

# The statuses after which the same request may be sent again: no answer, a relay that restarts, a proxy without one.
is_passing() { case $http in 000 | 408 | 429 | 5??) true ;; *) false ;; esac }

# Waits longer with each failure in a row, never in step with others. The first failure and the return are said, no more.
back_off() {
  local trouble='the relay does not answer'
  [ "$has_room" -eq 1 ] || trouble="there is no room in ${work%/*}"
  [ "$failures" -gt 0 ] || say "$trouble; trying again" >&2
  failures=$((failures + 1))
  local limit=$((failures < 6 ? 1 << (failures - 1) : 30))
  pause $((1 + RANDOM % limit))
}

settle() {
  [ "$failures" -eq 0 ] || say "the relay answers again" >&2
  failures=0
}

# ------------------------------------------------------------------------------------------------------- reading a command

# Takes a framed command apart: anything but a whole frame is an error, never a command.
# Sets $id $size $merge $stdin $timeout $from and leaves the bytes in $work/command.
read_frame() { # FILE
  local magic verb options word head end
  IFS= read -r head <"$1" || return 1
  read -r magic verb id size options <"$1" || return 1
  [ "$magic $verb" = 'remotify/1 run' ] || return 1
  case $id in c[1-9]*) ;; *) return 1 ;; esac
  case ${id#c} in *[!0-9]*) return 1 ;; esac
  case $size in '' | *[!0-9]* | ?????????*) return 1 ;; esac
  merge=0 stdin=0 timeout=0 from=''
  for word in $options; do
    case $word in
      merge=1) merge=1 ;;
      stdin=1) stdin=1 ;;
      timeout=*[!0-9]*) return 1 ;;
      timeout=?*) timeout=${word#timeout=} ;;
      from=*[!A-Za-z0-9._@/,+-]*) return 1 ;;
      from=*) from=${word#from=} ;;
    esac
  done
  end="remotify/1 end $id"
  bytes_of "$1"
  [ "$bytes" -eq "$((${#head} + 1 + size + 1 + ${#end} + 1))" ] || return 1
  [ "$(tail -c $((${#end} + 2)) "$1")" = $'\n'"$end" ] || return 1
  tail -c +$((${#head} + 2)) "$1" | head -c "$size" >"$work/command"
}

# Bytes as they can be shown: control and non-ASCII ones are spelled out, so that none acts on the screen.
show_bytes() { LC_ALL=C cat -vt; }

# Sets $columns, and $room: the rows of a command that fit on one screen with the question about it.
measure_screen() {
  local lines='' size=''
  [ "$mode" = auto ] || size=$({ stty size <&3; } 2>/dev/null)
  lines=${size%% *} columns=${size##* }
  [ "${columns:-0}" -ge 20 ] || columns=80
  [ "${lines:-0}" -ge 1 ] || lines=24
  # Beside the command: who asks, what is not shown or where it ends, the question, and a row for its answer's end.
  room=$((lines - 5))
  [ "$room" -ge 3 ] || room=3
}

# Cuts what will run into rows that fit the screen, each behind a mark: no text can pass for a row of ours. `brief` ends when the
# screen is full and says how much is not shown; `whole` asks before it goes on.
show_command() { # brief|whole
  local LC_ALL=C chunk taken piece width at limit mark='>>>' goes_on=0 rows=0 passed=0 is_cut=0
  measure_screen
  width=$((columns - 5)) piece=$((width * 50)) limit=$room
  show_bytes <"$work/command" >"$work/shown"
  # In pieces: shells are slow at cutting long lines.
  while IFS= read -r -n "$piece" chunk || [ -n "$chunk" ]; do
    taken=${#chunk}
    # An empty piece behind a full one is no more than the end of its line.
    if [ "$goes_on" -eq 0 ] || [ "$taken" -gt 0 ]; then
      at=0
      while :; do
        if [ "$rows" -ge "$limit" ]; then
          if [ "$1" = brief ] || ! turn_page; then
            is_cut=1 passed=$((passed + at))
            break 2
          fi
          limit=$((rows + room))
        fi
        printf '%s %s\n' "$mark" "${chunk:at:width}"
        rows=$((rows + 1)) at=$((at + width)) mark='  :'
        [ "$at" -lt "$taken" ] || break
      done
    fi
    passed=$((passed + taken))
    if [ "$taken" -eq "$piece" ]; then goes_on=1; else goes_on=0 mark='  |' passed=$((passed + 1)); fi
  done <"$work/shown"
  if [ "$is_cut" -eq 1 ]; then
    bytes_of "$work/shown"
    printf '    (%d of %d bytes NOT SHOWN%s)\n' $((bytes - passed)) "$bytes" "$more_hint"
  elif [ "$rows" -ge 2 ]; then
    printf '    (end of %s: %d rows, %d bytes)\n' "$id" "$rows" "$size"
  fi
}

# What the command is not, but is told with it: who says that they ask, and what will not be seen.
show_circumstances() {
  [ -z "$from" ] || printf '    (from %s, as it says of itself)\n' "$from"
  [ "$stdin" = 0 ] || printf '    (it reads what its client sends, which is not shown)\n'
}

# --------------------------------------------------------------------------------------------------------- beside the main

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
  remove_work
}

# What is ending at the same time may still write a file between the listing of the folder and its removal.
remove_work() {
  local turn=0
  while [ "$turn" -lt 50 ]; do
    ! rm -rf "$work" 2>/dev/null || return 0
    turn=$((turn + 1))
    sleep "$tick"
  done
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
    # More than one chunk is waiting: on with it.
    [ "$behind" -eq 1 ] || sleep "$tick"
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
    if [ -f "$work/ending" ] || { [ "$mode" != auto ] && [ ! -t 3 ]; }; then stop_command TERM && return; fi
    if [ -f "$work/over_quota" ]; then stop_command KILL && return; fi
    for stream in stdout stderr; do
      bytes_of "$work/$stream"
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
  attend "$1" </dev/null >/dev/null 2>&1 7>&- 8>&- &
  attendant=$!
  set +m
}

leave_off() {
  [ -n "$attendant" ] || return 0
  # KILL: a shell that was forked a moment ago still has the traps of this one, and would clean up in its name.
  { kill -s KILL -- "-$attendant" && wait "$attendant"; } 2>/dev/null
  attendant=
}

# --------------------------------------------------------------------------------------------------------------- asking

# Throws away what was typed before the question was on the screen: an answer cannot come before what it answers.
drain_terminal() {
  local saved
  if has stty && saved=$(stty -g <&3 2>/dev/null); then
    stty -icanon -echo min 0 time 0 <&3 && cat <&3 >/dev/null
    stty "$saved" <&3
    return
  fi
  while IFS= read -r -t 1 -n 4096 <&3; do :; done
}

# A read that failed for another reason than the time: there is no more to read. Old shells do not say which, but there a time-out takes its time.
is_input_over() { # STATUS BEGAN
  [ "$1" -le 128 ] && { [ "${BASH_VERSINFO[0]}" -ge 4 ] || [ "$SECONDS" -eq "$2" ]; }
}

# A line from the terminal, into $answer. 1: the command was withdrawn meanwhile. 2: Ctrl-C, the end of input or of the listener.
read_answer() {
  local began outcome typed=''
  while :; do
    began=$SECONDS answer=''
    # Waits in short turns: the command may be withdrawn, and a signal must not wait for the return key.
    IFS= read -r -t 2 answer <&3
    outcome=$?
    # A turn may be over in the middle of a line: what came of it is its beginning.
    typed=$typed$answer
    answer=$typed
    [ "$outcome" -ne 0 ] || return 0
    if [ -f "$work/withdrawn" ]; then
      printf '\n'
      return 1
    fi
    if [ "$interrupts" -eq 0 ] && is_input_over "$outcome" "$began"; then
      printf '\nremotify: the terminal is closed; ending\n'
      leaving=1
    fi
    if [ "$interrupts" -gt 0 ] || [ "$leaving" -gt 0 ]; then
      printf '\n'
      return 2
    fi
  done
}

# Between two screens of a long command. 1: enough.
turn_page() {
  local answer
  printf '    -- Return: more, q: enough -- '
  read_answer || return 1
  case $answer in [qQ]*) return 1 ;; esac
}

# Asks on the terminal. 0: run it. 1: declined, with words in $reason. 2: the command was withdrawn meanwhile.
ask() {
  local answer verdict=''
  attend_to prompt
  while [ -z "$verdict" ]; do
    reason=
    drain_terminal
    printf 'run it? [y/N, n REASON, a: always, v: view, q: end] '
    read_answer
    case $? in
      1) verdict=2 ;;
      2) verdict=1 ;;
      *) judge_answer ;;
    esac
  done
  leave_off
  interrupts=0
  return "$verdict"
}

# Sets $verdict and $reason by $answer, or leaves $verdict empty: ask again.
judge_answer() {
  local LC_ALL=C
  answer=${answer#"${answer%%[! ]*}"}
  case $answer in
    # What a terminal reports of itself is no word of its operator.
    *[[:cntrl:]]*) printf '    (that was no text; once more)\n' ;;
    # Whatever starts with y is a yes, as it always was.
    [yY]*) verdict=0 ;;
    [aA] | always)
      remember_always
      verdict=0
      ;;
    [vV] | view) show_command whole ;;
    [qQ] | quit)
      reason='the listener was ended' leaving=1
      verdict=1
      ;;
    *)
      case $answer in
        [nN][oO][\ ,:\;]*) reason=${answer#??} ;;
        [nN][\ ,:\;]*) reason=${answer#?} ;;
      esac
      reason=${reason#"${reason%%[! ,:\;]*}"}
      verdict=1
      ;;
  esac
}

# Scripts that the operator wants run unasked, byte for byte as they were seen, for as long as this listener lives. The same text with
# input from its client is another command.
always_form() {
  printf 'stdin=%s\n' "$stdin"
  cat "$work/command"
}

remember_always() {
  always=$((always + 1))
  always_form >"$work/always.$always" || rm -f "$work/always.$always"
}

is_always() {
  local LC_ALL=C nth=0 own
  [ "$always" -gt 0 ] || return 1
  own=$(always_form && printf .)
  while [ "$nth" -lt "$always" ]; do
    nth=$((nth + 1))
    [ "$own" != "$(cat "$work/always.$nth" 2>/dev/null && printf .)" ] || return 0
  done
  return 1
}

# Tells the relay of a decision and hears whether it stands. 0: it does. 1: not any more.
decide() { # start|decline [CURL ARGUMENT...]
  local verb=$1
  shift
  while :; do
    request decision POST "/commands/$id/$verb" --max-time 60 "$@"
    is_passing || break
    [ "$leaving" -eq 0 ] || return 1
    back_off
  done
  settle
  [ "$http" = 200 ]
}

# ---------------------------------------------------------------------------------------------------------------- running

# Turns this process into the command: default signals, the non-interactive environment, nothing of ours in it.
become_command() { # [WORD BEFORE IT...]
  trap - INT TERM HUP QUIT
  unset REMOTIFY_URL REMOTIFY_LISTENER_KEY REMOTIFY_MODE
  export DEBIAN_FRONTEND=noninteractive CI=true TERM=dumb PAGER=cat SYSTEMD_PAGER=cat GIT_TERMINAL_PROMPT=0
  if [ "$stdin" = 1 ]; then exec < <(feed_stdin); else exec </dev/null; fi
  exec "$@" "$BASH" -c "echo $leader >\"\$1\"; exec \"\$BASH\" \"\$2\"" remotify "$work/group" "$work/command" 3<&-
}

# Writes what the client sends into the command's input, until there is no more of the one or the other.
feed_stdin() {
  local offset=0 own="stdin.$id"
  # What this has to say is not the command's output.
  exec 2>/dev/null 3<&-
  while is_feeding; do
    request "$own" GET "/commands/$id/stdin?offset=$offset" --max-time 30
    # Another command may have begun meanwhile, which has a feeder of its own.
    is_feeding || return 0
    case $http in
      200)
        bytes_of "$work/$own.body"
        [ "$bytes" -gt 0 ] || return 0
        cat "$work/$own.body" || return 0
        offset=$((offset + bytes))
        ;;
      204) ;;
      *)
        is_passing || return 0
        sleep 1
        ;;
    esac
  done
}

is_feeding() {
  local fed=''
  IFS= read -r fed <"$work/feeding" && [ "$fed" = "$id" ]
}

stop_feeding() {
  [ -s "$work/feeding" ] || return 0
  : >"$work/feeding"
  [ ! -s "$work/stdin.$id.pid" ] || kill "$(cat "$work/stdin.$id.pid")" 2>/dev/null
  rm -f "$work/stdin.$id".*
}

# The command writes into pipes: a file it could truncate by opening /dev/stderr once more. What takes it from there is in the group of
# the listener, where no signal for the command ends it before all is written down.
open_streams() {
  rm -f "$work"/*.whole
  if [ "$has_pipes" -eq 0 ]; then
    # No /dev/fd here, as in some chroots: files, then, and whoever opens /dev/stderr is out of luck anyway.
    : >"$work/stdout.$id.whole"
    : >"$work/stderr.$id.whole"
    exec 7>>"$work/stdout"
    if [ "$merge" = 1 ]; then exec 8>&7; else exec 8>>"$work/stderr"; fi
    return
  fi
  exec 7> >(write_down stdout)
  if [ "$merge" = 1 ]; then exec 8>&7; else exec 8> >(write_down stderr 7>&-); fi
}

write_down() { # STREAM
  trap '' INT TERM HUP QUIT
  exec 2>/dev/null 3<&- 8>&-
  # Where there is no more room the command is not to be ended by it: the rest is taken, and said to be missing.
  cat >>"$work/$1" || { : >"$work/full" && cat >/dev/null; }
  # By id: what an earlier command left running may end while another one prints.
  : >"$work/$1.$id.whole"
}

# What was printed before the end is on its way for a moment longer. What the command left running may hold the pipes for ever.
close_streams() {
  local streams='stderr stdout' stream turn=0
  exec 7>&- 8>&-
  [ "$merge" = 0 ] || streams=stdout
  for stream in $streams; do
    while [ ! -f "$work/$stream.$id.whole" ] && [ "$turn" -lt "$drain_turns" ]; do
      turn=$((turn + 1))
      sleep "$blink"
    done
  done
}

# Leads the command's group and outlives it: this bash would end itself, in the middle of a loop, were its own child to die of
# an interrupt.
lead_command() { # [WORD BEFORE IT...]
  trap : INT TERM HUP QUIT
  # Bash says nothing of a child that ended with 137, and something of one that was killed: the one way to tell them apart.
  exec 2>"$work/death"
  (exec >&7 2>&8 7>&- 8>&- && become_command "$@")
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
  ! has stty || saved=$(stty -g <&3 2>/dev/null)
  leader="\$PPID"
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
  [ -z "$saved" ] || stty "$saved" <&3 2>/dev/null
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
  leader="\$\$"
  [ "${#apart[@]}" -gt 0 ] || leader="\$PPID"
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

# A disk that a command fills must leave room to tell of it: a file that can be given up.
keep_reserve() {
  [ -s "$work/reserve" ] || head -c 6291456 /dev/zero >"$work/reserve" 2>/dev/null || rm -f "$work/reserve"
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
  elif [ -t 3 ]; then
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

# ----------------------------------------------------------------------------------------------------------- sending back

# Sizes come in variables, not in substitutions: each of those is one process more between a command and its result.

bytes_of() { # FILE, sets $bytes
  bytes=0
  # Mostly there is nothing. exec: with a trap set, bash would fork once more.
  [ ! -s "$1" ] || bytes=$(exec wc -c <"$1") || bytes=0
  bytes=$((bytes))
}

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
  local query
  : >"$work/rest"
  query="exit_status=$exit_status"
  for stream in stdout stderr; do
    unsent_of "$stream"
    query="$query&${stream}_offset=$sent&${stream}_bytes=$unsent"
    # Not a byte more than was counted: what it left running may still write.
    [ "$unsent" -eq 0 ] || tail -c +$((sent - base + 1)) "$work/$stream" | head -c "$unsent" >>"$work/rest" 2>/dev/null
    pushed=$((pushed + bytes))
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
    409) resume_from result ;;
    507) is_over_quota result || : ;;
  esac
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

# --------------------------------------------------------------------------------------------------------- one command

# 0: run it.
is_approved() {
  local verdict=0
  if is_always; then
    printf '    (run unasked: always)\n'
  else
    ask || verdict=$?
  fi
  case $verdict in
    0) decide start && return 0 ;;
    1)
      printf '%s' "$reason" >"$work/reason"
      decide decline --data-binary "@$work/reason" || :
      printf '<<< declined\n'
      return 1
      ;;
  esac
  printf '<<< not run: it was cancelled or ran out of time\n'
  return 1
}

serve_command() {
  rm -f "$work/withdrawn" "$work/timed_out" "$work/flooded" "$work/full" "$work/over_quota" "$work/dropped" "$work/outcome" "$work/stopping" "$work/group" "$work/stdout" "$work/stderr" "$work/stdout.base" "$work/stderr.base"
  stdout_cut=0 stderr_cut=0
  show_command brief
  [ "$mode" = auto ] || { show_circumstances && is_approved; } || return 0
  run_command
  if send_result; then
    printf '<<< done (%d bytes pushed back)' "$pushed"
    [ "$exit_status" -eq 0 ] || printf ', exit status %d' "$exit_status"
    [ -z "$signal" ] || printf ' (%s)' "$signal"
    printf '\n'
  else
    printf '<<< done, but the result was not taken: %s\n' "$(answer_text result)"
  fi
}

announce() {
  if [ "$mode" = auto ]; then
    say "listening as $user_label@$host_label, running every command unasked (Ctrl-C ends)"
  else
    say "listening as $user_label@$host_label, asking before each command (Ctrl-C ends)"
  fi
}

listen() {
  # The first look does not wait: only a relay that let this listener in makes it one.
  local look='&wait=0'
  while [ "$leaving" -eq 0 ] && [ "$interrupts" -eq 0 ]; do
    request next GET "/next?had=$had$look" --max-time 30
    [ "$leaving" -eq 0 ] && [ "$interrupts" -eq 0 ] || return 0
    case $http in
      200 | 204)
        [ -z "$look" ] || announce
        look=
        ;;
    esac
    case $http in
      200)
        settle
        if read_frame "$work/next.body" && { [ "$mode" != auto ] || [ "$id" != "$had" ]; }; then
          # What was taken is never taken again, whatever becomes of its result.
          had=$id
          serve_command
          # It may have been closed while the command had it: then nobody is left to ask.
          [ "$mode" = auto ] || [ -t 3 ] || leaving=1
        else
          say "an answer that is no command was thrown away" >&2
          pause 2
        fi
        ;;
      204) settle ;;
      410)
        say "the session is over"
        return 0
        ;;
      409) fail "$(answer_text next); end that one first, or use a session of your own" ;;
      *)
        is_passing || fail "the relay refuses ($http): $(answer_text next)"
        back_off
        ;;
    esac
  done
}

# ---------------------------------------------------------------------------------------------------------------- set-up

clean_up() {
  # Whoever is in a hurry and says it twice stops none of what follows, which is short.
  trap '' INT TERM HUP
  # Only ever in the name of the listener itself.
  [ "$(exec sh -c "echo \$PPID")" = "$$" ] || return 0
  leave_off
  # The relay knows at once; a session that is over, or a relay that is gone, is not waited for.
  if [ "$http" != 410 ]; then
    local began=$SECONDS
    request leave POST /leave --max-time 3
    # A signal from before this may still cut the first wait short, and with it the farewell.
    [ "$http" != 000 ] || [ $((SECONDS - began)) -gt 1 ] || request leave POST /leave --max-time 3
  fi
  # Nothing of ours stays: neither the transfer that waits, nor the watchdog, nor the folder.
  [ ! -s "$work/next.pid" ] || kill "$(cat "$work/next.pid")" 2>/dev/null
  [ -z "$guard" ] || { kill -s KILL -- "-$guard" && wait "$guard"; } 2>/dev/null
  remove_work
}

# Folders of listeners that were killed outright together with their watchdogs. What is still in use is left.
sweep() {
  local folder host pid other leader
  for folder in "$temporary_folder"/remotify.??????????; do
    if [ -L "$folder" ] || ! [ -O "$folder" ] || ! [ -f "$folder/owner" ]; then continue; fi
    IFS=' ' read -r host pid other <"$folder/owner" || continue
    # Others may share the folder who have processes of their own.
    [ "$host" = "$host_label" ] || continue
    case $pid$other in '' | *[!0-9]*) continue ;; esac
    leader=
    [ ! -s "$folder/group" ] || IFS= read -r leader <"$folder/group"
    for pid in "$pid" "$other" ${leader:+"-$leader"}; do
      ! kill -0 -- "$pid" 2>/dev/null || continue 2
    done
    rm -rf "$folder"
  done
}

# What this host says of itself, in letters that need no quoting anywhere.
label() { printf '%s' "${1//[^A-Za-z0-9._-]/_}"; }

main() {
  relay_url=${REMOTIFY_URL:-} listener_key=${REMOTIFY_LISTENER_KEY:-} mode=${REMOTIFY_MODE:-supervised}
  failures=0 interrupts=0 leaving=0 attendant='' guard='' timeout=0 merge=0 stdin=0 http=000 has_room=1 exit_status=0 had='' signal='' pushed=0
  from='' always=0 more_hint='' chunk=1048576
  has curl || fail "curl is missing here"
  case $relay_url in
    http://?*) scheme=http ;;
    https://?*) scheme=https ;;
    *) fail "REMOTIFY_URL is not the address of a relay" ;;
  esac
  [ -n "$listener_key" ] || fail "REMOTIFY_LISTENER_KEY is missing"
  [ "$mode" = auto ] || { mode=supervised && more_hint='; v shows all'; }
  if [ "$mode" = supervised ] && ! { exec 3</dev/tty; } 2>/dev/null; then
    fail "there is no terminal to ask on; only the line of auto mode (remotify new --auto) runs without one"
  fi
  temporary_folder=${TMPDIR:-/tmp}
  # A name may begin with a dash.
  case $temporary_folder in /*) ;; *) temporary_folder=$PWD/$temporary_folder ;; esac
  work=$(mktemp -d "$temporary_folder/remotify.XXXXXXXXXX" 2>/dev/null) || fail "cannot make a private folder in $temporary_folder"
  trap clean_up EXIT
  trap 'interrupts=$((interrupts + 1))' INT
  trap 'leaving=1' TERM HUP
  host_label=$(label "${HOSTNAME:-unknown}")
  user_label=$(label "$(id -un 2>/dev/null || printf '%s' "${USER:-unknown}")")
  listener_id="${work##*.}-$$-$RANDOM$RANDOM"
  # Of one stream: what a listener's temporary folder is asked to hold.
  output_limit=1073741824
  tick=0.1 blink=0.02 drain_turns=40
  sleep "$tick" 2>/dev/null || tick=1 blink=1 drain_turns=2
  has_pipes=1
  { : > >(:); } 2>/dev/null || has_pipes=0
  apart=()
  if has setsid; then
    apart=(setsid)
  elif has perl; then
    apart=(perl -MPOSIX -e 'POSIX::setsid(); exec @ARGV or exit 127')
  fi
  set -m
  watchdog </dev/null >/dev/null 2>&1 &
  guard=$!
  set +m
  { printf '%s %d %d\n' "$host_label" "$$" "$guard" >"$work/owner"; } 2>/dev/null || fail "there is no room in $temporary_folder"
  sweep
  listen
}

main "$@"
}

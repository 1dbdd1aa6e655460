# shellcheck shell=bash
# The beginning and the end of a listener.
#
# work guard      its private folder; its watchdog
# temporary_folder tick blink drain_turns has_pipes apart output_limit more_hint   of this system and this start

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

# What is ending at the same time may still write a file between the listing of the folder and its removal.
remove_work() {
  local turn=0
  while [ "$turn" -lt 50 ]; do
    ! rm -rf "$work" 2>/dev/null || return 0
    turn=$((turn + 1))
    sleep "$tick"
  done
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

main() {
  relay_url=${REMOTIFY_URL:-} listener_key=${REMOTIFY_LISTENER_KEY:-} mode=${REMOTIFY_MODE:-supervised}
  failures=0 interrupts=0 leaving=0 attendant='' guard='' timeout=0 merge=0 stdin=0 http=000 has_room=1 exit_status=0 had='' signal='' pushed=0
  from='' always=0 more_hint='' terminal_used=0 leftover_ids='' leftover_pids='' more_output=0 had_output='' chunk=1048576
  has curl || fail "curl is missing here"
  case $relay_url in
    http://?*) scheme=http ;;
    https://?*) scheme=https ;;
    *) fail "REMOTIFY_URL is not the address of a relay" ;;
  esac
  [ -n "$listener_key" ] || fail "REMOTIFY_LISTENER_KEY is missing"
  [ "$mode" = auto ] || { mode=supervised && more_hint='; v shows all'; }
  if [ "$mode" = supervised ] && ! { exec 15</dev/tty; } 2>/dev/null; then
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

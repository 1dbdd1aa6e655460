# shellcheck shell=bash
# Starts a listener and cleans up when it ends.
#
# waits_for   process id of the question or of the poll that the listener waits for; empty while it waits for neither
# temporary_folder tick head_start blink instant glance quiet_turns drain_turns upload_turns has_pipes has_here_pipes apart output_limit
#             more_hint   set once at the start, depending on this system

waits_for='' more_hint=''

clean_up() {
  # Ignore further signals: the clean-up is short.
  trap '' INT TERM HUP
  # Only in the listener itself: processes that it forks inherit this trap.
  own_pid
  [ "$pid" = "$$" ] || return 0
  stop_background
  # Tell the relay at once, unless the session has ended. A relay that does not answer delays the end by a few seconds only.
  [ "$http" = 410 ] || say_farewell
  # End the poll and the watchdog, and remove the folder.
  stop_transfer next
  drop_ahead
  [ -z "$guard" ] || { kill -s KILL -- "-$guard" && wait "$guard"; } 2>/dev/null
  remove_work
}

# Ends the process that the listener waits for. The trap alone is not enough: bash may enter its wait after the signal was handled.
# TERM comes first: bash prints nothing about a job that dies of it, because the listener traps TERM; it would report a job that dies of
# KILL. KILL is for a process that was forked a moment ago and still has the traps of the listener.
end_wait() {
  [ -z "$waits_for" ] || { kill -s TERM "$waits_for" && kill -s KILL "$waits_for"; } 2>/dev/null
}

say_farewell() {
  if keep_work; then
    request leave POST /leave --max-time 3
    # A signal that came earlier may interrupt the wait for the first request, and end the request with it.
    [ "$is_cut" -eq 0 ] || request leave POST /leave --max-time 3
  else
    set_config POST /leave
    printf '%s' "$config" | curl -q -sS -g -K - --proto "=$scheme" --max-time 3 -o /dev/null 2>/dev/null
  fi
}

# Finds out what this system supports.
find_abilities() {
  # The limit of each output stream in bytes, where the listener cannot make the command wait.
  output_limit=1073741824
  tick=0.1 head_start=0.05 blink=0.02 instant=0.005 glance=0.001 quiet_turns=8 drain_turns=100 upload_turns=250
  sleep "$tick" 2>/dev/null || tick=1 head_start=1 blink=1 instant=1 glance=1 quiet_turns=2 drain_turns=10 upload_turns=5
  has_dd=0
  case $(LC_ALL=C dd if=/dev/null of=/dev/null bs=1 count=1 2>&1) in '0+0 records in'*) has_dd=1 ;; esac
  has_pipes=1
  { : > >(:); } 2>/dev/null || has_pipes=0
  # From bash 5.1 on, a short here-string is a pipe instead of a file, and the shell can wait for any process substitution.
  has_here_pipes=0
  [ "$((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1]))" -lt 501 ] || has_here_pipes=1
  apart=()
  if has setsid; then
    apart=(setsid)
  elif has perl; then
    apart=(perl -MPOSIX -e 'POSIX::setsid(); exec @ARGV or exit 127')
  fi
}

read_values() {
  relay_url=${REMOTIFY_URL:-} listener_key=${REMOTIFY_LISTENER_KEY:-} mode=${REMOTIFY_MODE:-supervised}
  case $relay_url in
    http://?*) scheme=http ;;
    https://?*) scheme=https ;;
    *) fail "REMOTIFY_URL must be an http:// or https:// URL" ;;
  esac
  [ -n "$listener_key" ] || fail "REMOTIFY_LISTENER_KEY is not set"
  [ "$mode" = auto ] || { mode=supervised && more_hint='; v shows all'; }
}

# Creates the folder and the listener's id, which contains the folder's name.
open_folder() {
  temporary_folder=${TMPDIR:-/tmp}
  # An absolute path: a relative name may begin with a dash.
  case $temporary_folder in /*) ;; *) temporary_folder=$PWD/$temporary_folder ;; esac
  work=$(mktemp -d "$temporary_folder/remotify.XXXXXXXXXX" 2>/dev/null) || fail "cannot create a private folder in $temporary_folder: set TMPDIR to a folder that you can write to"
  [ -O "$work" ] || is_owned=0
  host_label=$(label "${HOSTNAME:-unknown}")
  user_label=$(label "$(id -un 2>/dev/null || printf '%s' "${USER:-unknown}")")
  listener_id="${work##*.}-$$-$RANDOM$RANDOM"
}

main() {
  has curl || fail "curl is not installed"
  read_values
  if [ "$mode" = supervised ] && ! { exec 15</dev/tty; } 2>/dev/null; then
    fail "no terminal to ask for approval on; use the auto-mode line (remotify new --auto)"
  fi
  open_folder
  trap clean_up EXIT
  trap 'interrupts=$((interrupts + 1)); end_wait' INT
  trap 'leaving=1; end_wait' TERM HUP
  find_abilities
  find_exported_options
  set -m
  watchdog </dev/null >/dev/null 2>&1 &
  guard=$!
  set +m
  name_space
  write_owner || fail "no space left in $temporary_folder: free some space, or set TMPDIR to another folder"
  measure_room
  open_uploads
  sweep
  listen
}

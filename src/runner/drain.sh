# shellcheck shell=bash
# Waits until all output of a command that has ended is in the spool.

is_whole() {
  local stream
  for stream in stdout stderr; do
    [ -f "$work/spool.$id.$stream.whole" ] || return 1
  done
}

# Sets $reached to the write positions of both streams. Returns 1 if a writer waits for space in the spool.
look_at_streams() {
  local stream nth held
  reached=
  for stream in stdout stderr; do
    spool_of "$stream"
    nth='' held=0
    IFS=' ' read -r nth held 2>/dev/null <"$spool.at"
    [ "$held" = 0 ] || return 1
    case $nth in '' | *[!0-9]*) continue ;; esac
    bytes_of "$spool.$((nth % slots))"
    reached="$reached $nth:$bytes"
  done
}

# Waits for output that is still in the pipes. A background process of the command may hold the pipes open forever: the listener waits
# while that process prints, ten seconds at most, and stops once it has printed nothing for most of a second.
close_streams() {
  local reached before='' turn=0 quiet=0 brief=0 spool
  exec 16>&- 17>&-
  while ! is_whole; do
    if [ "$brief" -lt 158 ]; then
      # Usually this takes a few milliseconds, and checking again is cheaper than a sleep.
      brief=$((brief + 1))
      if [ "$brief" -le 150 ]; then :; elif [ "$brief" -lt 155 ]; then sleep "$glance"; else sleep "$blink"; fi
      continue
    fi
    [ "$interrupts" -lt 2 ] || leaving=1
    [ "$leaving" -eq 0 ] || break
    sleep "$tick"
    # The spool is full: keep waiting until the relay has accepted enough of it.
    look_at_streams || { quiet=0 && continue; }
    turn=$((turn + 1)) quiet=$((quiet + 1))
    [ "$reached" = "$before" ] || { quiet=0 && before=$reached; }
    [ "$quiet" -lt "$quiet_turns" ] || break
    [ "$quiet" -ne 2 ] || command_lives || break
    if [ "$turn" -ge "$drain_turns" ] || { [ -f "$work/stopping" ] && [ "$turn" -ge "$quiet_turns" ]; }; then break; fi
  done
  hear_totals
  ! is_whole || return 0
  let_streams_go
  [ "$turn" -lt "$drain_turns" ] ||
    add_notice "a background process still holds the output open; its further output is discarded"
}

# From here on, further output in the pipes is discarded.
let_streams_go() {
  local file reader
  : 2>/dev/null >"$work/kept"
  for file in "$work"/spool.*.reader; do
    reader=0
    [ ! -s "$file" ] || IFS=' ' read -r reader 2>/dev/null <"$file"
    case $reader in 0 | *[!0-9]*) ;; *) kill -s KILL "$reader" 2>/dev/null ;; esac
  done
}

# Appends a message of the runner to the command's output.
add_notice() { # TEXT
  local errors=stderr size LC_ALL=C
  [ "$merge" = 0 ] || errors=stdout
  state_of "$errors"
  size_of "$nth"
  printf '%d\n' "$size" 2>/dev/null >"$spool.$((nth % slots)).size"
  nth=$((nth + 1))
  printf '\nremotify: %s\n' "$1" 2>/dev/null >"$spool.$((nth % slots))"
  noted=$((noted + ${#1} + 12))
  tell_at "$nth" 0
}

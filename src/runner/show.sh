# shellcheck shell=bash
# The command on the operator's screen.
#
# columns room   of the terminal: its width, and the rows for a command beside the question about it

# Bytes as they can be shown: control and non-ASCII ones are spelled out, so that none acts on the screen.
show_bytes() { LC_ALL=C cat -vt; }

# Sets $columns, and $room: the rows of a command that fit on one screen with the question about it.
measure_screen() {
  local lines='' size=''
  [ "$mode" = auto ] || size=$({ stty size <&15; } 2>/dev/null)
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

# shellcheck shell=bash
# Displays a command on the operator's screen.
#
# columns lines      last measured size of the terminal
# shown_size         size of the terminal when the command was displayed
# room is_low        rows available for the command itself; 1 on a terminal of fewer than 6 rows
# screen_rows        rows printed since the display of the command began
# shown_text         text of the current command, as displayed
# terminal_used      1 once a command had the terminal

terminal_used=0

# Escapes control and non-ASCII bytes, so that none of them acts on the terminal.
show_bytes() { LC_ALL=C cat -vt; }

# Sets $columns and $lines. Without stty, bash 5 sets LINES and COLUMNS after an external command; older ones assume 80 by 24.
measure_screen() {
  local size=''
  columns=80 lines=24
  [ "$mode" != auto ] || return 0
  if has stty; then
    size=$({ stty size <&15; } 2>/dev/null)
  else
    size=$(shopt -s checkwinsize && unset LINES COLUMNS && { head -c 0 /dev/null; printf '%s %s' "${LINES:-}" "${COLUMNS:-}"; })
  fi
  case $size in
    *[!0-9\ ]* | ' '* | *' ' | '') ;;
    [1-9]*' '[1-9]*) lines=${size%% *} columns=${size##* } ;;
  esac
}

# Computes the rows for the command. Rows never wrap, so each counts as one. Reserved: the note about hidden bytes or the end, the
# question, the sender, stdin, leftovers of earlier commands and, on 8 rows or more, a row for a long answer.
plan_screen() {
  measure_screen
  shown_size="$columns $lines" screen_rows=0 is_low=0 room=$((lines - 2)) width=$((columns - 5))
  if [ "$lines" -lt 6 ]; then
    is_low=1
  else
    [ -z "$from" ] || room=$((room - 1))
    [ "$stdin" = 0 ] || room=$((room - 1))
    [ -z "$leftover_ids" ] || room=$((room - 1))
    [ "$lines" -lt 8 ] || room=$((room - 1))
  fi
}

is_too_small() { [ "$columns" -lt 8 ] || [ "$room" -lt 1 ]; }

# Resets terminal state that a command may have left: an unfinished sequence, alternate screen, scroll region, margins, origin mode,
# insert mode, character set, no wrapping, hidden cursor, colours, mouse, printer. Then moves to a new row at the bottom.
reset_screen() {
  if [ "${TERM:-dumb}" = dumb ]; then
    [ "$terminal_used" -eq 0 ] || printf '\n'
    return
  fi
  if [ "$terminal_used" -eq 0 ]; then
    # Keys that were typed ahead may be on this row.
    printf '\r\033[K'
    return
  fi
  printf '\030\033\\\033<\033[!p\033[?47l\033[?1047l\033[?1049l\033[?69l\033[r\033[?6l\033[4l\033[20l\033[?7h\033[?25h\033[?5l\033[?2026l'
  printf '\033[?1000l\033[?1002l\033[?1003l\033[?1004l\033[?1006l\033[?2004l\033[?1l\033>\033[4i\033[m\033(B\033)B\017'
  [ "$has_utf8" = 0 ] || printf '\033%%G'
  case $TERM in
    # Reset the colour palette and the default colours of the terminal.
    xterm* | rxvt* | tmux* | screen* | alacritty* | foot* | *kitty*) printf '\033]104\a\033]110\a\033]111\a' ;;
  esac
  printf '\033[999;1H\n\033[K'
}

# Reads the command into $held. 1: its size is not that of the frame, also if it contains a zero byte, which a variable cannot hold.
read_command() {
  local LC_ALL=C
  held=''
  if [ "$size" -le 4096 ]; then
    IFS= read -r -d '' held 2>/dev/null <"$work/command"
  else
    held=$(cat "$work/command" 2>/dev/null && printf .) 2>/dev/null
    held=${held%.}
  fi
  [ "${#held}" -eq "$size" ]
}

hold_text() {
  local held
  read_command || { shown_text='' && return 1; }
  shown_text=$held
}

# 0: the text in the file is still the one that was displayed.
is_unchanged() {
  local held
  read_command && [ "$held" = "$shown_text" ]
}

# Sets $fit to the first of these texts that fits on one row, else to the truncated last one.
choose_fitting() { # TEXT...
  for fit in "$@"; do
    [ "${#fit}" -ge "$columns" ] || return 0
  done
  fit=${fit:0:columns-1}
}

print_note() { # TEXT...
  local fit
  choose_fitting "$@"
  printf '%s\n' "$fit"
  screen_rows=$((screen_rows + 1))
}

take_command_row() {
  if [ "$rows" -ge "$limit" ]; then
    if [ "$extent" = brief ] || ! turn_page; then
      is_cut=1
      return 1
    fi
    limit=$((rows + room))
  fi
  printf '%s%s\n' "$row_mark" "$row"
  rows=$((rows + 1))
}

# Bash before 4 uses some control characters internally. There a text that contains one is escaped first, and $size counts the escaped
# bytes.
spell_controls() {
  local LC_ALL=C
  [ "${BASH_VERSINFO[0]}" -lt 4 ] || return 0
  case $text in
    *[!\ -~$'\n\r\t\x80'-$'\xff']*)
      text=$(printf '%s.' "$text" | show_bytes)
      text=${text%.} size=${#text}
      ;;
  esac
}

# Prints the command in rows that fit the screen, each with a mark before it, so that no text looks like a row of the listener. `brief`
# stops when the screen is full and prints how many bytes are hidden; `whole` asks before each further screen.
show_command() { # brief|whole
  local text=$shown_text size=$size width take_row=take_command_row keeps_syntax=0 extent=$1 limit rows=0 is_cut=0 row row_width row_from row_mark
  know_locale
  plan_screen
  ! is_too_small || return 0
  [ "$mode" = auto ] || [ "$extent" = whole ] || reset_screen
  limit=$room
  spell_controls
  lay_out '>>> ' '  | ' '  : '
  # For a long command, count the rows of the last screen only.
  screen_rows=$((rows < room ? rows : room))
  if [ "$is_cut" -eq 1 ]; then
    print_note "    ($((size - row_from)) of $size bytes NOT SHOWN$more_hint)" "($((size - row_from)) bytes NOT SHOWN)" \
      "($((size - row_from)) NOT SHOWN)" 'NOT SHOWN'
  elif [ "$rows" -ge 2 ] && [ "$is_low" -eq 0 ]; then
    print_note "    (end of $id: $rows rows, $size bytes)" "(end, $size bytes)" '(end)'
  fi
}

# Prints the notes below the command: its sender, its hidden stdin, and processes of earlier commands that still run.
show_circumstances() {
  local name=${from//,/, }
  name=${name:0:80}
  ! is_too_small && [ "$is_low" -eq 0 ] || return 0
  if [ -n "$name" ]; then
    if [ "$columns" -ge 40 ]; then
      print_note "    (from $name, unverified)" "    (from ${name:0:columns-27}..., unverified)"
    else
      print_note "    (from $name, unverified)" "(from ${name:0:columns-11}...)"
    fi
  fi
  [ "$stdin" = 0 ] || print_note '    (stdin comes from the client and is not shown)' '(stdin not shown)'
  [ -z "$leftover_ids" ] || show_leftovers
}

# Displays the command again: the question must not be asked while the command has scrolled off the screen.
show_again() {
  find_leftovers
  show_command brief
  show_circumstances
}

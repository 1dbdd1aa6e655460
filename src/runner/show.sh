# shellcheck shell=bash
# The command on the operator's screen.
#
# columns lines      of the terminal, as last measured
# shown_size         the same when the command was displayed
# room is_low        rows for a command beside what is printed with it; 1 on a terminal of few rows
# screen_rows        rows printed since the beginning of the display
# shown_text         the text of the command at hand, as it was displayed
# terminal_used      1 once a command had the terminal

terminal_used=0

# Bytes as they can be shown: control and non-ASCII ones are spelled out, so that none acts on the screen.
show_bytes() { LC_ALL=C cat -vt; }

# Sets $columns and $lines. Without stty, bash 5 knows them after an external command; else the usual size is assumed.
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

# A row never wraps, so that each counts as one. Beside the command: what is not shown or where it ends, the question, who asks, what
# input it has, what an earlier command left, and where there is room a row for a long answer.
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

# Takes back what a command may have left: an unfinished sequence, the alternate screen, a scroll region, margins, origin mode, insert
# mode, another character set, no wrapping, a hidden cursor, colours, the mouse, a printer. Then a row of its own at the bottom.
reset_screen() {
  if [ "${TERM:-dumb}" = dumb ]; then
    [ "$terminal_used" -eq 0 ] || printf '\n'
    return
  fi
  if [ "$terminal_used" -eq 0 ]; then
    # What was typed ahead may be on this row.
    printf '\r\033[K'
    return
  fi
  printf '\030\033\\\033<\033[!p\033[?47l\033[?1047l\033[?1049l\033[?69l\033[r\033[?6l\033[4l\033[20l\033[?7h\033[?25h\033[?5l\033[?2026l'
  printf '\033[?1000l\033[?1002l\033[?1003l\033[?1004l\033[?1006l\033[?2004l\033[?1l\033>\033[4i\033[m\033(B\033)B\017'
  [ "$has_utf8" = 0 ] || printf '\033%%G'
  case $TERM in
    # Colours of the terminal itself.
    xterm* | rxvt* | tmux* | screen* | alacritty* | foot* | *kitty*) printf '\033]104\a\033]110\a\033]111\a' ;;
  esac
  printf '\033[999;1H\n\033[K'
}

# Reads the text of the command into $held. 1: it is not of the size that was told. A zero byte ends a variable, and no command has one.
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

# Sets $fit to the first of these texts that fits on one row, or cuts the last one.
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

# Shells before 4 take some control characters in a text for marks of their own. There such a text is spelled out beforehand, and what
# is counted is what is shown.
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

# Cuts what will run into rows that fit the screen, each with a mark before it, so that no text looks like a row of the listener's. `brief` ends when the
# screen is full and says how much is not shown; `whole` asks before it goes on.
show_command() { # brief|whole
  local text=$shown_text size=$size width take_row=take_command_row keeps_syntax=0 extent=$1 limit rows=0 is_cut=0 row row_width row_from row_mark
  know_locale
  plan_screen
  ! is_too_small || return 0
  [ "$mode" = auto ] || [ "$extent" = whole ] || reset_screen
  limit=$room
  spell_controls
  lay_out '>>> ' '  | ' '  : '
  # Of a long one the last screen is counted.
  screen_rows=$((rows < room ? rows : room))
  if [ "$is_cut" -eq 1 ]; then
    print_note "    ($((size - row_from)) of $size bytes NOT SHOWN$more_hint)" "($((size - row_from)) bytes NOT SHOWN)" \
      "($((size - row_from)) NOT SHOWN)" 'NOT SHOWN'
  elif [ "$rows" -ge 2 ] && [ "$is_low" -eq 0 ]; then
    print_note "    (end of $id: $rows rows, $size bytes)" "(end, $size bytes)" '(end)'
  fi
}

# Prints the rows below the command: who sent it, that its stdin is not shown, what still runs of earlier commands.
show_circumstances() {
  local name=${from:0:80}
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

# Once more, as the question must not be asked of a screen from which it has moved.
show_again() {
  find_leftovers
  show_command brief
  show_circumstances
}

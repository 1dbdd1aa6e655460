# shellcheck shell=bash
# Asks the operator for approval of a command and reads the answer.
#
# answer reason   the operator's last line; the reason sent with a decline
# always          number of commands that the operator approved with "always", until this listener ends; always_texts holds them

always=0

# Discards keys that were typed before the question was on the screen: they cannot be an answer to it. Without stty an unfinished line
# cannot be discarded: then y is not enough, the operator has to type a word.
drain_terminal() {
  local saved drain
  if has stty && saved=$(stty -g <&15 2>/dev/null); then
    stty -icanon -echo min 0 time 0 <&15 && cat <&15 >/dev/null
    stty "$saved" <&15
    return
  fi
  cat <&15 >/dev/null 2>&1 &
  drain=$!
  sleep "$tick"
  { kill -s KILL "$drain" && wait "$drain"; } 2>/dev/null
}

# Sets $answer. A child reads the line, so that the listener handles signals at once. When the child is killed, an unfinished line stays
# in the terminal. Returns 1 if the command was cancelled or expired, 2 after Ctrl-C, at the end of input, or when the listener ends.
read_answer() {
  local reader watcher outcome=0
  answer=''
  if [ ! -f "$work/withdrawn" ] && [ "$interrupts" -eq 0 ] && [ "$leaving" -eq 0 ]; then
    keep_work
    { : >"$work/line"; } 2>/dev/null
    head -n 1 <&15 2>/dev/null >"$work/line" &
    reader=$! waits_for=$!
    # A signal that came before this line found no process to end.
    [ "$leaving$interrupts" = 00 ] || end_wait
    # The watchdog ends the reader when the listener gets SIGKILL.
    printf '%s\n' "$reader" 2>/dev/null >"$work/reader.pid"
    end_when_withdrawn "$reader" </dev/null >/dev/null 2>&1 &
    watcher=$!
    while kill -0 "$reader" && [ "$interrupts" -eq 0 ] && [ "$leaving" -eq 0 ]; do wait "$reader"; done 2>/dev/null
    waits_for=
    # Wait only for a process that kill could reach: a signal that arrives while bash reaps a child can make bash miss its end, and
    # waiting for it would then block forever.
    { kill -s KILL "$watcher" && wait "$watcher"; } 2>/dev/null
    { kill -s KILL "$reader" && wait "$reader"; } 2>/dev/null
    { : >"$work/reader.pid"; } 2>/dev/null
    if [ "$interrupts" -eq 0 ] && [ "$leaving" -eq 0 ]; then
      # A line without a newline means the end of input.
      ! { IFS= read -r answer <"$work/line"; } 2>/dev/null || return 0
      # The folder was removed, and the line with it: ask again. A background job may already have created the folder again.
      if [ ! -f "$work/line" ] && keep_work && { : >"$work/line"; } 2>/dev/null; then answer=$'\t' && return 0; fi
    fi
  fi
  printf '\n'
  [ ! -f "$work/withdrawn" ] || return 1
  if [ "$interrupts" -eq 0 ] && [ "$leaving" -eq 0 ]; then
    say 'terminal closed; exiting'
    leaving=1
  fi
  return 2
}

end_when_withdrawn() { # PROCESS
  while sleep 1 && kill -0 "$$"; do
    [ ! -f "$work/withdrawn" ] || kill "$1"
  done
  kill "$1"
}

# Waits for Enter between two screens of a long text. Returns 1 if the operator stops.
turn_page() {
  local answer fit
  choose_fitting '    -- Enter: next page, q: stop -- ' '-- Enter, q: stop -- ' '-- Enter, q -- '
  printf '%s' "$fit"
  read_answer || return 1
  case $answer in [qQ]*) return 1 ;; esac
}

# Decides about the command on the screen. 0: run it. 1: declined, with the reason in $reason. 2: it was cancelled or expired.
review() {
  if [ -z "$shown_text" ]; then
    reason='the command cannot be displayed: it contains a zero byte'
    return 1
  fi
  if [ -z "$leftover_ids" ] && is_always; then
    printf '    (auto-approved: you answered "always")\n'
    return 0
  fi
  ask
}

# Asks on the terminal. Returns 0, 1 or 2 as above.
ask() {
  local answer verdict='' saved=''
  start_background prompt
  if has stty && saved=$(stty -g <&15 2>/dev/null); then
    # Stops background processes that try to write to the terminal during the question.
    stty tostop <&15
  fi
  [ "${REMOTIFY_BELL:-1}" = 0 ] || printf '\a'
  while [ -z "$verdict" ]; do
    reason=
    if is_too_small; then
      reason="the operator's terminal is too small to show a command: $columns columns, $lines rows"
      say "$reason"
      verdict=1
      break
    fi
    drain_terminal
    put_question
    read_answer
    case $? in
      1) verdict=2 ;;
      2)
        verdict=1
        [ "$leaving" -eq 0 ] || reason='the listener was ended'
        ;;
      *) judge_answer ;;
    esac
  done
  [ -z "$saved" ] || stty "$saved" <&15 2>/dev/null
  stop_background
  interrupts=0
  return "$verdict"
}

# Prints the question on one row, with space for an answer and, on a wide terminal, for the beginning of a reason.
put_question() {
  local yes=y all='y/N' named='a: always' other='' output='' o='' k='' unseen='' question
  draw_word
  if [ -n "$word" ]; then
    yes=$word all="$word: yes, N" named="a $word: always"
    [ -z "$leftover_ids" ] || other=', k: stop leftovers' k=/k
  fi
  [ "$more_output" -eq 0 ] || output=', o: last output' o=/o
  # On a terminal with few rows this note has no row of its own.
  if [ "$is_low" -eq 1 ] && [ "$stdin" = 1 ]; then unseen='stdin not shown; '; fi
  question="${unseen}run it? [$all, n REASON, $named, v: view$output$other, q: quit] "
  if [ $((${#question} + 8)) -gt "$columns" ]; then
    for question in "${unseen}run? [$yes/n/a$k/v$o/q] " "${unseen:+stdin! }run? [$yes/n$k/v/q] " \
      "${unseen:+stdin! }[$yes/n$k/v/q] " "${unseen:+stdin! }[$yes/n$k] " "${unseen:+stdin! }[$yes/n] " "$yes/n "; do
      [ $((${#question} + ${#yes} + 1)) -gt "$columns" ] || break
    done
  fi
  printf '%s' "$question"
  screen_rows=$((screen_rows + 1))
}

explain_answers() {
  print_note "    ${word:-y}: run this command" "    ${word:-y}: run it"
  print_note '    Enter, n REASON: do not run it; the client gets the reason' '    Enter, n REASON: no'
  print_note "    a${word:+ $word}: run it now, and without asking whenever it comes again" "    a${word:+ $word}: always"
  print_note '    v: show all of it' '    v: view'
  [ "$more_output" -eq 0 ] || print_note '    o: show the last output' '    o: output'
  [ -z "$leftover_ids" ] || print_note '    k: stop the processes of earlier commands' '    k: stop leftovers'
  print_note '    q: do not run it, and quit the listener' '    q: quit'
}

# Sets $verdict and $reason from $answer. An empty $verdict means that the question is asked again.
judge_answer() {
  local LC_ALL=C
  answer=${answer#"${answer%%[! ]*}"}
  case $answer in
    # A control sequence is a report of the terminal, not an answer of the operator.
    *[[:cntrl:]]*) ask_again 'invalid input, try again' ;;
    [kK])
      [ -z "$leftover_ids" ] || stop_leftovers
      show_again
      ;;
    [oO])
      show_output
      show_again
      ;;
    [vV] | view) show_command whole ;;
    '?' | [hH] | help)
      explain_answers
      show_again
      ;;
    [qQ] | quit)
      reason='the listener was ended' leaving=1
      verdict=1
      ;;
    *) approve_or_decline ;;
  esac
}

approve_or_decline() {
  case $answer in
    [aA] | always) approve '' && remember_always ;;
    # With the word, as in "a xyz". Otherwise it is a sentence that starts with "a", which must not approve every later run.
    [aA]\ * | always\ *)
      if [ -n "$word" ]; then
        approve "${answer#"${answer%%[ ]*}"}" && remember_always
      else
        ask_again 'unclear: answer y, a, or n REASON'
      fi
      ;;
    [yY]*) approve '' ;;
    *)
      if [ -n "$word" ] && [ "$answer" = "$word" ]; then
        approve " $answer"
        return
      fi
      case $answer in
        [nN][oO][\ ,:\;]*) reason=${answer#??} ;;
        [nN][\ ,:\;]*) reason=${answer#?} ;;
      esac
      reason=${reason#"${reason%%[! ,:\;]*}"}
      verdict=1
      ;;
  esac
}

# Sets $verdict to 0. Returns 1 if the question is asked again.
approve() { # THE WORD, WITH A BLANK BEFORE IT
  if [ -n "$word" ] && [ "$1" != " $word" ]; then
    ask_again "not approved: type the word in the question"
    return 1
  fi
  measure_screen
  if [ "$columns $lines" != "$shown_size" ]; then
    printf '    (the terminal size changed; answer again)\n'
    show_again
    return 1
  fi
  verdict=0
}

# Displays the command again when long answers would have scrolled it off the screen.
ask_again() { # WHY
  print_note "    ($1)" "($1)"
  screen_rows=$((screen_rows + (${#answer} * 8 + 60) / columns + 1))
  [ "$screen_rows" -le "$lines" ] || show_again
}

# Remembers the text and whether it has stdin: with stdin it is another command. Kept in memory, because a file could be modified.
remember_always() {
  always_texts[always]="$stdin $shown_text"
  always=$((always + 1))
}

is_always() {
  local nth=0
  while [ "$nth" -lt "$always" ]; do
    [ "$stdin $shown_text" != "${always_texts[nth]}" ] || return 0
    nth=$((nth + 1))
  done
  return 1
}

# Reports a decision to the relay. Returns 1 if the relay does not accept it any more.
decide() { # start|decline [CURL ARGUMENT...]
  local verb=$1
  shift
  while :; do
    request decision POST "/commands/$id/$verb" --max-time 60 "$@"
    is_passing || break
    [ "$leaving" -eq 0 ] || return 1
    back_off
  done
  clear_failures
  [ "$http" = 200 ]
}

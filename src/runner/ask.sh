# shellcheck shell=bash
# The question to the operator, and the answer.
#
# answer reason   the operator's last line; the words with a refusal
# always          how many commands are approved for as long as this listener lives; always_texts has them

always=0

# Throws away what was typed before the question was on the screen: an answer cannot come before what it answers. Without stty a line
# that is not finished stays: then a word is asked for.
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

# A child reads the line, so that a signal for the listener is heard at once. What was typed of a line when the child is ended stays in
# the terminal. Sets $answer. 1: the command was withdrawn meanwhile. 2: Ctrl-C, the end of input or of the listener.
read_answer() {
  local reader watcher outcome=0
  answer=''
  if [ ! -f "$work/withdrawn" ] && [ "$interrupts" -eq 0 ] && [ "$leaving" -eq 0 ]; then
    keep_work
    { : >"$work/line"; } 2>/dev/null
    head -n 1 <&15 2>/dev/null >"$work/line" &
    reader=$! waits_for=$!
    # A signal that came before has ended nothing.
    [ "$leaving$interrupts" = 00 ] || end_wait
    # The watchdog ends it when the listener is killed outright.
    printf '%s\n' "$reader" 2>/dev/null >"$work/reader.pid"
    end_when_withdrawn "$reader" </dev/null >/dev/null 2>&1 &
    watcher=$!
    while kill -0 "$reader" && [ "$interrupts" -eq 0 ] && [ "$leaving" -eq 0 ]; do wait "$reader"; done 2>/dev/null
    waits_for=
    # Only for one that is still there: a signal that comes while bash learns of the end of a child makes it lose that end, and a wait
    # for it would last for ever.
    { kill -s KILL "$watcher" && wait "$watcher"; } 2>/dev/null
    { kill -s KILL "$reader" && wait "$reader"; } 2>/dev/null
    { : >"$work/reader.pid"; } 2>/dev/null
    if [ "$interrupts" -eq 0 ] && [ "$leaving" -eq 0 ]; then
      # A line without its end is the end of input.
      ! { IFS= read -r answer <"$work/line"; } 2>/dev/null || return 0
      # The folder was removed, and the line with it: it is asked for again. What goes on beside the question may have created the
      # folder again by now.
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

# Between two screens of a long text. 1: enough.
turn_page() {
  local answer fit
  choose_fitting '    -- Enter: next page, q: stop -- ' '-- Enter, q: stop -- ' '-- Enter, q -- '
  printf '%s' "$fit"
  read_answer || return 1
  case $answer in [qQ]*) return 1 ;; esac
}

# From the text of a command that was displayed to a verdict. 0: run it. 1: declined, with words in $reason. 2: it was withdrawn.
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

# Asks on the terminal. 0, 1 and 2 as above.
ask() {
  local answer verdict='' saved=''
  start_background prompt
  if has stty && saved=$(stty -g <&15 2>/dev/null); then
    # Nothing in the background writes on the question.
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
      2) verdict=1 ;;
      *) judge_answer ;;
    esac
  done
  [ -z "$saved" ] || stty "$saved" <&15 2>/dev/null
  stop_background
  interrupts=0
  return "$verdict"
}

# One row, with room for an answer, and for the beginning of a reason where it is wide.
put_question() {
  local yes=y all='y/N' named='a: always' other='' output='' o='' k='' unseen='' question
  draw_word
  if [ -n "$word" ]; then
    yes=$word all="$word: yes, N" named="a $word: always"
    [ -z "$leftover_ids" ] || other=', k: stop what is left' k=/k
  fi
  [ "$more_output" -eq 0 ] || output=', o: last output' o=/o
  # Few rows have none for this note.
  if [ "$is_low" -eq 1 ] && [ "$stdin" = 1 ]; then unseen='stdin not shown; '; fi
  question="${unseen}run it? [$all, n REASON, $named, v: view$output$other, q: end] "
  if [ $((${#question} + 8)) -gt "$columns" ]; then
    for question in "${unseen}run? [$yes/n/a$k/v$o/q] " "${unseen:+stdin! }run? [$yes/n$k/v/q] " \
      "${unseen:+stdin! }[$yes/n$k/v/q] " "${unseen:+stdin! }[$yes/n$k] " "${unseen:+stdin! }[$yes/n] " "$yes/n "; do
      [ $((${#question} + ${#yes} + 1)) -gt "$columns" ] || break
    done
  fi
  printf '%s' "$question"
  screen_rows=$((screen_rows + 1))
}

# Sets $verdict and $reason by $answer, or leaves $verdict empty: ask again.
judge_answer() {
  local LC_ALL=C
  answer=${answer#"${answer%%[! ]*}"}
  case $answer in
    # What a terminal reports of itself is no word of its operator.
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
    [qQ] | quit)
      reason='the listener was ended' leaving=1
      verdict=1
      ;;
    *) approve_or_decline ;;
  esac
}

approve_or_decline() {
  case $answer in
    [aA] | [aA]\ * | always | always\ *) approve "${answer#"${answer%%[ ]*}"}" && remember_always ;;
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

# 1: not yet.
approve() { # THE WORD, WITH A BLANK BEFORE IT
  if [ -n "$word" ] && [ "$1" != " $word" ]; then
    ask_again "not approved: type the word in the question"
    return 1
  fi
  measure_screen
  if [ "$columns $lines" != "$shown_size" ]; then
    printf '    (the size of the terminal changed; once more)\n'
    show_again
    return 1
  fi
  verdict=0
}

# What was displayed must not leave the screen by what was answered.
ask_again() { # WHY
  print_note "    ($1)" "($1)"
  screen_rows=$((screen_rows + (${#answer} * 8 + 60) / columns + 1))
  [ "$screen_rows" -le "$lines" ] || show_again
}

# The text and its input: the same text with input from its client is another command. Kept in memory: a file could be rewritten.
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
  clear_failures
  [ "$http" = 200 ]
}

# shellcheck shell=bash
# Asks the operator for approval of a command and reads the answer.
#
# answer   the operator's last line

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

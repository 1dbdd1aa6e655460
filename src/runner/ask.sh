# shellcheck shell=bash
# The question to the operator, and the answer.
#
# answer reason   the operator's last line; the words with a refusal
# always          how many commands are approved for as long as this listener lives

# Throws away what was typed before the question was on the screen: an answer cannot come before what it answers.
drain_terminal() {
  local saved
  if has stty && saved=$(stty -g <&15 2>/dev/null); then
    stty -icanon -echo min 0 time 0 <&15 && cat <&15 >/dev/null
    stty "$saved" <&15
    return
  fi
  while IFS= read -r -t 1 -n 4096 <&15; do :; done
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
    IFS= read -r -t 2 answer <&15
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

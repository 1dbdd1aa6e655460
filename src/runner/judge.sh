# shellcheck shell=bash
# Decides what the operator's answer means, and explains the answers.
#
# verdict reason   0: run the command, 1: do not, 2: it was cancelled or expired; the reason sent with a decline
# always           number of commands that the operator approved with "always", until this listener ends; always_texts holds them

always=0

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
  answer=${answer%"${answer##*[! ]}"}
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
      # The question must not be asked while the command has scrolled off the screen.
      if [ "$screen_rows" -ge "$lines" ]; then
        turn_page
        show_again
      fi
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

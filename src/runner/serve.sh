# shellcheck shell=bash
# The main loop: polls the relay for commands and handles one after the other.
#
# had       id of the last command that this listener received
# refused   number of polls in a row that the relay rejected because another listener is connected
# invalid   1 after a response that is not a valid command

had=''

# Asks the operator and reports the decision to the relay. Returns 0 if the command is to run.
is_approved() {
  local verdict=0
  review || verdict=$?
  if [ "$verdict" -eq 0 ] && ! [ -f "$work/command" ]; then
    verdict=1 reason='the folder of the listener was removed before the answer; send the command again'
  elif [ "$verdict" -eq 0 ] && ! is_unchanged; then
    verdict=1 reason='the command file changed after it was displayed'
    say "$reason"
  fi
  case $verdict in
    0) decide start && return 0 ;;
    1)
      keep_work
      printf '%s' "$reason" 2>/dev/null >"$work/reason"
      decide decline --data-binary "@$work/reason" || :
      printf '<<< declined\n'
      return 1
      ;;
  esac
  printf '<<< not run: cancelled or expired\n'
  return 1
}

serve_command() {
  discard "$work/lost" "$work/withdrawn" "$work/timed_out" "$work/flooded" "$work/refused" "$work/tight" "$work/over_quota" "$work/dropped" "$work/outcome" "$work/stopping" "$work/interrupted" "$work/stop_reason" "$work/client_signal" "$work/session_gone" "$work/leaders"
  : 2>/dev/null >"$work/group"
  hold_text || :
  [ "$mode" = auto ] || find_leftovers
  show_command brief
  [ "$mode" = auto ] || { show_circumstances && is_approved; } || return 0
  run_command
  keep_work || :
  if send_result; then
    end_output
    printf '<<< done, %d bytes sent back' "$pushed"
    [ "$exit_status" -eq 0 ] || printf ', exit status %d' "$exit_status"
    [ -z "$signal" ] || printf ' (%s)' "$signal"
    printf '\n'
  else
    printf '<<< done, but the result was not delivered: %s\n' "$(answer_text result)"
  fi
  drop_ahead
  : 2>/dev/null >"$work/kept"
  is_spool_over=1
}

announce() {
  if [ "$mode" = auto ]; then
    say "listening as $user_label@$host_label, runs commands without asking (Ctrl-C to quit)"
  else
    say "listening as $user_label@$host_label, asking before each command (Ctrl-C to quit)"
  fi
}

# Another listener is connected. Retry for up to 60 s: the relay needs some seconds to notice that a listener got SIGKILL.
wait_for_place() {
  local host
  host=$(answer_text next)
  host=${host##*: }
  [ "$refusal" = listener_busy ] || fail "relay rejected the request (HTTP 409): $(answer_text next)"
  if [ "$is_let_in" -eq 1 ] || [ "$refused" -ge 30 ]; then
    fail "another listener ($host) is already connected; stop it first, or create a new session"
  fi
  [ "$refused" -gt 0 ] || say "another listener ($host) is still connected; waiting up to 60 s for it to leave" >&2
  refused=$((refused + 1))
  pause 2
}

listen() {
  # The first poll uses wait=0, so that the relay responds at once; later polls are held.
  local look='&wait=0' is_let_in=0 refused=0 invalid=0
  while [ "$leaving" -eq 0 ] && [ "$interrupts" -eq 0 ]; do
    request next GET "/next?had=$had$look" --max-time 30
    [ "$leaving" -eq 0 ] && [ "$interrupts" -eq 0 ] || return 0
    case $http in
      200 | 204)
        [ "$is_let_in" -eq 1 ] || announce
        is_let_in=1
        ;;
    esac
    case $http in
      200)
        clear_failures
        if read_frame "$work/next.body" 2>/dev/null && { [ "$mode" != auto ] || [ "$id" != "$had" ]; }; then
          idle=0 invalid=0
          # A command that was received is never run again, even if its result is lost.
          had=$id
          serve_command
          # The terminal may have closed while the command ran: then there is no operator to ask.
          [ "$mode" = auto ] || [ -t 15 ] || leaving=1
        else
          [ "$invalid" -gt 0 ] || say "ignored an invalid response from the relay" >&2
          invalid=1
          pause 2
        fi
        ;;
      204)
        clear_failures
        invalid=0
        [ -n "$look" ] || floor_wait
        ;;
      410)
        say "session ended"
        return 0
        ;;
      409) wait_for_place ;;
      *)
        is_passing || fail "relay rejected the request (HTTP $http): $(answer_text next)"
        back_off
        ;;
    esac
    [ "$is_let_in" -eq 0 ] || look=
  done
}

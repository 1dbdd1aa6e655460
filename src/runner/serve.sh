# shellcheck shell=bash
# One command after the other.
#
# had   the last command that was taken

# 0: run it.
is_approved() {
  local verdict=0
  review || verdict=$?
  if [ "$verdict" -eq 0 ] && ! is_unchanged; then
    verdict=1 reason='the file of the command changed after it was shown'
    say "$reason"
  fi
  case $verdict in
    0) decide start && return 0 ;;
    1)
      printf '%s' "$reason" >"$work/reason"
      decide decline --data-binary "@$work/reason" || :
      printf '<<< declined\n'
      return 1
      ;;
  esac
  printf '<<< not run: cancelled or expired\n'
  return 1
}

serve_command() {
  rm -f "$work/withdrawn" "$work/timed_out" "$work/flooded" "$work/full" "$work/over_quota" "$work/dropped" "$work/outcome" "$work/stopping" "$work/group" "$work/stdout" "$work/stderr" "$work/stdout.base" "$work/stderr.base"
  stdout_cut=0 stderr_cut=0
  hold_text || :
  [ "$mode" = auto ] || find_leftovers
  show_command brief
  [ "$mode" = auto ] || { show_circumstances && is_approved; } || return 0
  run_command
  if send_result; then
    end_output
    printf '<<< done (%d bytes pushed back)' "$pushed"
    [ "$exit_status" -eq 0 ] || printf ', exit status %d' "$exit_status"
    [ -z "$signal" ] || printf ' (%s)' "$signal"
    printf '\n'
  else
    printf '<<< done, but the result was not taken: %s\n' "$(answer_text result)"
  fi
}

announce() {
  if [ "$mode" = auto ]; then
    say "listening as $user_label@$host_label, running every command unasked (Ctrl-C ends)"
  else
    say "listening as $user_label@$host_label, asking before each command (Ctrl-C ends)"
  fi
}

listen() {
  # The first look does not wait: only a relay that let this listener in makes it one.
  local look='&wait=0'
  while [ "$leaving" -eq 0 ] && [ "$interrupts" -eq 0 ]; do
    request next GET "/next?had=$had$look" --max-time 30
    [ "$leaving" -eq 0 ] && [ "$interrupts" -eq 0 ] || return 0
    case $http in
      200 | 204)
        [ -z "$look" ] || announce
        look=
        ;;
    esac
    case $http in
      200)
        settle
        if read_frame "$work/next.body" && { [ "$mode" != auto ] || [ "$id" != "$had" ]; }; then
          # What was taken is never taken again, whatever becomes of its result.
          had=$id
          serve_command
          # It may have been closed while the command had it: then nobody is left to ask.
          [ "$mode" = auto ] || [ -t 15 ] || leaving=1
        else
          say "an answer that is no command was thrown away" >&2
          pause 2
        fi
        ;;
      204) settle ;;
      410)
        say "the session is over"
        return 0
        ;;
      409) fail "$(answer_text next); end that one first, or use a session of your own" ;;
      *)
        is_passing || fail "the relay refuses ($http): $(answer_text next)"
        back_off
        ;;
    esac
  done
}

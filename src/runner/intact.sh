# shellcheck shell=bash
# Whether all that a command wrote is still in its spool. Anything that cleans the temporary folder may remove single files of it, or the
# folder. So the writers say how much they took through an open file, which is there even when its name is gone.
#
# total_stdout total_stderr   bytes that the writers took; empty where that is not known
# noted                       bytes of the notices behind them, in the stream of the errors
# is_torn                     1 when a stream does not hold what it should
# is_lost                     1 when some output of the last command is lost, and the amount is not known

total_stdout='' total_stderr='' noted=0 is_torn=0 is_lost=0

# For the writers descriptor 18, for the listener 20.
open_totals() {
  total_stdout='' total_stderr='' noted=0 is_torn=0 is_lost=0
  { exec 18>>"$work/spool.$id.totals" && exec 20<"$work/spool.$id.totals"; } 2>/dev/null || is_torn=1
}

# A writer's last word: BYTES, or torn.
tell_total() { # STREAM BYTES
  printf '%s %s\n' "$1" "$2" >&18
}

hear_totals() {
  local stream count
  while IFS=' ' read -r stream count; do
    case $stream.$count in
      *.torn) is_torn=1 ;;
      stdout.[0-9]*) total_stdout=$count ;;
      stderr.[0-9]*) total_stderr=$count ;;
    esac
  done 2>/dev/null <&20
  exec 20<&-
}

# After unsent_of, of the same stream.
check_stream() { # STREAM
  local total=$total_stderr errors=stderr
  [ "$1" != stdout ] || total=$total_stdout
  [ "$merge" = 0 ] || errors=stdout
  [ "$unsent" -ge 0 ] || is_torn=1
  [ -n "$total" ] || return 0
  [ "$1" != "$errors" ] || total=$((total + noted))
  [ $((sent + unsent + cut)) -eq "$total" ] || is_torn=1
}

# The relay says where both streams go on; what it does not have is lost.
report_lost() {
  local stream number
  keep_work
  let_streams_go
  for stream in stdout stderr; do
    while :; do
      request result POST "/commands/$id/output?stream=$stream&offset=999999999999999" --data-binary x
      if ! is_passing || [ "$leaving" -eq 1 ]; then break; fi
      back_off
    done
    number=$(answer_text result)
    number=${number##* }
    case $http$number in 409*[!0-9]* | 409 | 409????????????????*) number=0 ;; 409*) ;; *) number=0 ;; esac
    restart_stream "$stream" $((10#$number))
  done
  total_stdout='' total_stderr='' is_torn=0 is_lost=1
  rm -f "$work/lost"
  add_notice "output is lost: the folder $work was removed while the command ran"
}

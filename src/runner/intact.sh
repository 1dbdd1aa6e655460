# shellcheck shell=bash
# Checks that all output of a command is still in its spool. A cleaner of the temporary folder may remove the folder or single files of
# it. So the writers report their byte counts through an open file, which can be read even after its name was removed.
#
# total_stdout total_stderr   bytes that the writers received; empty if unknown
# noted                       bytes of the notices appended to stderr (with merge=1, to stdout)
# is_torn                     1 if bytes of a stream are missing from the spool
# is_lost                     1 if an unknown amount of the last command's output is lost

total_stdout='' total_stderr='' noted=0 is_torn=0 is_lost=0

# Opens the file of the byte counts: descriptor 18 for the writers, 20 for the listener.
open_totals() {
  total_stdout='' total_stderr='' noted=0 is_torn=0 is_lost=0
  { exec 18>>"$work/spool.$id.totals" && exec 20<"$work/spool.$id.totals"; } 2>/dev/null || is_torn=1
}

# Reports a writer's final count: BYTES, or torn.
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

# Compares the spool with the writer's count. Called after unsent_of for the same stream.
check_stream() { # STREAM
  local total=$total_stderr errors=stderr
  [ "$1" != stdout ] || total=$total_stdout
  [ "$merge" = 0 ] || errors=stdout
  [ "$unsent" -ge 0 ] || is_torn=1
  [ -n "$total" ] || return 0
  [ "$1" != "$errors" ] || total=$((total + noted))
  [ $((sent + unsent + cut)) -eq "$total" ] || is_torn=1
}

# Asks the relay for its offset of both streams; all output after these is lost. Then appends a notice.
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

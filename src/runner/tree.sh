# shellcheck shell=bash
# What commands left running.
#
# leftover_ids leftover_pids   commands with processes on this terminal, and those processes

find_leftovers() {
  local file other
  leftover_ids='' leftover_pids=''
  # shellcheck disable=SC2013
  for file in $(grep -lz "^REMOTIFY_COMMAND=$listener_id\." /proc/[0-9]*/environ 2>/dev/null); do
    other=$(grep -z "^REMOTIFY_COMMAND=$listener_id\." "$file" 2>/dev/null | tail -c +1 | head -c 200 | cat -v)
    other=${other%^@}
    other=${other##*.}
    [ -n "$other" ] || continue
    file=${file#/proc/}
    leftover_pids="$leftover_pids${leftover_pids:+ }${file%%/*}"
    case " $leftover_ids " in *" $other "*) ;; *) leftover_ids="$leftover_ids${leftover_ids:+ }$other" ;; esac
  done
}

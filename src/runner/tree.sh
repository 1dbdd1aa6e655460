# shellcheck shell=bash
# The processes of a command: its process group, and those that left the group. The latter are found by the marker that the command's
# environment carries, where /proc shows environments (Linux).
#
# found                        process ids, set by find_marked
# process_state process_group process_tty process_start   of one process, set by read_stat
# leftover_ids leftover_pids   what still runs of earlier commands on this terminal, set by find_leftovers
# earlier_groups               process groups of earlier commands: c3:1234 c4:1240

leftover_ids='' leftover_pids='' earlier_groups=''

# Sets $marked_id to the id of this listener's command that a process belongs to, or to ''.
read_marker() { # PID
  local entry
  marked_id=
  while IFS= read -r -d '' entry; do
    case $entry in
      "REMOTIFY_COMMAND=$listener_id."*)
        marked_id=${entry#"REMOTIFY_COMMAND=$listener_id."}
        return
        ;;
    esac
  done 2>/dev/null <"/proc/$1/environ"
}

# Sets $found: processes of one command, or of all of this listener's. 1: this system does not show.
find_marked() { # [ID]
  local file pid
  found=
  [ -r /proc/self/environ ] || return 1
  set -- "${1:-}" /proc/[0-9]*/environ
  # One program for all of them, where there is one: bash takes a second for some hundred.
  # shellcheck disable=SC2046
  ! has grep || set -- "$1" $(exec grep -lsF -- "REMOTIFY_COMMAND=$listener_id.$1" "${@:2}" 2>/dev/null)
  for file in "${@:2}"; do
    pid=${file#/proc/}
    pid=${pid%/environ}
    { read_marker "$pid"; } 2>/dev/null
    if [ -n "$marked_id" ] && [ "${1:-$marked_id}" = "$marked_id" ]; then found="$found $pid"; fi
  done
}

# Sets process_state, process_group, process_tty and process_start, the last in ticks since the boot. 1: there is no such process, or
# this system does not show.
read_stat() { # PID
  local line
  process_start=
  { IFS= read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  # After the name, which may contain anything: state, parent, group, session, terminal, and 14 fields later the start.
  # shellcheck disable=SC2086
  set -- ${line##*) }
  process_state=${1:-} process_group=${3:-} process_tty=${5:-} process_start=${20-}
  case $process_start in '' | *[!0-9]*) return 1 ;; esac
}

# It has ended, but its parent has not asked for its exit status.
is_zombie() { case $process_state in [ZXx]) true ;; *) false ;; esac }

# The same. 1 also for a process that has ended.
read_process() { # PID
  read_stat "$1" && ! is_zombie || return 1
  case $process_group$process_tty in '' | *[!0-9-]*) return 1 ;; esac
}

# kill alone takes processes that have ended for alive, until their parent asks how they ended.
group_lives() { # GROUP
  local file
  kill -0 -- "-$1" 2>/dev/null || return 1
  [ -r /proc/self/stat ] || return 0
  for file in /proc/[0-9]*; do
    ! read_process "${file#/proc/}" || [ "$process_group" != "$1" ] || return 0
  done
  return 1
}

# Sets $leftover_ids and $leftover_pids: what still runs of earlier commands and has this terminal. A group counts as one process.
find_leftovers() {
  local entry pid own_tty=''
  leftover_ids='' leftover_pids=''
  for entry in $earlier_groups; do
    if group_lives "${entry#*:}"; then add_leftover "${entry%%:*}" "-${entry#*:}"; fi
  done
  [ -n "$earlier_groups" ] && read_process "$$" || return 0
  own_tty=$process_tty
  find_marked || return 0
  for pid in $found; do
    read_process "$pid" || continue
    case " $leftover_pids " in *" -$process_group "*) continue ;; esac
    if [ "$process_tty" = "$own_tty" ] || has_open_terminal "$pid"; then
      read_marker "$pid"
      [ -z "$marked_id" ] || add_leftover "$marked_id" "$pid"
    fi
  done
}

add_leftover() { # ID PID
  case " $leftover_ids " in *" $1 "*) ;; *) leftover_ids=${leftover_ids:+$leftover_ids }$1 ;; esac
  leftover_pids=${leftover_pids:+$leftover_pids }$2
}

# A process of another session may still hold the terminal open.
has_open_terminal() { # PID
  local file
  for file in "/proc/$1/fd"/*; do
    if [ "$file" -ef "/proc/$$/fd/15" ] || { [ -t 2 ] && [ "$file" -ef "/proc/$$/fd/2" ]; }; then return 0; fi
  done
  return 1
}

# Signals what find_leftovers found.
signal_leftovers() { # SIGNAL
  local pid
  for pid in $leftover_pids; do kill -s "$1" -- "$pid" 2>/dev/null; done
  return 0
}

# 1: nothing of the command at hand is alive, as far as this system shows.
tree_lives() {
  read_number "$work/group"
  [ "$number" -le 1 ] || ! group_lives "$number" || return 0
  find_marked "$id" && [ -n "$found" ]
}

# 1: nothing of it is alive. Also 0 where this system does not show processes that left the group.
command_lives() { tree_lives || ! [ -r /proc/self/environ ]; }

# Sends KILL to a foreground group, but not to the shells that lead it: bash would report their death on the operator's screen.
kill_group() { # GROUP
  local file member leaders=' ' killed=1
  while IFS= read -r member; do leaders="$leaders$member "; done 2>/dev/null <"$work/leaders"
  for file in /proc/[0-9]*; do
    member=${file#/proc/}
    case $leaders in *" $member "*) continue ;; esac
    { read_process "$member" && [ "$process_group" = "$1" ]; } || continue
    ! kill -s KILL -- "$member" 2>/dev/null || killed=0
  done
  # A leader that was suspended with the others must see their end.
  kill -s CONT -- "-$1" 2>/dev/null
  return "$killed"
}

# Signals all processes of the command. 1: there is none yet, or none any more.
signal_command() { # SIGNAL
  local group pid reached=1
  case $1 in INT | TERM | KILL) ;; *) return 1 ;; esac
  read_number "$work/group"
  group=$number
  [ "$group" -gt 1 ] || return 1
  : 2>/dev/null >"$work/stopping"
  if [ "$1" = KILL ] && [ -s "$work/leaders" ] && [ -r /proc/self/stat ]; then
    ! kill_group "$group" || reached=0
  else
    ! kill -s "$1" -- "-$group" 2>/dev/null || reached=0
  fi
  find_marked "$id"
  for pid in $found; do
    # Those of the group have it already.
    if read_process "$pid" && [ "$process_group" != "$group" ]; then
      ! kill -s "$1" -- "$pid" 2>/dev/null || reached=0
    fi
  done
  return "$reached"
}

# The same, and what ignores it is killed ten seconds later.
stop_command() { # SIGNAL
  signal_command "$1" || return 1
  (sleep 10 && signal_command KILL) &
}

# Says why the command is stopped, then stops it: what the signal ends may be over before the next line here.
stop_for() { # FILE SIGNAL WORD...
  : >"$work/$1"
  printf '%s\n' "${*:3}" >"$work/stop_reason"
  stop_command "$2" || { rm -f "$work/$1" "$work/stop_reason" && false; }
}

# A command that was told to stop is over when all of its processes are. What its own end leaves behind had INT at most, which background
# processes of a script ignore: it gets TERM after half a second, and KILL after ten.
reap_command() {
  local began ended=0
  [ -f "$work/stopping" ] || return 0
  now_ms
  began=$now
  while tree_lives && [ $((now - began)) -lt 10000 ]; do
    if [ "$ended" -eq 0 ] && [ $((now - began)) -ge 500 ]; then
      ended=1
      signal_command TERM
    fi
    rest "$tick"
    now_ms
  done
  signal_command KILL
  return 0
}

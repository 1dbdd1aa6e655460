# shellcheck shell=bash
# Finds and signals the processes of a command: its process group, and processes that left the group. The latter are found by a marker
# variable (REMOTIFY_COMMAND) in their environment, where /proc shows environments (Linux).
#
# found                        process ids, set by find_marked
# process_state process_group process_tty process_start   fields of one process, set by read_stat
# leftover_ids leftover_pids   earlier commands, and their processes, that still run on this terminal, set by find_leftovers
# earlier_groups               process groups of earlier commands: c3:1234 c4:1240

leftover_ids='' leftover_pids='' earlier_groups=''

# Sets $marked_id to the id of the command of this listener that a process belongs to, or to ''.
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

# Sets $found to the processes of one command, or of all commands of this listener. 1: this system does not show environments.
find_marked() { # [ID]
  local file pid
  found=
  [ -r /proc/self/environ ] || return 1
  set -- "${1:-}" /proc/[0-9]*/environ
  # One grep for all files, if grep is installed: bash needs a second for a few hundred.
  # shellcheck disable=SC2046
  ! has grep || set -- "$1" $(exec grep -lsF -- "REMOTIFY_COMMAND=$listener_id.$1" "${@:2}" 2>/dev/null)
  for file in "${@:2}"; do
    pid=${file#/proc/}
    pid=${pid%/environ}
    { read_marker "$pid"; } 2>/dev/null
    if [ -n "$marked_id" ] && [ "${1:-$marked_id}" = "$marked_id" ]; then found="$found $pid"; fi
  done
}

# Sets process_state, process_group, process_tty and process_start (in ticks since the boot). Returns 1 if there is no such process, or
# this system has no /proc.
read_stat() { # PID
  local line
  process_start=
  { IFS= read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  # After the name, which may contain any character: state, parent, group, session, terminal, and 14 fields later the start time.
  # shellcheck disable=SC2086
  set -- ${line##*) }
  process_state=${1:-} process_group=${3:-} process_tty=${5:-} process_start=${20-}
  case $process_start in '' | *[!0-9]*) return 1 ;; esac
}

# The process of the last read_stat has ended, but its parent has not read its exit status yet.
is_zombie() { case $process_state in [ZXx]) true ;; *) false ;; esac }

# Like read_stat, but also returns 1 for a process that has ended.
read_process() { # PID
  read_stat "$1" && ! is_zombie || return 1
  case $process_group$process_tty in '' | *[!0-9-]*) return 1 ;; esac
}

# Whether a process of the group runs. kill alone would also find zombies.
group_lives() { # GROUP
  local file
  kill -0 -- "-$1" 2>/dev/null || return 1
  [ -r /proc/self/stat ] || return 0
  for file in /proc/[0-9]*; do
    ! read_process "${file#/proc/}" || [ "$process_group" != "$1" ] || return 0
  done
  return 1
}

# Sets $leftover_ids and $leftover_pids: processes of earlier commands that still run and have this terminal. A group counts as one.
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

# A process of another process session may still have the terminal open.
has_open_terminal() { # PID
  local file
  for file in "/proc/$1/fd"/*; do
    if [ "$file" -ef "/proc/$$/fd/15" ] || { [ -t 2 ] && [ "$file" -ef "/proc/$$/fd/2" ]; }; then return 0; fi
  done
  return 1
}

# Sends a signal to the processes that find_leftovers found.
signal_leftovers() { # SIGNAL
  local pid
  for pid in $leftover_pids; do kill -s "$1" -- "$pid" 2>/dev/null; done
  return 0
}

# Returns 1 if no process of the current command is known to run.
tree_lives() {
  read_number "$work/group"
  [ "$number" -le 1 ] || ! group_lives "$number" || return 0
  find_marked "$id" && [ -n "$found" ]
}

# Returns 1 if no process of the current command runs; 0 also where this system does not show processes that left the group.
command_lives() { tree_lives || ! [ -r /proc/self/environ ]; }

# Sends KILL to a foreground group, except to the shells that lead it: bash would report their death on the operator's screen.
kill_group() { # GROUP
  local file member leaders=' ' killed=1
  while IFS= read -r member; do leaders="$leaders$member "; done 2>/dev/null <"$work/leaders"
  for file in /proc/[0-9]*; do
    member=${file#/proc/}
    case $leaders in *" $member "*) continue ;; esac
    { read_process "$member" && [ "$process_group" = "$1" ]; } || continue
    ! kill -s KILL -- "$member" 2>/dev/null || killed=0
  done
  # Continue a leader that was suspended with the others, so that it sees their end.
  kill -s CONT -- "-$1" 2>/dev/null
  return "$killed"
}

# Sends a signal to all processes of the command. Returns 1 if there is none (yet, or any more). TERM and KILL mark the command as
# stopping: its further output may be dropped. INT does not, as many programs go on after it.
signal_command() { # SIGNAL
  local group pid reached=1
  case $1 in INT | TERM | KILL) ;; *) return 1 ;; esac
  read_number "$work/group"
  group=$number
  [ "$group" -gt 1 ] || return 1
  if [ "$1" = INT ]; then
    printf '%s\n' "$RANDOM" 2>/dev/null >"$work/interrupted"
  else
    : 2>/dev/null >"$work/stopping"
  fi
  if [ "$1" = KILL ] && [ -s "$work/leaders" ] && [ -r /proc/self/stat ]; then
    ! kill_group "$group" || reached=0
  else
    ! kill -s "$1" -- "-$group" 2>/dev/null || reached=0
  fi
  find_marked "$id"
  for pid in $found; do
    # Processes of the group already got the signal.
    if read_process "$pid" && [ "$process_group" != "$group" ]; then
      ! kill -s "$1" -- "$pid" 2>/dev/null || reached=0
    fi
  done
  return "$reached"
}

# Like signal_command. Sends KILL ten seconds after TERM. A command that still runs ten seconds after INT has survived it, and goes on.
stop_command() { # SIGNAL
  signal_command "$1" || return 1
  if [ "$1" = INT ]; then
    read_number "$work/interrupted"
    (sleep 10 && forget_interrupt "$number") &
  else
    (sleep 10 && signal_command KILL) &
  fi
}

# The command survived the INT with this number: its end will not be due to it, unless another signal followed.
forget_interrupt() { # NUMBER
  read_number "$work/interrupted"
  [ "$number" = "$1" ] && [ ! -f "$work/stopping" ] || return 0
  rm -f "$work/interrupted"
}

# Stops the command. Records the reason first: the command may end before the next line of this function runs.
stop_for() { # FILE SIGNAL WORD...
  printf '%s\n' "$2" >"$work/$1"
  printf '%s\n' "${*:3}" >"$work/stop_reason"
  stop_command "$2" || { rm -f "$work/$1" "$work/stop_reason" && false; }
}

# A stopped command has ended only when all of its processes have. Processes that outlive its main process may have got only INT, which
# background processes of a script ignore: they get TERM after half a second, and KILL after ten.
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

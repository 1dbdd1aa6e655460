# shellcheck shell=bash
# The private folder of this listener, and those that dead listeners left.
#
# work        its path
# is_owned    1 where the system says that this user owns it, as some network file systems do not
# guard       process of the watchdog
# spool_room  bytes of a command's output that it may hold
# most_output, most_input
#             bytes of output, of input, that are sent or fetched at a time
# space       this boot and process namespace; empty where the system does not tell

is_owned=1 guard=''

is_own_folder() { [ -d "$work" ] && [ ! -L "$work" ] && { [ "$is_owned" -eq 0 ] || [ -O "$work" ]; }; }

# Something that cleans the temporary folder may remove this one. It is created again, at the same path: what runs beside the listener
# knows no other. 1: it cannot be.
keep_work() {
  local turn=0
  # It may be removed once more while it is filled.
  until is_own_folder; do
    turn=$((turn + 1))
    [ "$turn" -le 5 ] || return 1
    mkdir "$work" 2>/dev/null || continue
    refill_work 2>/dev/null
    write_owner
  done
}

# What a command that runs, or whose result was not sent yet, expects there. lost and full: output of it is lost, and it is not known
# how much.
refill_work() {
  local stream
  : >"$work/lost"
  : >"$work/full"
  : >"$work/kept"
  printf '0\n' >"$work/busy"
  printf '\n' >"$work/run_over"
  printf '%12d %12d\n' "${chunk:-1048576}" "${ceiling:-16777216}" >"$work/chunk"
  [ -n "$id" ] || return 0
  for stream in stdout stderr; do restart_stream "$stream" 0; done
}

# A new spool for a stream, of which the relay has so many bytes.
restart_stream() { # STREAM BYTES
  local spool first=0 nth=0 base=$2 sent=$2 cut=0 shown=$2
  spool_of "$1"
  rm -f "$spool".*
  : 2>/dev/null >"$spool.0"
  : 2>/dev/null >"$spool.whole"
  save_state
  tell_at 0 0
}

# Who this folder belongs to: host, listener and watchdog, where their numbers count, and when the two were started.
write_owner() {
  local start=- guard_start=-
  [ -n "$guard" ] || return 0
  read_stat "$$" && start=$process_start
  read_stat "$guard" && guard_start=$process_start
  printf '%s %d %d %s %s %s\n' "$host_label" "$$" "$guard" "${space:--}" "$start" "$guard_start" 2>/dev/null >"$work/owner"
}

# Numbers of processes mean the same only within one boot and one namespace: a container may share the temporary folder and the host name.
name_space() { # sets $space
  local boot='' own=''
  space=
  # /proc may be that of another namespace.
  [ /proc/self -ef "/proc/$$" ] || return 0
  { IFS= read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
  own=$(readlink /proc/self/ns/pid 2>/dev/null)
  own=${own//[!0-9]/}
  [ -z "$boot" ] || [ -z "$own" ] || space=${boot//[!0-9a-f-]/}.$own
}

# Folders of listeners that were killed outright together with their watchdogs. Only those that are known to be dead: where it cannot
# be known, the folder stays.
sweep() {
  local folder host pid other there start other_start
  [ -n "$space" ] || return 0
  for folder in "$temporary_folder"/remotify.??????????; do
    if [ -L "$folder" ] || ! [ -O "$folder" ] || ! [ -f "$folder/owner" ]; then continue; fi
    { IFS=' ' read -r host pid other there start other_start <"$folder/owner"; } 2>/dev/null || continue
    [ "$host $there" = "$host_label $space" ] || continue
    if is_running "$pid" "$start" || is_running "$other" "$other_start"; then continue; fi
    read_number "$folder/group"
    [ "$number" -le 1 ] || ! kill -0 -- "-$number" 2>/dev/null || continue
    rm -rf "$folder"
  done
}

# Also true where it cannot be known. Another process may have the number by now: that one was started later.
is_running() { # PID START
  case $1 in '' | 0* | *[!0-9]*) return 0 ;; esac
  [ -d "/proc/$1" ] || return 1
  read_stat "$1" || return 0
  ! is_zombie || return 1
  [ "$2" = - ] || [ "$2" = "$process_start" ]
}

# How much room there is now, up to 30 MiB. Half of it is for segments; pieces on their way and small files take some more.
measure_room() {
  local room=''
  # df tells without writing anything.
  ! has df || room=$(exec df -Pk "$work" 2>/dev/null | tail -n 1)
  # Into words: the name of the file system, its size, what is used, what is available.
  # shellcheck disable=SC2086
  set -- $room
  case ${4:-} in
    '' | *[!0-9]*)
      head -c 31457280 /dev/zero 2>/dev/null >"$work/room"
      bytes_of "$work/room"
      rm -f "$work/room"
      ;;
    ??????*) bytes=31457281 ;;
    *) bytes=$(($4 * 1024)) ;;
  esac
  # Small files take a page each.
  bytes=$((bytes > 31457280 ? 31457280 : bytes - 262144))
  spool_room=$((bytes * 8 / 15))
  [ "$spool_room" -ge 131072 ] || spool_room=131072
  # Where there is little, what is on its way is small enough for all of it to fit at once.
  most_output=$((spool_room / 4)) most_input=$((spool_room / 8))
  if [ "$spool_room" -ge 16777216 ]; then
    spool_room=16777216 most_output=6291456 most_input=4194304
  fi
}

# A disk that a command fills must leave room to tell of it: a file that can be given up.
keep_reserve() {
  [ -s "$work/reserve" ] || head -c $((spool_room / 16)) /dev/zero 2>/dev/null >"$work/reserve" || rm -f "$work/reserve"
}

# What is ending at the same time may still write a file between the listing of the folder and its removal.
remove_work() {
  local turn=0
  while [ "$turn" -lt 50 ]; do
    ! rm -rf "$work" 2>/dev/null || return 0
    turn=$((turn + 1))
    sleep "$tick"
  done
}

# shellcheck shell=bash
# The private folder of this listener, and the removal of folders that dead listeners left.
#
# work        its path
# is_owned    1 if the system reports this user as its owner; some network file systems do not
# guard       process id of the watchdog
# spool_room  bytes of a command's output that the folder may hold
# most_output, most_input
#             largest number of bytes of output (input) that are sent (fetched) in one request
# space       identifies this boot and process namespace; empty if the system does not report them

is_owned=1 guard=''

is_own_folder() { [ -d "$work" ] && [ ! -L "$work" ] && { [ "$is_owned" -eq 0 ] || [ -O "$work" ]; }; }

# A cleaner of the temporary folder may remove this one. It is created again at the same path, the only one that the background jobs
# know. Returns 1 if that fails.
keep_work() {
  local turn=0
  # The folder may be removed again while it is being filled.
  until is_own_folder; do
    turn=$((turn + 1))
    [ "$turn" -le 5 ] || return 1
    mkdir "$work" 2>/dev/null || continue
    refill_work 2>/dev/null
    write_owner
  done
}

# Creates the files that a command needs while it runs or until its result is sent. lost and full: an unknown amount of its output is
# lost.
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

# Starts a new, empty spool for a stream of which the relay already has BYTES.
restart_stream() { # STREAM BYTES
  local spool first=0 nth=0 base=$2 sent=$2 cut=0 shown=$2
  spool_of "$1"
  rm -f "$spool".*
  : 2>/dev/null >"$spool.0"
  : 2>/dev/null >"$spool.whole"
  save_state
  tell_at 0 0
}

# Records the owner of this folder: host, process ids of listener and watchdog, their namespace, and the start times of the two.
write_owner() {
  local start=- guard_start=-
  [ -n "$guard" ] || return 0
  read_stat "$$" && start=$process_start
  read_stat "$guard" && guard_start=$process_start
  printf '%s %d %d %s %s %s\n' "$host_label" "$$" "$guard" "${space:--}" "$start" "$guard_start" 2>/dev/null >"$work/owner"
}

# Process ids are comparable only within one boot and one namespace: a container may share the temporary folder and the host name.
name_space() { # sets $space
  local boot='' own=''
  space=
  # /proc may belong to another namespace.
  [ /proc/self -ef "/proc/$$" ] || return 0
  { IFS= read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
  own=$(readlink /proc/self/ns/pid 2>/dev/null)
  own=${own//[!0-9]/}
  [ -z "$boot" ] || [ -z "$own" ] || space=${boot//[!0-9a-f-]/}.$own
}

# Removes the folders of listeners that got SIGKILL together with their watchdogs. A folder stays unless its listener is known to be
# dead.
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

# Also true if it cannot be determined. START detects that another process has the same id by now: it started later.
is_running() { # PID START
  case $1 in '' | 0* | *[!0-9]*) return 0 ;; esac
  [ -d "/proc/$1" ] || return 1
  read_stat "$1" || return 0
  ! is_zombie || return 1
  [ "$2" = - ] || [ "$2" = "$process_start" ]
}

# Measures the free space, up to 30 MiB. About half of it is for segments; pieces being sent and small files need the rest.
measure_room() {
  local room=''
  # df reports the free space without writing a file.
  ! has df || room=$(exec df -Pk "$work" 2>/dev/null | tail -n 1)
  # Split into words: name of the file system, size, used, available.
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
  # Reserve space for small files: each takes a page.
  bytes=$((bytes > 31457280 ? 31457280 : bytes - 262144))
  spool_room=$((bytes * 8 / 15))
  [ "$spool_room" -ge 131072 ] || spool_room=131072
  # With little space, pieces are so small that segments and all pieces in flight fit at the same time.
  most_output=$((spool_room / 4)) most_input=$((spool_room / 8))
  if [ "$spool_room" -ge 16777216 ]; then
    spool_room=16777216 most_output=6291456 most_input=4194304
  fi
}

# Keeps a file that is removed when a command fills the disk: the listener needs this space to report it.
keep_reserve() {
  [ -s "$work/reserve" ] || head -c $((spool_room / 16)) /dev/zero 2>/dev/null >"$work/reserve" || rm -f "$work/reserve"
}

# A process that is just ending may still write a file between the listing of the folder and its removal, so rm is retried.
remove_work() {
  local turn=0
  while [ "$turn" -lt 50 ]; do
    ! rm -rf "$work" 2>/dev/null || return 0
    turn=$((turn + 1))
    sleep "$tick"
  done
}

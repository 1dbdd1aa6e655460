# shellcheck shell=bash
# Helper functions that every part uses: messages, files, sleeping and time.

slept=0

# Unset variables are errors. Files of the runner are readable by its own user only; the command gets the original umask back.
set -u
umask 077

say() { printf 'remotify: %s\n' "$*"; }

fail() {
  printf 'remotify: error: %s\n' "$1" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Sleeps; a trapped signal ends the sleep early.
pause() {
  sleep "$1" &
  wait $! || kill $! 2>/dev/null
}

# Removes the files that exist. Usually none does, and then no process is started.
discard() { # FILE...
  local file there=()
  for file in "$@"; do
    [ ! -e "$file" ] || there[${#there[@]}]=$file
  done
  [ "${#there[@]}" -eq 0 ] || rm -f "${there[@]}"
}

# Sets $text to the whole content of a short file. Returns 1 if the file is longer than 4096 bytes, or this shell cannot hold it
# exactly: a zero byte ends a variable, and bash before 4 uses some control characters internally.
read_short() { # FILE
  local LC_ALL=C
  text=''
  [ "${BASH_VERSINFO[0]}" -ge 4 ] || return 1
  { ! IFS= read -r -d '' -n 4096 text <"$1"; } 2>/dev/null
}

bytes_of() { # FILE, sets $bytes
  local LC_ALL=C text
  bytes=0
  # Most files are empty or short: then no process is started.
  [ -s "$1" ] || return 0
  if read_short "$1"; then
    bytes=${#text}
    return
  fi
  # exec: with a trap set, bash would fork a second time. The file may be removed at any moment.
  bytes=$(exec wc -c 2>/dev/null <"$1") || bytes=0
  bytes=$((bytes))
}

# Prints a host or user name with only characters that need no quoting anywhere.
label() {
  local word=${1//[^A-Za-z0-9._-]/_}
  printf '%s' "${word:-unknown}"
}

# The process id of this subshell: $$ is that of the main shell.
own_pid() { # sets $pid
  pid=${BASHPID:-}
  [ -n "$pid" ] || pid=$(unset BASH_ENV && exec "$BASH" -c "echo \$PPID")
}

# Sets $now: elapsed time in milliseconds, independent of the wall clock. Without /proc/uptime it is the sum of the sleeps of this
# process.
now_ms() {
  local up rest
  if { IFS=' .' read -r up rest _ </proc/uptime; } 2>/dev/null; then
    now=$((10#$up * 1000 + 10#${rest:0:2} * 10))
  else
    now=$slept
  fi
}

# Sleeps and adds the time to $slept. SECONDS is 0.1, or 1 if sleep does not support fractions.
rest() { # SECONDS
  sleep "$1"
  case $1 in 0.*) slept=$((slept + ${1#0.} * 100)) ;; *) slept=$((slept + $1 * 1000)) ;; esac
}

# Sets $number to the number in a file, 0 if the file has no number of up to 15 digits. Every process of this user can write these
# files, and bash would evaluate other text as arithmetic.
read_number() { # FILE
  number=
  { IFS= read -r number <"$1"; } 2>/dev/null
  case $number in '' | *[!0-9]* | ????????????????*) number=0 ;; esac
  number=$((10#$number))
}

# shellcheck shell=bash
# What every part uses.

slept=0

# Unset variables are errors. What the runner writes is for its own user only; the command gets its own umask back.
set -u
umask 077

say() { printf 'remotify: %s\n' "$*"; }

fail() {
  printf 'remotify: error: %s\n' "$1" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# A sleep that a signal cuts short.
pause() {
  sleep "$1" &
  wait $! || kill $! 2>/dev/null
}

# Removes files. Mostly there is none of them, and no process is started.
discard() { # FILE...
  local file there=()
  for file in "$@"; do
    [ ! -e "$file" ] || there[${#there[@]}]=$file
  done
  [ "${#there[@]}" -eq 0 ] || rm -f "${there[@]}"
}

# Sets $text to all of a short file. 1: it is longer than 4096 bytes, or this shell cannot hold it exactly: a zero byte ends a variable,
# and shells before 4 take some control characters for marks of their own.
read_short() { # FILE
  local LC_ALL=C
  text=''
  [ "${BASH_VERSINFO[0]}" -ge 4 ] || return 1
  { ! IFS= read -r -d '' -n 4096 text <"$1"; } 2>/dev/null
}

bytes_of() { # FILE, sets $bytes
  local LC_ALL=C text
  bytes=0
  # Mostly there is nothing, or little.
  [ -s "$1" ] || return 0
  if read_short "$1"; then
    bytes=${#text}
    return
  fi
  # exec: with a trap set, bash would fork once more. The file may be removed at this moment.
  bytes=$(exec wc -c 2>/dev/null <"$1") || bytes=0
  bytes=$((bytes))
}

# What this host says of itself, in letters that need no quoting anywhere.
label() {
  local word=${1//[^A-Za-z0-9._-]/_}
  printf '%s' "${word:-unknown}"
}

# Of this very process: $$ is that of the shell that a subshell was forked from.
own_pid() { # sets $pid
  pid=${BASHPID:-}
  [ -n "$pid" ] || pid=$(unset BASH_ENV && exec "$BASH" -c "echo \$PPID")
}

# Sets $now: milliseconds of elapsed time, which setting the clock does not change. Without /proc/uptime it counts this process's own
# sleeps.
now_ms() {
  local up rest
  if { IFS=' .' read -r up rest _ </proc/uptime; } 2>/dev/null; then
    now=$((10#$up * 1000 + 10#${rest:0:2} * 10))
  else
    now=$slept
  fi
}

# Sleeps so many seconds: 0.1, or 1 where sleep knows no fractions.
rest() { # SECONDS
  sleep "$1"
  case $1 in 0.*) slept=$((slept + ${1#0.} * 100)) ;; *) slept=$((slept + $1 * 1000)) ;; esac
}

# Sets $number to what a file says, 0 where that is no number of up to 15 digits. Anyone with this user's rights can write these files:
# bash would evaluate other text as arithmetic.
read_number() { # FILE
  number=
  { IFS= read -r number <"$1"; } 2>/dev/null
  case $number in '' | *[!0-9]* | ????????????????*) number=0 ;; esac
  number=$((10#$number))
}

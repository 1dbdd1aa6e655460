# shellcheck shell=bash
# What every part uses.

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

bytes_of() { # FILE, sets $bytes
  bytes=0
  # Mostly there is nothing. exec: with a trap set, bash would fork once more.
  [ ! -s "$1" ] || bytes=$(exec wc -c <"$1") || bytes=0
  bytes=$((bytes))
}

# What this host says of itself, in letters that need no quoting anywhere.
label() { printf '%s' "${1//[^A-Za-z0-9._-]/_}"; }

# Of this very process: $$ is that of the shell that a subshell was forked from.
own_pid() { # sets $pid
  pid=${BASHPID:-}
  [ -n "$pid" ] || pid=$(unset BASH_ENV && exec "$BASH" -c "echo \$PPID")
}

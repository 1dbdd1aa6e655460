#!/usr/bin/env bash
# Demo: starts a relay on a free port and a listener with the line that `remotify new` prints, runs a few commands, and ends both.
# Needs the build. Removes its files.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
export REMOTIFY_CONFIG_DIR=$folder/config
unset REMOTIFY_URL REMOTIFY_KEY REMOTIFY_TOKEN
relay='' listener=''

remotify() { node bin/remotify.js "$@"; }

# Prints a command line and runs it; prints its exit status if that is not 0.
show() {
  printf '\n$ %s\n' "$*"
  local status=0
  eval "$*" || status=$?
  [ "$status" -eq 0 ] || printf '(exit status %d)\n' "$status"
}

clean_up() {
  [ -z "$relay" ] || kill "$relay" 2>/dev/null || true
  [ -z "$listener" ] || wait "$listener" 2>/dev/null || true
  rm -rf "$folder"
}
trap clean_up EXIT

# Waits until a file is not empty, at most ten seconds.
await() { # FILE
  local turn
  for ((turn = 0; turn < 100; turn++)); do
    [ ! -s "$1" ] || return 0
    sleep 0.1
  done
  printf 'demo: %s is still empty after ten seconds\n' "$1" >&2
  return 1
}

printf '$ remotify serve --port 0 --store memory: &\n'
# Does not call the function, because $! must be the pid of the relay itself.
node bin/remotify.js serve --port 0 --store memory: --json >"$folder/address" 2>"$folder/relay.log" &
relay=$!
await "$folder/address"
url=$(sed 's/.*"url":"\([^"]*\)".*/\1/' "$folder/address")
head -n 1 "$folder/relay.log"

printf '\n$ remotify new --auto --url %s\n' "$url"
line=$(remotify new --auto --url "$url" --quiet)
printf '%s\n' "$line"

printf '\non the remote (here: a second bash, without anything installed, which runs only this line):\n$ %s &\n' "$line"
bash -c "$line" >"$folder/listener.log" 2>&1 &
listener=$!
await "$folder/listener.log"
cat "$folder/listener.log"

show "remotify exec 'uname -s; echo \"from \$0\" >&2'"
show "remotify exec -- printf '%s\n' 'each argument' 'arrives as it was typed'"
show "remotify exec 'seq 1 100000' | tail -n 1"
show "remotify exec 'exit 7'"
show "remotify status"
show "remotify end"

wait "$listener" || true
listener=''
kill -TERM "$relay"
wait "$relay"
relay=''
printf '\noutput of the listener on the remote:\n'
cat "$folder/listener.log"

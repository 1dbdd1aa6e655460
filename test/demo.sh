#!/usr/bin/env bash
# The main job before the reader's eyes: a relay on a free port, a listener started by the very line that it hands out, a few
# real commands, a clean end. Needs the build; leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
export REMOTIFY_CONFIG_DIR=$folder/config
unset REMOTIFY_URL REMOTIFY_KEY REMOTIFY_TOKEN
relay='' listener=''

remotify() { node bin/remotify.js "$@"; }

# Shows a line and runs it; a status that is not 0 is part of the show.
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

# Until a file has something in it, at most ten seconds.
await() { # FILE
  local turn
  for ((turn = 0; turn < 100; turn++)); do
    [ ! -s "$1" ] || return 0
    sleep 0.1
  done
  printf 'demo: nothing came within ten seconds\n' >&2
  return 1
}

printf '$ remotify serve --port 0 --store memory: &\n'
# Not through the function: the pid must be the relay's own.
node bin/remotify.js serve --port 0 --store memory: --json >"$folder/address" 2>"$folder/relay.log" &
relay=$!
await "$folder/address"
url=$(sed 's/.*"url":"\([^"]*\)".*/\1/' "$folder/address")
head -n 1 "$folder/relay.log"

printf '\n$ remotify new --auto --url %s\n' "$url"
line=$(remotify new --auto --url "$url" --quiet)
printf '%s\n' "$line"

printf '\non the remote (here: a second bash, with nothing of ours but this line):\n$ %s &\n' "$line"
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
printf '\nwhat the remote saw:\n'
cat "$folder/listener.log"

# shellcheck shell=bash
# Talking to the relay: one curl per request.
#
# relay_url scheme listener_key listener_id host_label user_label mode   who this listener is, set by main
# http       status of the last answer, 000 when no whole answer came
# has_room   0 when the last answer could not be written down
# failures   requests in a row without an answer

# Keys and addresses reach curl through its standard input: arguments are for everyone on this machine to read in ps.
curl_config() { # METHOD PATH
  printf 'url = "%s/api/session/self%s"\n' "$relay_url" "$2"
  printf 'request = "%s"\n' "$1"
  printf 'header = "Authorization: Bearer %s"\n' "$listener_key"
  printf 'header = "Remotify-Listener: %s"\n' "$listener_id"
  printf 'header = "Remotify-Host: %s"\n' "$host_label"
  printf 'header = "Remotify-User: %s"\n' "$user_label"
  printf 'header = "Remotify-Mode: %s"\n' "$mode"
  printf 'header = "Expect:"\n'
}

# Sends a request. The answer's body is left in $work/SLOT.body; $http is its status, 000 when no whole answer came.
# curl runs in the background so that a signal is acted on at once, and so that the watchdog can end it.
request() { # SLOT METHOD PATH [CURL ARGUMENT...]
  local slot=$1 method=$2 path=$3 transfer outcome line is_relay=0 is_whole=0
  shift 3
  has_room=1
  : >"$work/$slot.body"
  : >"$work/$slot.head"
  curl_config "$method" "$path" 2>/dev/null |
    curl -q -sS -K - --proto "=$scheme" --connect-timeout 10 --speed-limit 1 --speed-time 60 \
      -o "$work/$slot.body" -D "$work/$slot.head" -w '%{http_code}' "$@" >"$work/$slot.code" 2>"$work/$slot.error" &
  transfer=$!
  printf '%s\n' "$transfer" >"$work/$slot.pid" 2>/dev/null
  http=000
  wait "$transfer"
  outcome=$?
  if [ "$outcome" -eq 0 ]; then
    # A portal or a proxy that answers in the relay's place has not answered. Nor has a relay whose head was cut: curl makes do with
    # any part of it, and takes what it does not know to be coming for an empty body.
    while IFS= read -r line; do
      case $line in
        HTTP/*) is_relay=0 is_whole=0 ;;
        [Rr][Ee][Mm][Oo][Tt][Ii][Ff][Yy]-[Vv]ersion:*) is_relay=1 ;;
        '' | $'\r') is_whole=1 ;;
      esac
    done <"$work/$slot.head"
    [ "$is_relay$is_whole" != 11 ] || IFS= read -r http <"$work/$slot.code" || :
    http=${http:-000}
  else
    # Cut short by a signal for the listener, or failed: nothing of it may go on.
    kill "$transfer" 2>/dev/null
    # What curl says of an answer that it could not write down.
    [ "$outcome" -ne 23 ] || has_room=0
  fi
  : >"$work/$slot.pid"
}

# What the relay said, one line, made harmless for this screen.
answer_text() { head -c 300 "$work/$1.body" | head -n 1 | show_bytes; }

# The statuses after which the same request may be sent again: no answer, a relay that restarts, a proxy without one.
is_passing() { case $http in 000 | 408 | 429 | 5??) true ;; *) false ;; esac }

# Waits longer with each failure in a row, never in step with others. The first failure and the return are said, no more.
back_off() {
  local trouble='the relay does not answer'
  [ "$has_room" -eq 1 ] || trouble="there is no room in ${work%/*}"
  [ "$failures" -gt 0 ] || say "$trouble; trying again" >&2
  failures=$((failures + 1))
  local limit=$((failures < 6 ? 1 << (failures - 1) : 30))
  pause $((1 + RANDOM % limit))
}

settle() {
  [ "$failures" -eq 0 ] || say "the relay answers again" >&2
  failures=0
}

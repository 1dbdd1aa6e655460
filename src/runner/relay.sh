# shellcheck shell=bash
# Sends requests to the relay, and retries after failures.
#
# relay_url scheme listener_key listener_id host_label user_label mode   identity of this listener, set by main
# failures   number of failed requests in a row
# said       failure reasons that were printed since the last success
# has_hint   1 until the hint about ~/.curlrc is printed
# idle       milliseconds that floor_wait last paused

failures=0 said='' has_hint=1 idle=0

# Sends a request. Writes the body of the response to $work/SLOT.body and sets $http to its status, 000 without a complete response.
request() { # SLOT METHOD PATH [CURL ARGUMENT...]
  local turn=0
  while keep_work; do
    transfer "$@"
    # Where the folder, and the response in it, was removed during the request, repeat it: every request may be repeated.
    turn=$((turn + 1))
    if is_own_folder || [ "$is_cut" -eq 1 ] || [ "$turn" -gt 5 ]; then return 0; fi
  done
  http=000 trouble='the folder of the listener was removed'
}

# Prints the first line of a response's body, with control characters escaped for the terminal.
answer_text() { head -c 300 "$work/$1.body" 2>/dev/null | head -n 1 | show_bytes; }

# True for the failures after which the request is retried: no response, a relay that restarts, a proxy that does not reach it, and a
# request body that was truncated because its file was removed.
is_passing() { case $http$refusal in 000* | 408* | 429* | 5??* | 400body_cut) true ;; *) false ;; esac }

# Waits before a retry: longer after each failure in a row, and a random time, so that listeners do not retry in step. Logs each reason once.
back_off() {
  local reason limit
  require_work
  case $http$trouble in
    000) reason="no space left in ${work%/*}" ;;
    000?*) reason="cannot reach the relay: $trouble" ;;
    *) reason="the relay answered HTTP $http" ;;
  esac
  # Compare reasons without digits: times and sizes in them may differ each time.
  case $said in
    *"<${reason//[0-9]/}>"*) ;;
    *)
      said="$said<${reason//[0-9]/}>"
      say "$reason; retrying" >&2
      [ "$http" != 000 ] || hint_at_curlrc
      ;;
  esac
  failures=$((failures + 1))
  limit=$((failures < 6 ? 1 << (failures - 1) : 30))
  pause $((1 + RANDOM % limit))
  # The next request may read its body from the folder.
  require_work
}

require_work() { keep_work || fail "the folder $work was removed and cannot be created again"; }

clear_failures() {
  [ "$failures" -eq 0 ] || say "connected to the relay again" >&2
  failures=0 said=''
}

# Hints at a ~/.curlrc, which may set a proxy or a certificate: the runner's curl ignores it.
hint_at_curlrc() {
  local file line
  [ "$has_hint" -eq 1 ] || return 0
  has_hint=0
  for file in "${CURL_HOME:-/}/.curlrc" "${XDG_CONFIG_HOME:-${HOME:-/}/.config}/curlrc" "${HOME:-/}/.curlrc"; do
    if ! [ -f "$file" ] || ! [ -r "$file" ]; then continue; fi
    while IFS= read -r line || [ -n "$line" ]; do
      line=${line#"${line%%[! ]*}"}
      case $line in '' | '#'*) continue ;; esac
      case $file in "${HOME:-/}/"*) file="~${file#"$HOME"}" ;; esac
      say "$file is ignored: set https_proxy or CURL_CA_BUNDLE" >&2
      return 0
    done <"$file"
  done
}

# Called by each polling loop after a response without news. After a long poll that the relay held, it returns at once. When the relay
# responds at once, it pauses 0.1 s, then 0.2 s, and so on up to 2 s. The caller sets idle=0 after news. Uses $took, so it needs no clock.
floor_wait() {
  if [ "$took" -ge 100 ]; then
    idle=0
    return 0
  fi
  idle=$((idle == 0 ? 100 : idle < 1000 ? idle * 2 : 2000))
  if [ "$tick" = 1 ]; then
    pause $(((idle + 999) / 1000))
  else
    pause "$((idle / 1000)).$((idle / 100 % 10))"
  fi
}

# shellcheck shell=bash
# Talking to the relay: requests, and what to do where they fail.
#
# relay_url scheme listener_key listener_id host_label user_label mode   who this listener is, set by main
# failures   requests in a row without an answer
# said       reasons for that which were printed since the last answer
# has_hint   1 until the hint about ~/.curlrc was printed
# idle       milliseconds waited after the last answer without news

failures=0 said='' has_hint=1 idle=0

# Sends a request. The answer's body is left in $work/SLOT.body; $http is its status, 000 when no whole answer came.
request() { # SLOT METHOD PATH [CURL ARGUMENT...]
  local turn=0
  while keep_work; do
    transfer "$@"
    # The folder was removed during the request, and the answer with it: every request may be repeated.
    turn=$((turn + 1))
    if is_own_folder || [ "$is_cut" -eq 1 ] || [ "$turn" -gt 5 ]; then return 0; fi
  done
  http=000 trouble='its folder is gone'
}

# What the relay said, one line, made harmless for this screen.
answer_text() { head -c 300 "$work/$1.body" 2>/dev/null | head -n 1 | show_bytes; }

# The statuses after which the same request may be sent again: no answer, a relay that restarts, a proxy without one, and a body that
# came short because its file was removed.
is_passing() { case $http$refusal in 000* | 408* | 429* | 5??* | 400body_cut) true ;; *) false ;; esac }

# Waits longer with each failure in a row, never in step with others. Says each reason once, and so the return.
back_off() {
  local reason limit
  require_work
  case $http$trouble in
    000) reason="no space left in ${work%/*}" ;;
    000?*) reason="cannot reach the relay: $trouble" ;;
    *) reason="the relay answers HTTP $http" ;;
  esac
  # Times and sizes in it may differ each time.
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
  # What is sent next is read from it.
  require_work
}

require_work() { keep_work || fail "the folder $work was removed and cannot be created again"; }

clear_failures() {
  [ "$failures" -eq 0 ] || say "connected to the relay again" >&2
  failures=0 said=''
}

# A proxy or a certificate may be named in a file that is not read here.
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
      say "$file is not read: set https_proxy or CURL_CA_BUNDLE" >&2
      return 0
    done <"$file"
  done
}

# After an answer without news, in each loop of requests. A relay that holds its polls is asked again at once. One that answers at once
# is asked again after 0.1 s, then 0.2 s, and so on up to 2 s. At news the caller sets idle=0. Works by $took, which needs no clock here.
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

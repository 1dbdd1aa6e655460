# shellcheck shell=bash
# Talking to the relay: one curl per request.
#
# relay_url scheme listener_key listener_id host_label user_label mode   who this listener is, set by main
# http       status of the last answer, 000 when no whole answer came
# refusal    the relay's code for what it refused, empty where it gave none
# took       milliseconds that the last request took, by curl's clock; 0 without an answer
# received   bytes of its body, as curl counts them
# trouble    why no answer came; empty where it could not be written down
# is_cut     1 when a signal ended the wait for the answer
# failures   requests in a row without an answer
# said       reasons for that which were printed since the last answer
# has_hint   1 until the hint about ~/.curlrc was printed
# idle       milliseconds waited after the last answer without news

failures=0 http=000 refusal='' took=0 received=0 trouble='' is_cut=0 said='' has_hint=1 idle=0

# Keys and addresses reach curl through its standard input: every user of this machine can read arguments in ps.
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

# curl runs in the background so that a signal is acted on at once, and so that the watchdog can end it. A limit on the size of files
# bounds all that an answer can fill: its head, its body, and what curl says of it. XFSZ is ignored: then curl sees a failed write and
# ends by itself (23), and bash has no killed job to report. Where a redirection names a file in $work, 2>/dev/null comes first:
# the folder may be gone.
transfer() { # SLOT METHOD PATH [CURL ARGUMENT...]
  local slot=$1 method=$2 path=$3 word before='' transfer outcome limit seconds=''
  shift 3
  case $slot in
    # A script in its frame, up to the largest size that read_frame takes.
    next) limit=97800 ;;
    stdin*) limit=16640 ;;
    *) limit=64 ;;
  esac
  http=000 refusal='' took=0 received=0 trouble='' is_cut=0
  for word in "$@"; do
    # For a body that is gone, older versions of curl send an empty one.
    case $before$word in @* | -T?*) [ -f "${word#@}" ] || { trouble='the file to send is gone' && return 0; } ;; esac
    before=''
    [ "$word" != -T ] || before=-T
  done
  { : >"$work/$slot.body" && : >"$work/$slot.head"; } 2>/dev/null
  curl_config "$method" "$path" 2>/dev/null |
    {
      {
        trap '' XFSZ
        ulimit -f "$limit"
        exec curl -q -sS -g -K - --proto "=$scheme" --connect-timeout 10 --speed-limit 1 --speed-time 60 \
          -o "$work/$slot.body" -D "$work/$slot.head" -w '%{http_code} %{time_total} %{size_download}' "$@"
      } >"$work/$slot.code" 2>"$work/$slot.error"
    } 2>/dev/null &
  transfer=$!
  printf '%s\n' "$transfer" 2>/dev/null >"$work/$slot.pid"
  if [ "$slot" = next ]; then
    waits_for=$transfer
    # A signal that came before has ended nothing.
    [ "$leaving$interrupts" = 00 ] || end_wait
  fi
  # Some versions of curl crash where they cannot open a file: bash would report it.
  wait "$transfer" 2>/dev/null
  outcome=$?
  [ "$slot" != next ] || waits_for=
  if [ "$outcome" -eq 0 ]; then
    if is_from_relay "$slot"; then
      { IFS=' ' read -r http seconds received <"$work/$slot.code"; } 2>/dev/null
      case $http in [1-5][0-9][0-9]) ;; *) http=000 ;; esac
      case $received in '' | *[!0-9]* | ????????????????*) received=0 ;; esac
      set_took "$seconds"
    else
      trouble='the answer is not from a relay'
    fi
  else
    # Cut short by a signal for the listener, or failed: nothing of it may go on.
    kill "$transfer" 2>/dev/null
    [ "$outcome" -le 128 ] || is_cut=1
    read_trouble "$slot" "$outcome" "$limit"
  fi
  ! is_own_folder || : 2>/dev/null >"$work/$slot.pid"
}

# A portal or a proxy that answers instead of the relay has not answered. Nor has a relay whose head was cut: curl makes do with any
# part of a head, and takes what it does not expect for an empty body. Sets $refusal.
is_from_relay() { # SLOT
  local line is_relay=0 is_whole=0
  {
    while IFS= read -r line; do
      case $line in
        HTTP/*) is_relay=0 is_whole=0 refusal='' ;;
        [Rr][Ee][Mm][Oo][Tt][Ii][Ff][Yy]-[Vv]ersion:*) is_relay=1 ;;
        [Rr][Ee][Mm][Oo][Tt][Ii][Ff][Yy]-[Ee]rror:*) refusal=${line#*:} && refusal=${refusal//[!a-z_]/} ;;
        '' | $'\r') is_whole=1 ;;
      esac
    done <"$work/$1.head"
  } 2>/dev/null
  [ "$is_relay$is_whole" = 11 ]
}

# curl prints seconds as 0.004321; older ones as 0,004 in some languages.
set_took() { # SECONDS, sets $took
  local whole=${1%%[.,]*} part=${1#*[.,]}000
  part=${part:0:3}
  [ -n "$whole" ] || return 0
  case $whole$part in *[!0-9]* | ?????????????*) return 0 ;; esac
  took=$((10#$whole * 1000 + 10#$part))
}

# Why a request failed, in one line of printable ASCII: what curl says, without its name, and without the key.
read_trouble() { # SLOT OUTCOME LIMIT
  local LC_ALL=C name
  { IFS= read -r trouble <"$work/$1.error"; } 2>/dev/null
  if [ "$2" -eq 23 ]; then
    trouble=''
    for name in body head; do
      bytes_of "$work/$1.$name"
      [ "$bytes" -lt $(($3 * 1024)) ] || trouble='its answer is too large'
    done
    return 0
  fi
  case $trouble in "curl: ($2) "*) trouble=${trouble#*) } ;; esac
  trouble=${trouble//"$listener_key"/KEY}
  trouble=${trouble//[! -~]/?}
  trouble=${trouble:0:200}
  [ -n "$trouble" ] || trouble="curl ended with $2"
}

# Ends the request of a slot, if one is under way.
stop_transfer() { # SLOT
  read_number "$work/$1.pid"
  [ "$number" -le 1 ] || kill "$number" 2>/dev/null
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

settle() {
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

# shellcheck shell=bash
# Sends one HTTP request with curl and parses the response.
#
# http       status of the last response, 000 without a complete response
# refusal    error code of the relay (Remotify-Error), empty if it sent none
# took       milliseconds that the last request took, as measured by curl; 0 without a response
# received   bytes of the response body, as counted by curl
# trouble    why there is no response; empty if the reason could not be stored
# is_cut     1 if a signal ended the wait for the response
# config     configuration of the next curl, set by set_config
# ahead      process id of a started curl that waits for its request (slot result, on descriptor 21); empty if there is none

http=000 refusal='' took=0 received=0 trouble='' is_cut=0 config='' ahead=''

# Keys and URLs go to curl through its standard input: every user of this machine can read arguments in ps.
set_config() { # METHOD PATH
  printf -v config '%s\n' \
    "url = \"$relay_url/api/session/self$2\"" \
    "request = \"$1\"" \
    "header = \"Authorization: Bearer $listener_key\"" \
    "header = \"Remotify-Listener: $listener_id\"" \
    "header = \"Remotify-Host: $host_label\"" \
    "header = \"Remotify-User: $user_label\"" \
    "header = \"Remotify-Mode: $mode\"" \
    'header = "Expect:"'
}

# Turns a forked process into the curl of a slot. A file size limit bounds the disk space that a response can fill: head, body and curl's
# messages. XFSZ is ignored, so that curl gets a write error and exits with 23; bash would report a job that the signal killed. Where a
# redirection names a file in $work, 2>/dev/null comes first: the folder may have been removed.
become_curl() { # SLOT [CURL ARGUMENT...]
  local slot=$1 limit
  limit_of "$slot"
  shift
  {
    trap '' XFSZ
    ulimit -f "$limit"
    exec curl -q -sS -g -K - --proto "=$scheme" --connect-timeout 10 --speed-limit 1 --speed-time 60 \
      -o "$work/$slot.body" -D "$work/$slot.head" -w '%{http_code} %{time_total} %{size_download}' "$@"
  } >"$work/$slot.code" 2>"$work/$slot.error"
} 2>/dev/null

# Sets $limit: the largest response of a slot, in KiB.
limit_of() { # SLOT
  case $1 in
    # A command in its frame, up to the largest size that read_frame accepts.
    next) limit=97800 ;;
    stdin*) limit=16640 ;;
    *) limit=64 ;;
  esac
}

# Starting curl is the slowest step between the end of a command and its result at the relay. So the curl for the result is started while
# the command runs, and gets its request later. Only if bash can wait for such a process, and only in auto mode: at a terminal the
# operator's answer takes longer anyway. curl must not inherit the descriptors of the command's streams: these would never end.
start_ahead() {
  [ "$has_here_pipes$has_pipes" = 11 ] || return 0
  # curl's configuration cannot contain such a path.
  case $work in *[\"\\$'\n']*) return 0 ;; esac
  { exec 21> >(become_curl result 16>&- 17>&- 20<&-); } 2>/dev/null || return 0
  ahead=$!
  printf '%s\n' "$ahead" 2>/dev/null >"$work/result.pid"
}

# curl ends at the end of its configuration, which contains no URL.
drop_ahead() {
  [ -z "$ahead" ] || exec 21>&-
  ahead=
}

# Whether the started curl can be used. Not after the folder was removed: its output files are gone.
is_ahead() { # SLOT
  [ "$1" = result ] && [ -n "$ahead" ] || return 1
  [ -s "$work/result.pid" ] && kill -0 "$ahead" 2>/dev/null && return 0
  drop_ahead
  return 1
}

# Sends the request to the started curl. Each option and its value become a line of its configuration.
request_ahead() { # OPTION VALUE...
  local lines=''
  [ "$#" -eq 0 ] || printf -v lines '%s "%s"\n' "$@"
  # That curl may have ended: ignore SIGPIPE.
  trap '' PIPE
  printf '%s' "$config$lines" 2>/dev/null >&21
  trap - PIPE
  exec 21>&-
  transfer=$ahead ahead=
}

# curl runs in the background, so that the listener handles signals at once and the watchdog can end curl.
transfer() { # SLOT METHOD PATH [CURL OPTION AND ITS VALUE...]
  local slot=$1 word before='' transfer outcome limit seconds=''
  set_config "$2" "$3"
  shift 3
  http=000 refusal='' took=0 received=0 trouble='' is_cut=0
  for word in "$@"; do
    # Where the file of the body was removed, older versions of curl send an empty body.
    case $before$word in @* | -T?*) [ -f "${word#@}" ] || { trouble='the file to send was removed' && return 0; } ;; esac
    before=''
    [ "$word" != -T ] || before=-T
  done
  { : >"$work/$slot.body" && : >"$work/$slot.head"; } 2>/dev/null
  if is_ahead "$slot"; then
    request_ahead "$@"
  else
    if [ "$has_here_pipes" -eq 1 ] && [ "${#config}" -lt 1024 ]; then
      become_curl "$slot" "$@" <<<"$config" &
    else
      printf '%s' "$config" 2>/dev/null | become_curl "$slot" "$@" &
    fi
    transfer=$!
    printf '%s\n' "$transfer" 2>/dev/null >"$work/$slot.pid"
  fi
  if [ "$slot" = next ]; then
    waits_for=$transfer
    # A signal that came before this line found no process to end.
    [ "$leaving$interrupts" = 00 ] || end_wait
    clear_spool
  fi
  # Some versions of curl crash if they cannot open a file: hide bash's report of it.
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
    # The wait was interrupted by a signal, or curl failed: make sure that curl has ended.
    kill "$transfer" 2>/dev/null
    [ "$outcome" -le 128 ] || is_cut=1
    limit_of "$slot"
    read_trouble "$slot" "$outcome" "$limit"
  fi
  ! is_own_folder || : 2>/dev/null >"$work/$slot.pid"
}

# Sets $refusal. Returns 1 for the response of a captive portal or a proxy, and for a response with a truncated head: curl accepts any part
# of a head, and then reports an empty body.
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

# curl prints seconds as 0.004321; older versions as 0,004 in some locales.
set_took() { # SECONDS, sets $took
  local whole=${1%%[.,]*} part=${1#*[.,]}000
  part=${part:0:3}
  [ -n "$whole" ] || return 0
  case $whole$part in *[!0-9]* | ?????????????*) return 0 ;; esac
  took=$((10#$whole * 1000 + 10#$part))
}

# Sets $trouble to the reason of a failed request, one line of printable ASCII: curl's message without its prefix and without the key.
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
  [ -n "$trouble" ] || trouble="curl exited with status $2"
}

# Ends the request of a slot, if there is one.
stop_transfer() { # SLOT
  read_number "$work/$1.pid"
  [ "$number" -le 1 ] || kill "$number" 2>/dev/null
}

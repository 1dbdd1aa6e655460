# shellcheck shell=bash
# One request: a curl, and what it says of the answer.
#
# http       status of the last answer, 000 when no whole answer came
# refusal    the relay's code for what it refused, empty where it gave none
# took       milliseconds that the last request took, by curl's clock; 0 without an answer
# received   bytes of its body, as curl counts them
# trouble    why no answer came; empty where it could not be written down
# is_cut     1 when a signal ended the wait for the answer
# config     of the next curl, set by set_config
# ahead      process of a curl that waits for its request, of the slot result; empty where there is none. Descriptor 21 leads there.

http=000 refusal='' took=0 received=0 trouble='' is_cut=0 config='' ahead=''

# Keys and addresses reach curl through its standard input: every user of this machine can read arguments in ps.
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

# Turns a process that was forked for it into the curl of a slot. A limit on the size of files bounds all that an answer can fill: its
# head, its body, and what curl says of it. XFSZ is ignored: then curl sees a failed write and ends by itself (23), and bash has no killed
# job to report. Where a redirection names a file in $work, 2>/dev/null comes first: the folder may be gone.
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

# How many KiB of an answer are taken, in $limit.
limit_of() { # SLOT
  case $1 in
    # A script in its frame, up to the largest size that read_frame takes.
    next) limit=97800 ;;
    stdin*) limit=16640 ;;
    *) limit=64 ;;
  esac
}

# Loading curl takes longer than all else between the end of a command and the news of it. So the curl for its result is started beside the
# command, and gets its request when there is one. Only where bash can wait for such a process, and in auto mode: a command at a terminal
# waits for its operator in any case. The descriptors of the command's streams are closed: they would never end.
start_ahead() {
  [ "$has_here_pipes$has_pipes" = 11 ] || return 0
  # It cannot be named in the configuration of curl.
  case $work in *[\"\\$'\n']*) return 0 ;; esac
  { exec 21> >(become_curl result 16>&- 17>&- 20<&-); } 2>/dev/null || return 0
  ahead=$!
  printf '%s\n' "$ahead" 2>/dev/null >"$work/result.pid"
}

# It ends at the end of its configuration, which names no address.
drop_ahead() {
  [ -z "$ahead" ] || exec 21>&-
  ahead=
}

# 1: there is none, or no more. What it writes is gone together with a folder that was removed.
is_ahead() { # SLOT
  [ "$1" = result ] && [ -n "$ahead" ] || return 1
  [ -s "$work/result.pid" ] && kill -0 "$ahead" 2>/dev/null && return 0
  drop_ahead
  return 1
}

# Each argument becomes a line of the configuration.
request_ahead() { # OPTION VALUE...
  local lines=''
  [ "$#" -eq 0 ] || printf -v lines '%s "%s"\n' "$@"
  # It may have ended by itself.
  trap '' PIPE
  printf '%s' "$config$lines" 2>/dev/null >&21
  trap - PIPE
  exec 21>&-
  transfer=$ahead ahead=
}

# curl runs in the background so that a signal is acted on at once, and so that the watchdog can end it.
transfer() { # SLOT METHOD PATH [CURL OPTION AND ITS VALUE...]
  local slot=$1 word before='' transfer outcome limit seconds=''
  set_config "$2" "$3"
  shift 3
  http=000 refusal='' took=0 received=0 trouble='' is_cut=0
  for word in "$@"; do
    # For a body that is gone, older versions of curl send an empty one.
    case $before$word in @* | -T?*) [ -f "${word#@}" ] || { trouble='the file to send is gone' && return 0; } ;; esac
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
    # A signal that came before has ended nothing.
    [ "$leaving$interrupts" = 00 ] || end_wait
    clear_spool
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
    limit_of "$slot"
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

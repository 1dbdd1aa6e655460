# shellcheck shell=bash
# The process that becomes the command, and the command's input.
#
# What this part takes for granted is what the preamble saved: umask, environment, exported functions and options of the shell in which
# the line was pasted. The command gets them back.

# What the command's bash runs: its text, read from descriptor 19 and not from a path, so that an error names no file of ours. The
# options that were exported come back in the same line, where no trace shows it.
starter_text() { # sets $starter
  local words name list close='exec 19<&-;' closed='' from='</dev/fd/19'
  [ "$has_pipes" -eq 1 ] || from='cat <&19'
  # Closing it for good takes exec, which may be a function of the operator's here.
  case $remotify_functions in *'exec ()'*) close='' closed=' 19<&-' ;; esac
  starter="builtin eval \"builtin unset BASH_EXECUTION_STRING; $close"
  list=$(builtin declare -p BASHOPTS 2>/dev/null)
  case $list in
    'declare -'*x*' BASHOPTS='*) starter="$starter builtin shopt -s ${remotify_shopts//:/ };" ;;
  esac
  list=$(builtin declare -p SHELLOPTS 2>/dev/null)
  case $list in
    'declare -'*x*' SHELLOPTS='*)
      words=
      for name in ${remotify_options//:/ }; do
        case $name in onecmd | noexec | privileged) ;; *) words="$words -o $name" ;; esac
      done
      [ -z "$words" ] || starter="$starter builtin set$words;"
      ;;
  esac
  starter="$starter \$($from)"$'\n"'$closed
}

# Turns this process into the command. Nothing below the line that brings the environment back may rely on a variable or a function of
# the runner: all names are the operator's there.
become_command() { # [WORD BEFORE IT...]
  local starter
  trap - INT TERM HUP QUIT
  if [ "$#" -gt 0 ]; then
    # The word before it makes a session of its own of this very process.
    own_pid
    printf '%d\n' "$pid" >"$work/group"
  fi
  starter_text
  exec 19<"$work/command"
  if [ "$stdin" = 1 ]; then exec < <(feed_stdin); else exec </dev/null; fi
  exec 15<&-
  umask "$remotify_umask"
  set -- "$listener_id.$id" "$@" "$BASH" -c "$starter" bash
  set +u
  { eval "$remotify_environment"; } 2>/dev/null
  unset REMOTIFY_LISTENER_KEY
  [ -z "$remotify_by_hand" ] || unset REMOTIFY_URL REMOTIFY_MODE
  export DEBIAN_FRONTEND=noninteractive CI=true TERM=dumb PAGER=cat SYSTEMD_PAGER=cat GIT_TERMINAL_PROMPT=0 REMOTIFY_COMMAND="$1"
  shift
  { eval "$remotify_functions"; } 2>/dev/null
  # POSIX mode: exec is the builtin, whatever function has its name.
  POSIXLY_CORRECT=${remotify_posixly#-}
  exec "$@"
}

# Writes what the client sends into the command's input, until one of the two ends.
feed_stdin() {
  local offset=0 own="stdin.$id"
  # Its errors are not the command's output.
  exec 2>/dev/null 15<&-
  while is_feeding; do
    request "$own" GET "/commands/$id/stdin?offset=$offset" --max-time 30
    # Another command may have begun meanwhile, which has a feeder of its own.
    is_feeding || return 0
    case $http in
      200)
        bytes_of "$work/$own.body"
        [ "$bytes" -gt 0 ] || return 0
        cat "$work/$own.body" || return 0
        offset=$((offset + bytes))
        ;;
      204) ;;
      *)
        is_passing || return 0
        sleep 1
        ;;
    esac
  done
}

is_feeding() {
  local fed=''
  IFS= read -r fed <"$work/feeding" && [ "$fed" = "$id" ]
}

stop_feeding() {
  [ -s "$work/feeding" ] || return 0
  : >"$work/feeding"
  [ ! -s "$work/stdin.$id.pid" ] || kill "$(cat "$work/stdin.$id.pid")" 2>/dev/null
  rm -f "$work/stdin.$id".*
}

# shellcheck shell=bash
# The process that becomes the command.
#
# What this part takes for granted is what the preamble saved: umask, environment, exported functions and options of the shell in which
# the line was pasted. The command gets them back.

# Sets $starter: what the command's bash runs. It reads the text from descriptor 19 and not from a path, so that an error names no file
# of the listener's. Tracing begins in the same line, which therefore is not traced itself.
starter_text() {
  local from='</dev/fd/19' trace=''
  [ "$has_pipes" -eq 1 ] || from='cat <&19'
  case :$exported_options: in *:xtrace:*) trace=' builtin set -o xtrace;' ;; esac
  case :$exported_options: in *:verbose:*) trace="$trace builtin set -o verbose;" ;; esac
  case $remotify_functions in
    *'builtin ()'* | *'eval ()'* | *'exec ()'*)
      # These are functions of the operator's here. In POSIX mode, eval and unset are the builtins all the same.
      starter="POSIXLY_CORRECT=y; eval \"unset POSIXLY_CORRECT BASH_EXECUTION_STRING;$trace \$($from)"$'\n"'' 19<&-'
      ;;
    *) starter="builtin eval \"builtin unset BASH_EXECUTION_STRING; exec 19<&-;$trace \$($from)"$'\n"' ;;
  esac
}

# Sets $exported_options and $exported_shopts: SHELLOPTS and BASHOPTS where these were exported, which is rare, and '' where not.
find_exported_options() {
  exported_options='' exported_shopts=''
  case $remotify_exported in *'x SHELLOPTS='*) exported_options=$remotify_options ;; esac
  case $remotify_exported in *'x BASHOPTS='*) exported_shopts=$remotify_shopts ;; esac
}

# Turns this process into the command. Nothing below the line that brings the environment back may rely on a variable or a function of
# the runner: all names are the operator's there.
become_command() { # [WORD BEFORE IT...]
  local starter options
  trap - INT TERM HUP QUIT
  if [ "$#" -gt 0 ]; then
    # The word before it makes a session of its own of this very process.
    own_pid
    printf '%d\n' "$pid" 2>/dev/null >"$work/group"
  fi
  starter_text
  # The text that the operator saw, even if its file was changed since. In auto mode the file, which may hold zero bytes, unless it was
  # removed.
  if { [ "$mode" = auto ] || [ "$has_pipes" -eq 0 ]; } && { exec 19<"$work/command"; } 2>/dev/null; then
    :
  elif [ "$has_pipes" -eq 0 ] || [ -z "$shown_text" ]; then
    printf 'remotify: not run: the folder of the listener was removed\n' >&2
    exit 126
  else
    exec 19< <(exec 15<&- 16>&- 17>&- 2>/dev/null && printf '%s' "$shown_text")
  fi
  if [ "$stdin" = 1 ]; then exec < <(feed_stdin); else exec </dev/null; fi
  exec 15<&-
  umask "$remotify_umask"
  options=:$exported_options:
  options=${options/:xtrace:/:}
  options=${options/:verbose:/:} options=${options#:}
  options=${options%:}
  # The variables are read-only in bash: only another program can set them.
  [ -z "$exported_options$exported_shopts" ] || set -- "$@" env
  [ -z "$exported_options" ] || set -- "$@" "SHELLOPTS=$options"
  [ -z "$exported_shopts" ] || set -- "$@" "BASHOPTS=$exported_shopts"
  set -- "$listener_id.$id" "$@" "$BASH" -c "$starter" bash
  set +u
  { eval "$remotify_environment"; } 2>/dev/null
  unset REMOTIFY_LISTENER_KEY
  # One level for the shell at the end of the line, one for the command's own.
  case ${SHLVL:-} in [2-9] | [1-9][0-9] | [1-9][0-9][0-9]) SHLVL=$((SHLVL - 2)) ;; *) SHLVL=0 ;; esac
  [ -z "$remotify_by_hand" ] || unset REMOTIFY_URL REMOTIFY_MODE
  export DEBIAN_FRONTEND=noninteractive CI=true TERM=dumb PAGER=cat SYSTEMD_PAGER=cat GIT_TERMINAL_PROMPT=0 REMOTIFY_COMMAND="$1"
  shift
  # With it in force here, no program could be started.
  [ -z "${EXECIGNORE+x}" ] || { set -- env "EXECIGNORE=$EXECIGNORE" "$@" && unset EXECIGNORE; }
  { eval "$remotify_functions"; } >/dev/null 2>&1
  # In POSIX mode, exec and export are the builtins even where a function has their name.
  POSIXLY_CORRECT=${remotify_posixly#-}
  eval "$remotify_function_exports"
  case $remotify_posixly$remotify_exported in -*'x POSIXLY_CORRECT='*) export POSIXLY_CORRECT ;; esac
  exec "$@"
}

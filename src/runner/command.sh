# shellcheck shell=bash
# Turns a process of the runner into the command: restores the environment, then runs bash with the command's text.
#
# The preamble saved the umask, environment, exported functions and options of the shell in which the line was pasted. The command gets
# them back.

# Sets $starter: the line that the command's bash runs. It reads the text from descriptor 19 instead of a path, so that no error message
# names a file of the listener. Tracing is turned on in this line, which therefore is not traced itself.
starter_text() {
  local from='</dev/fd/19' trace=''
  [ "$has_pipes" -eq 1 ] || from='cat <&19'
  case :$exported_options: in *:xtrace:*) trace=' builtin set -o xtrace;' ;; esac
  case :$exported_options: in *:verbose:*) trace="$trace builtin set -o verbose;" ;; esac
  case $remotify_functions in
    *'builtin ()'* | *'eval ()'* | *'exec ()'*)
      # The operator's shell exported functions with these names. In POSIX mode, eval and unset are the builtins anyway.
      starter="POSIXLY_CORRECT=y; eval \"unset POSIXLY_CORRECT BASH_EXECUTION_STRING;$trace \$($from)"$'\n"'' 19<&-'
      ;;
    *) starter="builtin eval \"builtin unset BASH_EXECUTION_STRING; exec 19<&-;$trace \$($from)"$'\n"' ;;
  esac
}

# Sets $exported_options and $exported_shopts to SHELLOPTS and BASHOPTS if these were exported (rare), else to ''.
find_exported_options() {
  exported_options='' exported_shopts=''
  case $remotify_exported in *'x SHELLOPTS='*) exported_options=$remotify_options ;; esac
  case $remotify_exported in *'x BASHOPTS='*) exported_shopts=$remotify_shopts ;; esac
}

# Turns this process into the command. After the line that restores the environment, no variable or function of the runner may be used:
# a variable or function of the operator's shell may have replaced it.
become_command() { # [WORD BEFORE IT...]
  local starter options
  trap - INT TERM HUP QUIT
  if [ "$#" -gt 0 ]; then
    # That word (setsid or perl) makes this process the leader of a new process session.
    own_pid
    printf '%d\n' "$pid" 2>/dev/null >"$work/group"
  fi
  starter_text
  # Supervised mode: the text that the operator saw, even if its file was changed since then. Auto mode: the file, which may contain zero
  # bytes, or the text if the file was removed.
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
  # These variables are read-only in bash: only another program (env) can set them.
  [ -z "$exported_options$exported_shopts" ] || set -- "$@" env
  [ -z "$exported_options" ] || set -- "$@" "SHELLOPTS=$options"
  [ -z "$exported_shopts" ] || set -- "$@" "BASHOPTS=$exported_shopts"
  set -- "$listener_id.$id" "$@" "$BASH" -c "$starter" bash
  set +u
  { eval "$remotify_environment"; } 2>/dev/null
  unset REMOTIFY_LISTENER_KEY
  # Subtract one level for the bash that the pasted line runs, one for the command's own bash.
  case ${SHLVL:-} in [2-9] | [1-9][0-9] | [1-9][0-9][0-9]) SHLVL=$((SHLVL - 2)) ;; *) SHLVL=0 ;; esac
  [ -z "$remotify_by_hand" ] || unset REMOTIFY_URL REMOTIFY_MODE
  export DEBIAN_FRONTEND=noninteractive CI=true TERM=dumb PAGER=cat SYSTEMD_PAGER=cat GIT_TERMINAL_PROMPT=0 REMOTIFY_COMMAND="$1"
  shift
  # With EXECIGNORE set in this process, no program could be started: env sets it for the command only.
  [ -z "${EXECIGNORE+x}" ] || { set -- env "EXECIGNORE=$EXECIGNORE" "$@" && unset EXECIGNORE; }
  { eval "$remotify_functions"; } >/dev/null 2>&1
  # In POSIX mode, exec and export are the builtins even if a function has the same name.
  POSIXLY_CORRECT=${remotify_posixly#-}
  eval "$remotify_function_exports"
  case $remotify_posixly$remotify_exported in -*'x POSIXLY_CORRECT='*) export POSIXLY_CORRECT ;; esac
  exec "$@"
}

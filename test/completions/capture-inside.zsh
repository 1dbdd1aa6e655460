# capture.zsh sources this file in its interactive zsh.
unsetopt auto_list always_last_prompt
autoload -Uz compinit
if (( $+CAPTURE_SOURCE )); then
  compinit -u -D
  source $CAPTURE_FOLDER/_remotify
  source $CAPTURE_FOLDER/_remotify
else
  fpath=($CAPTURE_FOLDER $fpath)
  # Reuse compinit's dump from the first run: creating it takes most of the time of a test.
  compinit -u -C -d $CAPTURE_DUMP
fi

# Logs what is offered. Does not log calls that only test which words match.
compadd() {
  local -a matches
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    builtin compadd -A matches "$@"
    (( $#matches )) && print -rl -- $matches >>$CAPTURE_MATCHES
  fi
  builtin compadd "$@"
}

# Calls complete-word, not Tab: by default Tab is expand-or-complete, where zsh itself expands $(…) before it completes.
zle-line-init() {
  BUFFER=$CAPTURE_LINE
  CURSOR=$#BUFFER
  zle complete-word
  print ended >>$CAPTURE_MATCHES
  exit
}
zle -N zle-line-init

# What capture.zsh runs inside of its interactive zsh.
unsetopt auto_list always_last_prompt
autoload -Uz compinit
if (( $+CAPTURE_SOURCE )); then
  compinit -u -D
  source $CAPTURE_FOLDER/_remotify
  source $CAPTURE_FOLDER/_remotify
else
  fpath=($CAPTURE_FOLDER $fpath)
  # Its own findings of the first time are read again, which is most of the time that a test takes.
  compinit -u -C -d $CAPTURE_DUMP
fi

# Writes down what is offered; calls that only ask which of some words match go through unseen.
compadd() {
  local -a matches
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    builtin compadd -A matches "$@"
    (( $#matches )) && print -rl -- $matches >>$CAPTURE_MATCHES
  fi
  builtin compadd "$@"
}

# Tab is expand-or-complete by default, and zsh itself then expands $(…) before any completion is asked: not what is tested.
zle-line-init() {
  BUFFER=$CAPTURE_LINE
  CURSOR=$#BUFFER
  zle complete-word
  print ended >>$CAPTURE_MATCHES
  exit
}
zle -N zle-line-init

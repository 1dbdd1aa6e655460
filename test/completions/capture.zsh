# zsh -f capture.zsh FOLDER LINE: prints the completions of an interactive zsh after LINE, one a line. The completion system
# finds _remotify in FOLDER; with CAPTURE_SOURCE set, it is sourced instead.
emulate -R zsh
zmodload zsh/zpty
export CAPTURE_FOLDER=$1 CAPTURE_LINE=$2 CAPTURE_MATCHES=$HOME/matches
: >$CAPTURE_MATCHES
zpty shell 'zsh -f -i'
zpty -w shell "source ${(q)0:A:h}/capture-inside.zsh"
screen=''
while zpty -r shell chunk; do screen+=$chunk; done
if ! grep -qx ended $CAPTURE_MATCHES; then
  print -r -- "$screen" >&2
  exit 1
fi
grep -vx ended $CAPTURE_MATCHES
exit 0

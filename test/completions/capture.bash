# bash capture.bash FILE LINE PIECE...: prints the completions of remotify.bash for LINE, one a line. The pieces are the words of the
# line as bash splits it, also at = and :. With CAPTURE_WHOLE_WORDS set, words are not split there, as in bash 3.2.
set -u
for _ in once twice; do
  # shellcheck disable=SC1090
  source "$1"
done
COMP_LINE=$2
shift 2
COMP_POINT=${#COMP_LINE}
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
typed=${!#}
case $typed in
  [=:]*) typed='' ;;
esac
if [[ -n ${CAPTURE_WHOLE_WORDS-} ]]; then
  read -r -a COMP_WORDS <<<"$COMP_LINE"
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
fi
_remotify remotify "$typed" "${COMP_WORDS[COMP_CWORD - 1]}"
[[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}"

/** The part of remotify.bash that offers completions for the word at the cursor. */
export const bashOffers = `# Prints the names of the stored sessions. A line of \`list\` has a star or nothing, the name, the URL.
_remotify_sessions() {
  local name second rest
  command remotify list --offline </dev/null 2>/dev/null | while IFS=' ' read -r name second rest; do
    [[ $name == '*' ]] && name=$second
    case $name in
      '' | *[!A-Za-z0-9._-]*) ;;
      *) printf '%s\\n' "$name" ;;
    esac
  done
}

# Sets words to the words up to the cursor, and skip to the part of the last word before the text to complete, $1: bash 4 also
# splits words at = and :.
_remotify_split() {
  local rest=$COMP_LINE word before at
  words=() skip=''
  for ((at = 0; at <= COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    before=$rest
    [[ -n $word ]] && before=\${rest%%"$word"*}
    rest=\${rest#*"$word"}
    skip=''
    if [[ $at -gt 0 && -z $before ]]; then
      skip=\${words[\${#words[@]} - 1]}
      unset "words[\${#words[@]} - 1]"
    fi
    if [[ $at -eq $COMP_CWORD ]]; then
      # Bash 3.2 does not split words there, but also passes only the last part.
      [[ \${COMP_LINE:0:COMP_POINT} == *"$word" ]] && skip=$skip\${word%"$1"}
      word=$1
    fi
    words[\${#words[@]}]=$skip$word
  done
}

# Offers the words that begin with the typed text.
_remotify_offer() {
  local word
  for word; do
    word=$lead$word
    [[ $word == "$cur"* ]] && COMPREPLY[\${#COMPREPLY[@]}]=\${word#"$skip"}
  done
  return 0
}

_remotify_offer_lines() {
  local line
  while IFS= read -r line; do
    [[ -n $line ]] && _remotify_offer "$line"
  done <<<"$1"
}

# Changes options of the completion, such as whether files are offered if no word fits. Bash 3.2 has no compopt and offers them.
_remotify_compopt() {
  compopt "$@" 2>/dev/null || return 0
}

_remotify_no_files() {
  _remotify_compopt +o bashdefault +o default "$@"
}

_remotify_reply() {
  local typed=\${cur#"$lead"}
  case \${kind[0]-} in
    # Bash completes only the part after a colon, as a local file: for cp that is a path on the remote.
    file) [[ $cmd != cp || $typed != *:* ]] || _remotify_no_files ;;
    script) ;;
    folder) _remotify_no_files -o dirnames ;;
    command)
      case $typed in
        '' | */*) ;;
        *) _remotify_offer_lines "$(compgen -c -- "$typed")" ;;
      esac
      ;;
    session)
      _remotify_no_files
      _remotify_offer_lines "$(_remotify_sessions)"
      ;;
    store)
      if [[ $typed == file:* ]]; then
        _remotify_no_files -o dirnames
      else
        _remotify_no_files
        _remotify_offer "\${kind[@]:1}"
        case \${COMPREPLY[0]-} in
          file:) _remotify_compopt -o nospace ;;
        esac
      fi
      ;;
    words)
      _remotify_no_files
      _remotify_offer "\${kind[@]:1}"
      ;;
    *) _remotify_no_files ;;
  esac
}
`;

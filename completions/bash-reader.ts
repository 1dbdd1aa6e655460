/** The part of remotify.bash that parses the words before the cursor. */
export const bashReader = `# Parses the flag $1, with or without its value. Sets kind to what the next word must be; empty if it can be any word.
_remotify_read_flag() {
  local rest=\${1#-}
  case $1 in
    --*)
      _remotify_flag_value "$cmd" "\${1%%=*}"
      [[ $1 == *=* ]] || rest=''
      ;;
    *)
      kind=()
      while [[ -n $rest && \${#kind[@]} -eq 0 ]]; do
        _remotify_flag_value "$cmd" "-\${rest:0:1}"
        rest=\${rest:1}
      done
      ;;
  esac
  [[ \${kind[0]-} == script ]] && script=1
  [[ -n $rest ]] && kind=()
  return 0
}

_remotify() {
  local cmd='' cur lead='' skip optional='' bare='' script='' count=0 at last word
  local -a words kind
  COMPREPLY=()
  # A redirection: bash completes the file itself.
  [[ $COMP_CWORD -gt 0 && \${COMP_WORDS[COMP_CWORD - 1]} == *[\\<\\>] ]] && return 0
  _remotify_split "\${2-}"
  kind=()
  last=$((\${#words[@]} - 1))
  cur=\${words[last]}
  for ((at = 1; at < last; at++)); do
    word=\${words[at]}
    if [[ \${#kind[@]} -gt 0 && (-z $optional || $word != -*) ]]; then
      kind=()
      continue
    fi
    kind=()
    if [[ -z $bare && $word == -- ]]; then
      bare=1
    elif [[ -z $bare && $word == -?* ]]; then
      _remotify_read_flag "$word"
    elif [[ -z $cmd ]]; then
      cmd=$word bare=''
    else
      _remotify_argument "$cmd" "$count"
      # The rest is the command line of another program.
      [[ \${kind[0]-} == command ]] && return 0
      kind=()
      count=$((count + 1))
    fi
  done
  if [[ \${#kind[@]} -gt 0 && (-z $optional || $cur != -*) ]]; then
    :
  elif [[ -z $bare && $cur == --*=* ]]; then
    lead=\${cur%%=*}=
    _remotify_flag_value "$cmd" "\${cur%%=*}"
  elif [[ -z $bare && $cur == -* ]]; then
    _remotify_flags "$cmd"
  else
    _remotify_argument "$cmd" "$count"
    [[ \${kind[0]-} == command && -n $script ]] && return 0
  fi
  _remotify_reply
}

complete -o bashdefault -o default -F _remotify remotify
`;

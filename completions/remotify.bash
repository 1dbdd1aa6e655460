# remotify in bash, 3.2 or newer. Made by `npm run completions` from the command line itself: do not edit.
# shellcheck shell=bash disable=SC2034
# Nothing that was typed is ever evaluated: words are compared, never expanded.

# The flags of the command $1.
_remotify_flags() {
  kind=()
  case $1 in
    '') kind=(words -V --version --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    new) kind=(words --name --auto --pin --copy --wait --no-wait --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    exec) kind=(words -f --file -i --stdin -t --timeout -w --wait --wait-listener --wait-approval -d --detach --merge --env --cwd --raw --all --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    cp) kind=(words -r --recursive -p --preserve -w --wait --wait-listener --wait-approval --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    logs) kind=(words -f --follow --offset --stream --raw --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    wait) kind=(words --listener -w --wait --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    status) kind=(words --watch --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    history) kind=(words -n --last --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    cancel) kind=(words --signal --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    list) kind=(words --offline --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    use) kind=(words --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    end) kind=(words --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    reset) kind=(words --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    serve) kind=(words --host --port --listen --socket-mode --public-url --store --durability --token --token-file --allowed-host --trust-proxy --tls-cert --tls-key --rate-limit --rate-limit-burst --max-body-size --session-ttl --long-poll --max-held-polls --max-held-polls-per-address --max-held-polls-per-session --max-sessions-per-address --session-quota --address-quota --audit-log --log --metrics --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    mcp) kind=(words --npx --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    agents) kind=(words --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    config) kind=(words --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
    completion) kind=(words --url -s --session --json -q --quiet --no-color --config-dir -h --help) ;;
  esac
}

# What follows the flag $2 of the command $1.
_remotify_flag_value() {
  kind=() optional=''
  case $1 in
    '')
      case $2 in
        --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    new)
      case $2 in
        --name | --url) kind=(free) ;;
        --wait) kind=(free) optional=1 ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    exec)
      case $2 in
        -f | --file) kind=(script) ;;
        -t | --timeout | -w | --wait | --wait-listener | --wait-approval | --env | --url) kind=(free) ;;
        --cwd | --config-dir) kind=(folder) ;;
        -s | --session) kind=(session) ;;
      esac
      ;;
    cp)
      case $2 in
        -w | --wait | --wait-listener | --wait-approval | --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    logs)
      case $2 in
        --offset | --url) kind=(free) ;;
        --stream) kind=(words stdout stderr) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    wait)
      case $2 in
        -w | --wait | --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    status)
      case $2 in
        --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    history)
      case $2 in
        -n | --last | --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    cancel)
      case $2 in
        --signal) kind=(words INT TERM KILL) ;;
        --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    list)
      case $2 in
        --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    use)
      case $2 in
        --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    end)
      case $2 in
        --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    reset)
      case $2 in
        --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    serve)
      case $2 in
        --host | --port | --listen | --socket-mode | --public-url | --durability | --token | --allowed-host | --trust-proxy | --rate-limit | --rate-limit-burst | --max-body-size | --session-ttl | --long-poll | --max-held-polls | --max-held-polls-per-address | --max-held-polls-per-session | --max-sessions-per-address | --session-quota | --address-quota | --log | --metrics | --url) kind=(free) ;;
        --store) kind=(store file: memory: 'redis://') ;;
        --token-file | --tls-cert | --tls-key) kind=(file) ;;
        --audit-log) kind=(free) optional=1 ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    mcp)
      case $2 in
        --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    agents)
      case $2 in
        --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    config)
      case $2 in
        --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
    completion)
      case $2 in
        --url) kind=(free) ;;
        -s | --session) kind=(session) ;;
        --config-dir) kind=(folder) ;;
      esac
      ;;
  esac
}

# What the argument number $2 of the command $1 is.
_remotify_argument() {
  kind=()
  case "$1 $2" in
    ' 0') kind=(words new exec cp logs wait status history cancel list use end reset serve mcp agents config completion help) ;;
    'exec '*) kind=(command) ;;
    'cp '*) kind=(file) ;;
    'use 0') kind=(session) ;;
    'end 0') kind=(session) ;;
    'mcp 0') kind=(words config) ;;
    'mcp 1') kind=(words claude-code claude-desktop cursor codex gemini vscode windsurf continue cline zed opencode) ;;
    'config 0') kind=(words get set unset path) ;;
    'config 1') kind=(words url) ;;
    'completion 0') kind=(words bash zsh fish) ;;
    'help 0') kind=(words new exec cp logs wait status history cancel list use end reset serve mcp agents config completion help) ;;
  esac
}

# Names of the stored sessions. `list` prints a star or nothing, the name, the address.
_remotify_sessions() {
  local name second rest
  command remotify list --offline </dev/null 2>/dev/null | while IFS=' ' read -r name second rest; do
    [[ $name == '*' ]] && name=$second
    case $name in
      '' | *[!A-Za-z0-9._-]*) ;;
      *) printf '%s\n' "$name" ;;
    esac
  done
}

# Bash 4 breaks words at = and : as well. Sets words to what was typed up to the cursor, and skip to the part of the last word
# that lies before what is to be completed, $1.
_remotify_split() {
  local rest=$COMP_LINE word before at
  words=() skip=''
  for ((at = 0; at <= COMP_CWORD; at++)); do
    word=${COMP_WORDS[at]}
    before=$rest
    [[ -n $word ]] && before=${rest%%"$word"*}
    rest=${rest#*"$word"}
    skip=''
    if [[ $at -gt 0 && -z $before ]]; then
      skip=${words[${#words[@]} - 1]}
      unset "words[${#words[@]} - 1]"
    fi
    if [[ $at -eq $COMP_CWORD ]]; then
      # Bash 3.2 does not break them, but gives only the piece as well.
      [[ ${COMP_LINE:0:COMP_POINT} == *"$word" ]] && skip=$skip${word%"$1"}
      word=$1
    fi
    words[${#words[@]}]=$skip$word
  done
}

# Offers those of the words that go on from what was typed.
_remotify_offer() {
  local word
  for word; do
    word=$lead$word
    [[ $word == "$cur"* ]] && COMPREPLY[${#COMPREPLY[@]}]=${word#"$skip"}
  done
  return 0
}

_remotify_offer_lines() {
  local line
  while IFS= read -r line; do
    [[ -n $line ]] && _remotify_offer "$line"
  done <<<"$1"
}

# Bash 4 and newer: files where no word of remotify fits, or not. Bash 3.2 has no compopt and offers them.
_remotify_compopt() {
  compopt "$@" 2>/dev/null || return 0
}

_remotify_no_files() {
  _remotify_compopt +o bashdefault +o default "$@"
}

_remotify_reply() {
  local typed=${cur#"$lead"}
  case ${kind[0]-} in
    file | script) ;;
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
        _remotify_offer "${kind[@]:1}"
        case ${COMPREPLY[0]-} in
          file:) _remotify_compopt -o nospace ;;
        esac
      fi
      ;;
    words)
      _remotify_no_files
      _remotify_offer "${kind[@]:1}"
      ;;
    *) _remotify_no_files ;;
  esac
}

# Reads the flag $1, alone or with its value: afterwards kind is what the next word has to be, empty if anything.
_remotify_read_flag() {
  local rest=${1#-}
  case $1 in
    --*)
      _remotify_flag_value "$cmd" "${1%%=*}"
      [[ $1 == *=* ]] || rest=''
      ;;
    *)
      kind=()
      while [[ -n $rest && ${#kind[@]} -eq 0 ]]; do
        _remotify_flag_value "$cmd" "-${rest:0:1}"
        rest=${rest:1}
      done
      ;;
  esac
  [[ ${kind[0]-} == script ]] && script=1
  [[ -n $rest ]] && kind=()
  return 0
}

_remotify() {
  local cmd='' cur lead='' skip optional='' bare='' script='' count=0 at last word
  local -a words kind
  COMPREPLY=()
  # A redirection: a file, which bash knows how to complete.
  [[ $COMP_CWORD -gt 0 && ${COMP_WORDS[COMP_CWORD - 1]} == *[\<\>] ]] && return 0
  _remotify_split "${2-}"
  kind=()
  last=$((${#words[@]} - 1))
  cur=${words[last]}
  for ((at = 1; at < last; at++)); do
    word=${words[at]}
    if [[ ${#kind[@]} -gt 0 && (-z $optional || $word != -*) ]]; then
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
      # From here on it is the command line of another program.
      [[ ${kind[0]-} == command ]] && return 0
      kind=()
      count=$((count + 1))
    fi
  done
  if [[ ${#kind[@]} -gt 0 && (-z $optional || $cur != -*) ]]; then
    :
  elif [[ -z $bare && $cur == --*=* ]]; then
    lead=${cur%%=*}=
    _remotify_flag_value "$cmd" "${cur%%=*}"
  elif [[ -z $bare && $cur == -* ]]; then
    _remotify_flags "$cmd"
  else
    _remotify_argument "$cmd" "$count"
    [[ ${kind[0]-} == command && -n $script ]] && return 0
  fi
  _remotify_reply
}

complete -o bashdefault -o default -F _remotify remotify

/** The part of _remotify that is the same for all commands. */
export const zshFunctions = `# Offers the names of the stored sessions. A line of \`list\` has a star or nothing, the name, the URL.
_remotify_sessions() {
  local row
  local -a names fields
  for row in \${(f)"$(command remotify list --offline </dev/null 2>/dev/null)"}; do
    fields=(\${=row})
    [[ $fields[1] == '*' ]] && shift fields
    [[ -n $fields[1] && $fields[1] != *[^A-Za-z0-9._-]* ]] && names+=($fields[1])
  done
  compadd "$@" -a names
}

# Zsh's own file completion runs command substitutions in the name of a folder: offer nothing if the word contains one.
_remotify_files() {
  [[ $PREFIX$SUFFIX == *('$('|'\`')* ]] && return 1
  _files "$@"
}

# Completes the first word of a command, or with a script its first argument.
_remotify_first_words() {
  local ret=1
  (( $+opt_args[-f] || $+opt_args[--file] )) || { _command_names -e && ret=0 }
  _remotify_files && ret=0
  return ret
}

# The arguments after -- are the words. Offers them, and folders after file:.
_remotify_stores() {
  local at=\${@[(I)--]} ret=1
  local -a own=("\${@[at + 1,-1]}")
  if compset -P 'file:'; then
    _remotify_files -/
    return
  fi
  compadd "\${@[1,at - 1]}" -S '' -- \${(M)own:#file:} && ret=0
  compadd "\${@[1,at - 1]}" -- \${own:#file:} && ret=0
  return ret
}
`;

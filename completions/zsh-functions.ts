/** The part of _remotify that knows no command by name. */
export const zshFunctions = `# Names of the stored sessions. \`list\` prints a star or nothing, the name, the address.
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

# Zsh's own file completion runs command substitutions in a folder's name. Ours never runs what was typed.
_remotify_files() {
  [[ $PREFIX$SUFFIX == *('$('|'\`')* ]] && return 1
  _files "$@"
}

# The first word of a command, or with a script its first argument.
_remotify_first_words() {
  local ret=1
  (( $+opt_args[-f] || $+opt_args[--file] )) || { _command_names -e && ret=0 }
  _remotify_files && ret=0
  return ret
}

# After --: the words. One that ends with a colon goes on with a folder.
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

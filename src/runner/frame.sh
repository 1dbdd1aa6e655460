# shellcheck shell=bash
# Parses the frame in which the relay sends a command.
#
# id size merge stdin timeout from   fields of the current command; its text is in $work/command

id='' merge=0 stdin=0 timeout=0 from=''

# Parses a framed command. Only a complete frame is accepted as a command.
# Sets $id $size $merge $stdin $timeout $from and writes the text to $work/command.
read_frame() { # FILE
  local magic verb options word head
  IFS= read -r head <"$1" || return 1
  read -r magic verb id size options <"$1" || return 1
  [ "$magic $verb" = 'remotify/1 run' ] || return 1
  case $id in c[1-9]*) ;; *) return 1 ;; esac
  # Each field has a limit: a very long one would push the command off the operator's screen.
  case ${id#c} in *[!0-9]* | ???????????*) return 1 ;; esac
  case $size in '' | *[!0-9]* | 0?* | ?????????*) return 1 ;; esac
  merge=0 stdin=0 timeout=0 from=''
  for word in $options; do
    case $word in
      merge=1) merge=1 ;;
      stdin=1) stdin=1 ;;
      timeout=*[!0-9]* | timeout=0?* | timeout=??????????*) return 1 ;;
      timeout=?*) timeout=${word#timeout=} ;;
      from=*[!A-Za-z0-9._@/,+-]*) return 1 ;;
      from=*)
        from=${word#from=}
        [ "${#from}" -le 80 ] || return 1
        ;;
    esac
  done
  unpack "$1" "${#head}"
}

# Checks that a frame has the size given in its first line, and its last line. Writes the bytes between the two to $work/command.
unpack() { # FILE BYTES-OF-THE-FIRST-LINE
  local LC_ALL=C text end=$'\n'"remotify/1 end $id" length
  length=$(($2 + 1 + size + ${#end} + 1))
  if read_short "$1"; then
    [ "${#text}" -eq "$length" ] && [ "${text:$2 + 1 + size}" = "$end"$'\n' ] || return 1
    printf '%s' "${text:$2 + 1:size}" >"$work/command"
    return
  fi
  bytes_of "$1"
  [ "$bytes" -eq "$length" ] && [ "$(tail -c $((${#end} + 1)) "$1")" = "$end" ] || return 1
  tail -c +$(($2 + 2)) "$1" | head -c "$size" >"$work/command"
}

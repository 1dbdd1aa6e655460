# shellcheck shell=bash
# Shows output on the operator's screen as the relay accepts it, each row behind a mark. Several processes send output, one after the other,
# and each may be killed at any time: so the state is in files, each beginning with the id of its command.
#
# more_output had_output   1 if the last command printed more than was shown; id of the last command that printed output
# gutter.rows          number of rows shown, and the stream of the last output
# gutter.STREAM        bytes of the stream, bytes shown, bytes in .first, number N of the current last file, bytes in that file
# gutter.STREAM.first  the first bytes of the stream; gutter.STREAM.N: the last bytes
# gutter.STREAM.row    the beginning of an unfinished row

more_output=0 had_output=''

# Returns 0 if the file belongs to this command.
read_numbers() { # FILE, sets $a $b $c $d $e
  local owner=''
  a=0 b=0 c=0 d=0 e=0
  { IFS=' ' read -r owner a b c d e <"$work/$1"; } 2>/dev/null
  # Only digits, and no leading zero: bash would read it as octal.
  case " $a $b $c $d $e" in *[!0-9\ ]* | *' 0'[0-9]* | *'  '*) owner='' ;; esac
  [ "$owner" = "$id" ] || { a=0 b=0 c=0 d=0 e=0 && return 1; }
}

# Sets $rows and $last: 0 for stdout, 1 for stderr.
read_rows() {
  local a b c d e
  read_numbers gutter.rows || :
  rows=$a last=$b
}

# Sets $total $shown $first $nth $filled. Returns 1 if the stream had no output so far.
read_stream() { # STREAM
  local a b c d e
  read_numbers "gutter.$1"
  local is_new=$?
  total=$a shown=$b first=$c nth=$d filled=$e
  return "$is_new"
}

write_stream() { # STREAM
  printf '%s %d %d %d %d %d\n' "$id" "$total" "$shown" "$first" "$nth" "$filled" >"$work/gutter.$1"
  printf '%s %d %d 0 0 0\n' "$id" "$rows" "$last" >"$work/gutter.rows"
}

# Reads a file into $text; escapes its bytes if it contains a zero byte, which a variable cannot hold.
load_text() { # FILE
  text=''
  if { IFS= read -r -d '' text; } 2>/dev/null <"$1"; then text=$(show_bytes <"$1"); fi
}

# Shows output that the relay accepted: the first ten rows at once; keeps the rest for end_output and show_output.
show_sent() { # STREAM FILE
  [ "$mode" != auto ] || return 0
  local LC_ALL=C piece='' bytes text is_short=1 newline=$'\n' rows last total shown first nth filled
  [ -s "$2" ] || return 0
  read_rows
  last=0
  [ "$1" = stdout ] || last=1
  if ! read_stream "$1"; then
    : >"$work/gutter.$1.first"
    : >"$work/gutter.$1.row"
    for nth in 0 1 2 3 4; do : >"$work/gutter.$1.$nth"; done
    nth=0
  fi
  # Read a short piece without starting a process.
  if IFS= read -r -d '' -n 4096 piece <"$2"; then
    is_short=0
    bytes_of "$2"
  else
    bytes=${#piece}
  fi
  keep_output "$1" "$2"
  total=$((total + bytes))
  if [ "$rows" -lt 10 ]; then
    load_text "$work/gutter.$1.row"
    [ "$is_short" -eq 1 ] || piece=$(head -c 4096 "$2" | show_bytes && printf .)
    [ "$is_short" -eq 1 ] || piece=${piece%.}
    piece=$text$piece
    # Hold back an unfinished row, unless it is long.
    text=${piece%"${piece##*"$newline"}"}
    if [ "${#piece}" -ge 4096 ]; then text=$piece; fi
    if [ "${#text}" -lt "${#piece}" ] || [ -s "$work/gutter.$1.row" ]; then
      printf '%s' "${piece:${#text}}" >"$work/gutter.$1.row"
    fi
    show_rows "$1" 10
    # Only the first 4 KiB of a long piece were looked at.
    [ "$is_short" -eq 1 ] || rows=10
  fi
  write_stream "$1"
} 2>/dev/null

# Keeps the first 256 KiB of a stream, and about the last 256 KiB.
keep_output() { # STREAM FILE
  local room=$((262144 - first))
  if [ "$room" -gt 0 ]; then
    if [ "$is_short" -eq 1 ]; then
      printf '%s' "$piece" >>"$work/gutter.$1.first"
      first=$((first + bytes))
      return
    fi
    head -c "$room" "$2" >>"$work/gutter.$1.first"
    if [ "$bytes" -le "$room" ]; then
      first=$((first + bytes))
      return
    fi
    first=262144
  fi
  if [ "$filled" -ge 65536 ]; then
    nth=$(((nth + 1) % 5)) filled=0
    : >"$work/gutter.$1.$nth"
  fi
  room=$((bytes - (room > 0 ? room : 0)))
  [ "$room" -le 65536 ] || room=65536
  if [ "$is_short" -eq 1 ]; then printf '%s' "$piece"; else tail -c "$room" "$2"; fi >>"$work/gutter.$1.$nth"
  filled=$((filled + room))
}

# Prints the rows of $text, up to ROWS in total, and adds the bytes shown to $shown.
show_rows() { # STREAM ROWS
  local limit=$2 printed='' width take_row=take_output_row keeps_syntax=1 row row_width row_from row_mark mark='  < '
  [ -n "$text" ] || return 0
  [ "$1" = stdout ] || mark='  ! '
  measure_screen
  width=$((columns > 12 ? columns - 5 : 7))
  if lay_out "$mark" "$mark" "${mark% }:"; then row_from=${#text}; fi
  shown=$((shown + row_from))
  print_beside "$printed"
}

take_output_row() {
  [ "$rows" -lt "$limit" ] || return 1
  printed=$printed$row_mark$row$'\r\n'
  rows=$((rows + 1))
}

# Also works from a background process group: ignores TTOU, with which the terminal may stop background writers.
print_beside() { (trap '' TTOU && printf '%s' "$1" >/dev/tty) 2>/dev/null; }

# After all output was sent: prints an unfinished row and, of long output, the last five rows and the number of hidden bytes.
end_output() {
  [ "$mode" != auto ] || return 0
  local LC_ALL=C text stream rows last total shown first nth filled unseen=0
  more_output=0 had_output=''
  for stream in stdout stderr; do
    read_stream "$stream" || continue
    had_output=$id
    read_rows
    if [ -s "$work/gutter.$stream.row" ] && [ "$rows" -lt 10 ]; then
      load_text "$work/gutter.$stream.row"
      show_rows "$stream" 10
      { : >"$work/gutter.$stream.row" && write_stream "$stream"; } 2>/dev/null
    fi
    unseen=$((unseen + total - shown))
  done
  [ "$unseen" -gt 0 ] || return 0
  more_output=1
  read_rows
  stream=stdout
  [ "$last" -eq 0 ] || stream=stderr
  show_last_rows "$stream"
}

show_last_rows() { # STREAM
  local count width take_row=take_last_row keeps_syntax=1 row row_width row_from row_mark mark='  < '
  local -a last_rows last_from
  last_rows=() last_from=()
  read_stream "$1"
  count=$((total > shown ? total - shown : 0))
  [ "$count" -le 2048 ] || count=2048
  [ "$1" = stdout ] || mark='  ! '
  last_files "$1"
  cat "${files[@]}" 2>/dev/null | tail -c "$count" 2>/dev/null >"$work/gutter.last"
  load_text "$work/gutter.last"
  width=$((columns > 12 ? columns - 5 : 7)) rows=0
  lay_out "$mark" "$mark" "${mark% }:"
  nth=$((rows > 5 ? rows - 5 : 0))
  [ "$rows" -eq 0 ] || unseen=$((unseen - ${#text} + last_from[nth]))
  if [ "$unseen" -gt 0 ]; then print_note "    ($unseen bytes of output not shown; o at the next question shows them)" "($unseen bytes not shown)"; fi
  while [ "$nth" -lt "$rows" ]; do
    printf '%s\n' "${last_rows[nth]}"
    nth=$((nth + 1))
  done
}

take_last_row() {
  last_rows[rows]=$row_mark$row last_from[rows]=$row_from
  rows=$((rows + 1))
}

# Sets $files to the .first file, then the last files, the oldest first.
last_files() { # STREAM
  local turn
  files=("$work/gutter.$1.first")
  for turn in 1 2 3 4 5; do files[turn]=$work/gutter.$1.$(((nth + turn) % 5)); done
}

# Shows the kept output of the last command, a screen at a time.
show_output() {
  local LC_ALL=C id=$had_output stream text total shown first nth filled files part bytes kept=0
  local extent=whole width limit rows=0 is_cut=0 take_row=take_command_row keeps_syntax=1 row row_width row_from row_mark mark
  [ -n "$id" ] || { printf '    (no output)\n' && return; }
  plan_screen
  limit=$room
  for stream in stdout stderr; do
    read_stream "$stream" || continue
    last_files "$stream"
    mark='  < '
    [ "$stream" = stdout ] || mark='  ! '
    kept=0
    for part in 1 2 3 4 5; do
      bytes_of "${files[part]}"
      kept=$((kept + bytes))
    done
    load_text "${files[0]}"
    lay_out "$mark" "$mark" "${mark% }:" || return 0
    [ "$kept" -gt 0 ] || continue
    print_note "    ($((total - first - kept)) bytes not kept)"
    text=
    for part in 1 2 3 4 5; do
      load_text "${files[part]}"
      lay_out "$mark" "$mark" "${mark% }:" || return 0
    done
  done
}

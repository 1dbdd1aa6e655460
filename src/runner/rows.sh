# shellcheck shell=bash
# Lays text out in rows of a given width.
#
# text width take_row   input of lay_out: the text, the columns of a row, and the function that is called for each row
# row row_mark          the current row, and the mark before it
# row_width row_from    its width, and its offset in $text

# Appends FORM, which must not be split over two rows.
place() { # FORM COLUMNS BYTES
  if [ $((row_width + $2)) -gt "$width" ]; then next_row "$continued" || return 1; fi
  row=$row$1 row_width=$((row_width + $2)) at=$((at + $3))
}

place_ascii() { # TEXT
  local ascii=$1 left
  while [ -n "$ascii" ]; do
    left=$((width - row_width))
    if [ "$left" -le 0 ]; then
      next_row "$continued" || return 1
      left=$width
    fi
    row=$row${ascii:0:left}
    [ "$left" -le "${#ascii}" ] || left=${#ascii}
    row_width=$((row_width + left)) at=$((at + left)) ascii=${ascii:left}
  done
}

# Counts each letter as two columns, the most that one takes: overestimating the width does no harm.
place_letters() { # LETTERS BYTES-OF-EACH
  local letters=$1 fits
  while [ -n "$letters" ]; do
    fits=$(((width - row_width) / 2))
    if [ "$fits" -le 0 ]; then
      next_row "$continued" || return 1
      fits=$((width / 2))
    fi
    fits=$((fits * $2))
    [ "$fits" -le "${#letters}" ] || fits=${#letters}
    row=$row${letters:0:fits} row_width=$((row_width + 2 * fits / $2)) at=$((at + fits)) letters=${letters:fits}
  done
}

place_bytes() { # BYTES
  local bytes=$1 form
  while [ -n "$bytes" ]; do
    spell_byte "${bytes:0:1}"
    place "$form" "${#form}" 1 || return 1
    bytes=${bytes:1}
  done
}

next_row() { # MARK OF THE NEXT
  "$take_row" || return 1
  row='' row_width=0 row_from=$at row_mark=$1
}

# Calls $take_row for each row of $text. Returns 1 if $take_row stopped it; $row_from is the offset of the first row not taken.
lay_out() { # MARK OF THE FIRST ROW, OF EACH OTHER LINE, OF WHAT CONTINUES A LINE
  local LC_ALL=C at=0 rest plain word line=$2 continued=$3 goes_on=0
  row='' row_width=0 row_from=0 row_mark=$1
  while :; do
    # Process a window of the text: bash is slow with long strings.
    rest=${text:at:256}
    [ -n "$rest" ] || break
    while [ -n "$rest" ]; do
      plain=${rest%%[! -~]*}
      rest=${rest:${#plain}}
      case $rest in
        [$'\x80'-$'\xff']*)
          if [ "$has_utf8" = 1 ]; then
            word=${plain##*[!A-Za-z0-9_]}
            place_ascii "${plain%"$word"}" || return 1
            rest=$word$rest
            word=${rest%%[!A-Za-z0-9_$'\x80'-$'\xff']*}
            if [ "${#word}" -eq "${#rest}" ] && [ $((at + ${#word})) -lt "${#text}" ]; then
              # The word continues after the window.
              [ "${#word}" -ge 240 ] || continue 2
              plain=${word%[$'\xc0'-$'\xff']*}
              [ -z "$plain" ] || word=$plain
              goes_on=1
              place_word "$word" 1 || return 1
            else
              place_word "$word" "$goes_on" || return 1
              goes_on=0
            fi
            rest=${rest:${#word}}
            continue
          fi
          ;;
      esac
      place_ascii "$plain" || return 1
      case $rest in
        '') ;;
        $'\n'*)
          "$take_row" || return 1
          rest=${rest:1} at=$((at + 1))
          row='' row_width=0 row_from=$at row_mark=$line
          ;;
        *)
          place_bytes "${rest:0:1}" || return 1
          rest=${rest:1}
          ;;
      esac
    done
  done
  # A last line without a newline.
  [ "$row_from" -eq "$at" ] || "$take_row"
}

# shellcheck shell=bash
# What an approved command left on this terminal may type there as well: then y is not enough.
#
# word   to be typed to approve; empty where y does

# A consonant, a vowel, a consonant; it begins like no other answer.
draw_word() {
  local firsts=bcdfghjlmprstwxz vowels=aeiou lasts=bcdfghjklmnpqrstvwxz
  word=
  if [ -z "$leftover_ids" ] && has stty; then return 0; fi
  seed_random
  word=${firsts:RANDOM % 16:1}${vowels:RANDOM % 5:1}${lasts:RANDOM % 20:1}
}

# The relay and the commands know numbers that were drawn before, from which old shells let others be computed.
seed_random() {
  local LC_ALL=C bytes='' byte=0 seed=$RANDOM
  IFS= read -r -n 16 bytes 2>/dev/null </dev/urandom
  while [ -n "$bytes" ]; do
    printf -v byte '%d' "'${bytes:0:1}"
    seed=$(((seed * 257 + (byte & 255)) & 0x3fffffff)) bytes=${bytes:1}
  done
  RANDOM=$seed
}

show_leftovers() {
  local count has=has are=processes still=runs
  # Into words: numbers, told by find_leftovers.
  # shellcheck disable=SC2086
  set -- $leftover_pids
  count=$#
  [ "$count" -ne 1 ] || are=process
  case $leftover_ids in *' '*) has=have still=run ;; esac
  print_note "    ($leftover_ids still $has $count $are on this terminal; type the word to approve, k stops them)" \
    "    ($leftover_ids still $still on this terminal; type the word, or k to stop it)" \
    "    ($leftover_ids still $still here; k stops)" "($leftover_ids still $still)" '(others still run)'
}

# TERM, and KILL for what is still there two seconds later.
stop_leftovers() {
  local signal turn
  for signal in TERM KILL; do
    signal_leftovers "$signal"
    turn=0
    while
      find_leftovers
      [ -n "$leftover_pids" ] && [ "$turn" -lt $((drain_turns / 5)) ]
    do
      turn=$((turn + 1))
      sleep "$tick"
    done
    [ -n "$leftover_pids" ] || return 0
  done
}

# shellcheck shell=bash
# Handles background processes of approved commands: they could type on this terminal, so y is not enough then.
#
# word   the word that the operator must type to approve; empty if y is enough

# Draws $word: consonant, vowel, consonant. No other answer begins with its first letter.
draw_word() {
  local firsts=bcdfgjlmprstwxz vowels=aeiou lasts=bcdfghjklmnpqrstvwxz
  word=
  if [ -z "$leftover_ids" ] && has stty; then return 0; fi
  seed_random
  word=${firsts:RANDOM % 15:1}${vowels:RANDOM % 5:1}${lasts:RANDOM % 20:1}
}

# The relay and the commands know earlier random numbers, and from these the next ones of an old bash can be computed: set a new seed.
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
  # Split into words: the process ids that find_leftovers set.
  # shellcheck disable=SC2086
  set -- $leftover_pids
  count=$#
  [ "$count" -ne 1 ] || are=process
  case $leftover_ids in *' '*) has=have still=run ;; esac
  print_note "    ($leftover_ids still $has $count $are on this terminal; type the word to approve, k stops them)" \
    "    ($leftover_ids still $still on this terminal; type the word, or k to stop it)" \
    "    ($leftover_ids still $still here; k stops)" "($leftover_ids still $still)" '(others still run)'
}

# Sends TERM, and KILL to processes that still run two seconds later.
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

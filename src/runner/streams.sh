# shellcheck shell=bash
# The command's output on its way to files.

# The command writes into pipes: a file it could truncate by opening /dev/stderr once more. What takes it from there is in the group of
# the listener, where no signal for the command ends it before all is written down.
open_streams() {
  rm -f "$work"/*.whole
  if [ "$has_pipes" -eq 0 ]; then
    # No /dev/fd here, as in some chroots: files, then, and whoever opens /dev/stderr is out of luck anyway.
    : >"$work/stdout.$id.whole"
    : >"$work/stderr.$id.whole"
    exec 16>>"$work/stdout"
    if [ "$merge" = 1 ]; then exec 17>&16; else exec 17>>"$work/stderr"; fi
    return
  fi
  exec 16> >(write_down stdout)
  if [ "$merge" = 1 ]; then exec 17>&16; else exec 17> >(write_down stderr 16>&-); fi
}

write_down() { # STREAM
  trap '' INT TERM HUP QUIT
  exec 2>/dev/null 15<&- 17>&-
  # Where there is no more room the command is not to be ended by it: the rest is taken, and said to be missing.
  cat >>"$work/$1" || { : >"$work/full" && cat >/dev/null; }
  # By id: what an earlier command left running may end while another one prints.
  : >"$work/$1.$id.whole"
}

# What was printed before the end is on its way for a moment longer. What the command left running may hold the pipes for ever.
close_streams() {
  local streams='stderr stdout' stream turn=0
  exec 16>&- 17>&-
  [ "$merge" = 0 ] || streams=stdout
  for stream in $streams; do
    while [ ! -f "$work/$stream.$id.whole" ] && [ "$turn" -lt "$drain_turns" ]; do
      turn=$((turn + 1))
      sleep "$blink"
    done
  done
}

# A disk that a command fills must leave room to tell of it: a file that can be given up.
keep_reserve() {
  [ -s "$work/reserve" ] || head -c 6291456 /dev/zero >"$work/reserve" 2>/dev/null || rm -f "$work/reserve"
}

# shellcheck shell=bash
# What commands left running.
#
# leftover_ids leftover_pids   commands with processes on this terminal, and those processes

find_leftovers() { leftover_ids='' leftover_pids=''; }

{ ! case ${BASH_VERSION-} in ?*) ;; *) echo 'remotify: error: this script needs bash: end the line with "| bash"' >&2; exit 1 ;; esac; }
# shellcheck shell=bash
# The remotify runner: fetches commands from a relay, runs them here, and sends back their output and exit status.
# It needs bash 3.2 and curl. By hand, its values come from the environment:
#   REMOTIFY_URL=https://relay REMOTIFY_LISTENER_KEY=... REMOTIFY_MODE=supervised|auto bash runner.sh
#
# bash runs these first lines one by one, before it reads the rest. They make the rest independent of the shell that it is pasted into:
# its options, aliases, exported functions and traps. Each line is a group with exit status 1, so a copy truncated here ends with an error.
#
# remotify_options, remotify_shopts   SHELLOPTS and BASHOPTS of that shell
# remotify_posixly                    a - and the value of POSIXLY_CORRECT; empty if it was not set
# remotify_exported                   declarations of these three variables
# remotify_by_hand                    1 if the values of the runner come from the environment
# remotify_umask                      the umask of that shell
# remotify_environment                its exported variables, as text for eval
# remotify_functions                  its exported functions, as text for eval; remotify_function_exports exports them
#
# In POSIX mode a special builtin (set, unset, trap, eval, export) has precedence over a function of the same name. The assignment that
# turns this mode on cannot be replaced by a function.
{ { remotify_options=${SHELLOPTS-} remotify_shopts=${BASHOPTS-} remotify_posixly=${POSIXLY_CORRECT+-$POSIXLY_CORRECT} remotify_by_hand=${REMOTIFY_LISTENER_KEY+1} POSIXLY_CORRECT=y; \set +abefkmnuvxCEPT +o pipefail; } 2>/dev/null; ! :; }
{ { remotify_function_exports=$(\export -f); remotify_functions=$(\unset -f builtin; builtin declare -fx)$'\n'$(\unset -f declare; declare -f builtin); } 2>/dev/null; ! :; }
{ { \unset -f builtin command read declare umask shopt alias unalias; \export -n remotify_function_exports remotify_functions remotify_options remotify_shopts remotify_posixly remotify_by_hand; \builtin unalias -a; IFS=$' \t\n'; } 2>/dev/null; ! :; }
{ { remotify_exported=$(builtin declare -p SHELLOPTS BASHOPTS POSIXLY_CORRECT); \export -n remotify_exported SHELLOPTS BASHOPTS POSIXLY_CORRECT; } 2>/dev/null; ! :; }
{ { remotify_umask=$(builtin umask); } 2>/dev/null; ! :; }
{ { remotify_environment=$(builtin export -p); } 2>/dev/null; ! :; }
{ { builtin shopt -u compat31 compat32 compat40 compat41 compat42 compat43 compat44 dotglob execfail expand_aliases extdebug failglob globstar inherit_errexit lastpipe localvar_inherit localvar_unset nocaseglob nocasematch nullglob xpg_echo; } 2>/dev/null; ! :; }
{ { \trap - DEBUG ERR RETURN EXIT; for remotify_word in $(builtin declare -F); do case $remotify_word in -*) ;; *) \unset -f "$remotify_word" ;; esac; done; } 2>/dev/null; ! :; }
# With an invalid LC_ALL, bash would print a warning each time that the variable is restored.
# shellcheck disable=SC2030,SC2031,SC2269
{ { case ${LC_ALL:+$( { LC_ALL=$LC_ALL; } 2>&1)} in ?*) LC_ALL=C ;; esac; } 2>/dev/null; ! :; }
{ { \unset BASH_COMPAT CDPATH EXECIGNORE FUNCNEST GLOBIGNORE GREP_OPTIONS GZIP POSIX_PEDANTIC TMOUT POSIXLY_CORRECT remotify_word; builtin set +o posix; } 2>/dev/null; ! :; }

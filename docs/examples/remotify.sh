# Functions for ~/.bashrc or ~/.zshrc that use the names of sessions like host names.
#   . /usr/local/share/remotify/remotify.sh
#   remotify new --name web            once; paste its line on the machine
#   on web uptime                      as `ssh web uptime`
#   on web 'df -h / | tail -1'         one argument is shell text
#   on_all uptime                      on each stored session at once
#   put_on web site.tgz /srv/site.tgz  copies a file there; back: get_from web /var/log/syslog syslog
# shellcheck shell=bash

# Exit status and streams are those of the command.
on() {
  if [ "$#" -lt 2 ]; then
    echo 'usage: on HOST COMMAND [ARGUMENT...]' >&2
    return 2
  fi
  local host=$1
  shift
  remotify exec -s "$host" -- "$@"
}

# Prefixes each line with the name of its session. The exit status is the highest of all.
on_all() {
  remotify exec --all -- "$@"
}

# A file appears complete under its name, or not at all. -r is for folders.
put_on() {
  if [ "$#" -ne 3 ]; then
    echo 'usage: put_on HOST LOCAL_PATH REMOTE_PATH' >&2
    return 2
  fi
  remotify cp -r -s "$1" -- "$2" ":$3"
}

get_from() {
  if [ "$#" -ne 3 ]; then
    echo 'usage: get_from HOST REMOTE_PATH LOCAL_PATH' >&2
    return 2
  fi
  remotify cp -r -s "$1" -- ":$2" "$3"
}

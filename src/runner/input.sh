# shellcheck shell=bash
# The command's input, from its client.

# Writes what the client sends into the command's input, until one of the two ends.
feed_stdin() {
  local offset=0 own="stdin.$id" most=$((spool_room / 4)) limit line
  limit=$((most < 1048576 ? most : 1048576))
  # Its errors are not the command's output.
  exec 2>/dev/null 15<&-
  while is_feeding; do
    request "$own" GET "/commands/$id/stdin?offset=$offset&limit=$limit" --max-time 60 \
      -w '%{http_code}\n%{size_download}\n'
    # Another command may have begun meanwhile, which has a feeder of its own.
    is_feeding || return 0
    case $http in
      200)
        { read -r line && read -r bytes; } 2>/dev/null <"$work/$own.code"
        case $bytes in
          '' | *[!0-9]*) bytes_of "$work/$own.body" ;;
        esac
        [ "$bytes" -gt 0 ] || return 0
        cat "$work/$own.body" || return 0
        offset=$((offset + bytes)) idle=0
        # There may be as much again.
        [ "$bytes" -lt "$limit" ] || [ "$limit" -ge "$most" ] || limit=$((limit * 2))
        ;;
      204) floor_wait ;;
      *)
        is_passing || return 0
        # So much may not get through in the time that one request has.
        [ "$limit" -le 65536 ] || limit=$((limit / 2))
        sleep 1
        ;;
    esac
  done
}

is_feeding() {
  local fed=''
  IFS= read -r fed 2>/dev/null <"$work/feeding" && [ "$fed" = "$id" ]
}

stop_feeding() {
  [ -s "$work/feeding" ] || return 0
  : 2>/dev/null >"$work/feeding"
  stop_transfer "stdin.$id"
  rm -f "$work/stdin.$id".*
}

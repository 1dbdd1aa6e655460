# shellcheck shell=bash
# The command's input, from its client.

# Writes what the client sends into the command's input, until one of the two ends. While a part is written the next one is fetched, into
# other files.
feed_stdin() {
  local offset=0 own="stdin.$id" other="stdin.$id.other" writer='' most=$most_input limit
  limit=$((most < 1048576 ? most : 1048576))
  # Its errors are not the command's output.
  exec 2>/dev/null 15<&-
  while is_feeding; do
    request "$own" GET "/commands/$id/stdin?offset=$offset&limit=$limit" --max-time 60
    # Another command may have begun meanwhile, which has a feeder of its own.
    is_feeding || return 0
    case $http in
      200)
        [ -z "$writer" ] || wait "$writer" || return 0
        [ "$received" -gt 0 ] || return 0
        cat "$work/$own.body" &
        writer=$!
        set -- "$own" && own=$other other=$1
        offset=$((offset + received)) idle=0
        # There may be as much again.
        [ "$received" -lt "$limit" ] || [ "$limit" -ge "$most" ] || limit=$((limit * 2))
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
  stop_transfer "stdin.$id.other"
  rm -f "$work/stdin.$id".*
}

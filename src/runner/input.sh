# shellcheck shell=bash
# Fetches the command's stdin from the relay and feeds it to the command.

# Writes the stdin that the client sends to the command, until one of the two ends. Fetches the next part, into other files, while the
# current one is written.
feed_stdin() {
  local offset=0 own="stdin.$id" other="stdin.$id.other" writer='' most=$most_input limit
  limit=$((most < 1048576 ? most : 1048576))
  # Keep error messages of this process out of the command's output.
  exec 2>/dev/null 15<&-
  while is_feeding; do
    request "$own" GET "/commands/$id/stdin?offset=$offset&limit=$limit" --max-time 60
    # During the request the next command may have started, which has a feeder of its own.
    is_feeding || return 0
    case $http in
      200)
        [ -z "$writer" ] || wait "$writer" || return 0
        [ "$received" -gt 0 ] || return 0
        cat "$work/$own.body" &
        writer=$!
        set -- "$own" && own=$other other=$1
        offset=$((offset + received)) idle=0
        # The part was full, so more may be waiting: double the limit.
        [ "$received" -lt "$limit" ] || [ "$limit" -ge "$most" ] || limit=$((limit * 2))
        ;;
      204) floor_wait ;;
      *)
        is_passing || return 0
        # Halve the limit: a part of this size may not get through before the request times out.
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

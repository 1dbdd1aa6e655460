#!/usr/bin/env bash
# A backup of a folder on a machine that only a listener reaches. It runs on the machine that keeps the backups, for cron:
#   17 3 * * *  /usr/local/bin/cron-backup.sh /srv/data /var/backups/web
# cron mails what this prints: nothing unless something is wrong.
#
# REMOTIFY_URL and REMOTIFY_KEY_FILE (a file of mode 600 with the session key) come from the crontab or from /etc/default/remotify.
# KEEP is the number of backups that are kept (default: 14).
set -euo pipefail

# shellcheck source=/dev/null
[ ! -r /etc/default/remotify ] || . /etc/default/remotify
export REMOTIFY_URL REMOTIFY_KEY_FILE

[ "$#" -eq 2 ] || { echo "usage: ${0##*/} REMOTE_FOLDER LOCAL_FOLDER" >&2; exit 2; }
remote=$1 target=$2 keep=${KEEP:-14}
umask 077
mkdir -p "$target"

# One backup at a time, also when one takes longer than a day.
exec 9>"$target/.lock"
flock -n 9 || { echo "another backup to $target is running" >&2; exit 1; }

name=$(date -u +%Y-%m-%dT%H%M%SZ).tar.gz
trap 'rm -f "$target/.$name.part"' EXIT

# Output is binary-safe. exec exits with the status of tar, or with 255 if bytes are missing: a backup is complete or absent.
# -w 10m: the machine may be restarting. -t 6h: longer than the longest backup.
remotify exec --quiet -w 10m -t 6h -- tar -C "$remote" -czf - . >"$target/.$name.part"
gzip -t "$target/.$name.part"
mv "$target/.$name.part" "$target/$name"

# Names sort by date.
find "$target" -maxdepth 1 -name '*.tar.gz' | sort -r | tail -n "+$((keep + 1))" | while IFS= read -r old; do
  rm -f -- "$old"
done

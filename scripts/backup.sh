#!/bin/sh
# A dump of the database every night at HOUR (UTC), kept for DAYS days, in the folder $1.
# `backup.sh FOLDER now` makes one at once. PGHOST, PGUSER, PGPASSWORD and PGDATABASE say
# which database. What people had erased leaves the dumps with the oldest of them.
set -eu
folder=$1

dump() {
    name=$folder/petitions-$(date -u +%Y-%m-%d-%H%M).dump
    pg_dump --format custom --file "$name.unfinished"
    mv "$name.unfinished" "$name"
    echo "$name: $(wc -c <"$name") bytes"
    find "$folder" -name 'petitions-*.dump*' -mtime "+${DAYS:-14}" -delete
}

if [ "${2:-}" = now ]; then
    dump
    exit
fi
trap 'exit 0' TERM INT
while :; do
    now=$(date -u +%s)
    next=$((now - now % 86400 + ${HOUR:-3} * 3600))
    [ "$next" -gt "$now" ] || next=$((next + 86400))
    sleep $((next - now)) &
    wait $!
    dump || echo "The dump failed; it is tried again tomorrow." >&2
done

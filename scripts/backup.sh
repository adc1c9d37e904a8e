#!/bin/sh
# A dump of the database every night at HOUR (UTC), kept for DAYS days, in the folder $1,
# readable for nobody else. `backup.sh FOLDER now` makes one at once, for cron. PGHOST,
# PGUSER, PGPASSWORD and PGDATABASE say which database. What people had erased leaves the
# dumps with the oldest of them. Older ones go only once the new one can be read whole, so
# that there is always one. Each is noted in the database: the worker tells ALERT_EMAIL
# when none was made for more than a day.
set -eu
umask 077

number() { # NAME VALUE LEAST MOST: the number without leading zeros, or a sentence
    case $2 in
        '' | *[!0-9]* | ????*) ;;
        *)
            found=$(expr "$2" + 0) || true
            [ "$found" -ge "$3" ] && [ "$found" -le "$4" ] && echo "$found" && return
            ;;
    esac
    echo "$1 is '$2'. Set a number from $3 to $4." >&2
    return 1
}
folder=${1:?Say in which folder}
hour=$(number HOUR "${HOUR:-3}" 0 23)
# Of 0 days, nothing but the dump of tonight would be left.
days=$(number DAYS "${DAYS-14}" 1 999)
[ -d "$folder" ] && [ -w "$folder" ] || {
    echo "$folder is no folder that may be written to. Make it, or set another." >&2
    exit 1
}
case ${2:-} in
    '' | now) ;;
    *)
        echo "'$2' is unknown. Write 'now' for one dump at once, or nothing." >&2
        exit 1
        ;;
esac
# Where a link leads: find does not follow one, and would leave the older dumps there.
folder=$(cd -- "$folder" && pwd -P)

unfinished=
end() { [ -z "$unfinished" ] || rm -f "$unfinished"; }
trap end EXIT

dump() {
    name=$folder/petitions-$(date -u +%Y-%m-%d-%H%M).dump
    # Of this run alone: another may have begun within the same minute.
    unfinished=$(mktemp "$name.unfinished.XXXXXX") || return 1
    if ! pg_dump --format custom --file "$unfinished"; then
        rm -f "$unfinished"
        return 1
    fi
    if ! pg_restore --file /dev/null "$unfinished"; then
        echo "The dump cannot be read: the older ones are kept." >&2
        rm -f "$unfinished"
        return 1
    fi
    mv "$unfinished" "$name" || return 1
    echo "$name: $(wc -c <"$name") bytes"
    find "$folder" -name 'petitions-*.dump*' ! -name "${name##*/}" -mtime "+$days" -delete
    # Of runs that were killed.
    find "$folder" -name 'petitions-*.dump.unfinished*' -mtime +0 -delete
    psql --quiet --no-psqlrc --command "INSERT INTO config_heartbeat (name, beat_at)
        VALUES ('backup', now()) ON CONFLICT (name) DO UPDATE SET beat_at = now()" ||
        echo "The dump could not be noted in the database." >&2
}

if [ "${2:-}" = now ]; then
    trap 'exit 1' TERM INT HUP
    dump
    exit
fi
sleeper=
trap '[ -z "$sleeper" ] || kill "$sleeper"; exit 0' TERM INT
while :; do
    now=$(date -u +%s)
    next=$((now - now % 86400 + hour * 3600))
    [ "$next" -gt "$now" ] || next=$((next + 86400))
    sleep $((next - now)) &
    sleeper=$!
    wait "$sleeper"
    sleeper=
    dump || echo "The dump failed; it is tried again tomorrow." >&2
done

#!/bin/sh
# The proxies that the tests put before the site: Caddy, nginx and HAProxy. Where they
# are missing and cannot be had without side effects, the tests that need them are
# skipped and say so: packages of web servers start one where an init system runs.
set -u

missing=
for name in caddy nginx haproxy; do
    command -v "$name" >/dev/null || [ -x "/usr/sbin/$name" ] || missing="$missing $name"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && [ ! -d /run/systemd/system ] && command -v apt-get >/dev/null; then
    echo " $missing …"
    # shellcheck disable=SC2086 # words
    if { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } \
        >/dev/null 2>&1; then
        exit 0
    fi
fi
echo "  NOT TESTED HERE: the site behind$missing. Install them to have that tested, too." >&2

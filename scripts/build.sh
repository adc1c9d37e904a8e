#!/bin/sh
# What a release needs beside its code: compiled translations, and static files named by
# content and compressed, in STATIC_ROOT. Needs no database and none of the real
# settings, so an image can be built with it.
#
# A server may be running meanwhile: each file takes its place in one step, and those of
# former releases stay for a month, for pages that are kept somewhere.
set -eu
export SECRET_KEY=used-while-building-and-never-afterwards-0123456789-abcdef
export EMAIL_KEY=also-used-while-building-and-never-afterwards-0123456789
export SITE_URL=https://build.invalid DATABASE_URL=postgresql://build.invalid/none
export MAIL_URL=smtp://build.invalid MAIL_FROM=build@build.invalid DEMO=0 DEBUG=0
python -m core.i18n.translations

root=${STATIC_ROOT:-staticfiles}
mkdir -p "$root"
# On the same disk, and of this run alone: another one may be under way.
new=$(mktemp -d "$root/.new.XXXXXX")
trap 'rm -rf "$new"' EXIT
STATIC_ROOT=$(cd "$new" && pwd) python manage.py collectstatic --no-input --verbosity 0
(cd "$new" && find . -type d) | while IFS= read -r folder; do
    mkdir -p "$root/$folder"
done
# The list of their names comes last: it names nothing that is not there.
(cd "$new" && find . -type f ! -name staticfiles.json) | while IFS= read -r file; do
    mv -f "$new/$file" "$root/$file"
done
mv -f "$new/staticfiles.json" "$root/staticfiles.json"
# The “/” leads to where a link leads.
find "$root/" -type f -mtime +30 -delete
# Of runs that were ended.
find "$root/" -maxdepth 1 -name '.new*' -mtime +1 -exec rm -rf {} +

#!/bin/sh
# What a release needs beside its code: compiled translations, and static files named by
# content and compressed, in STATIC_ROOT. Needs no database and none of the real
# settings, so an image can be built with it.
set -eu
export SECRET_KEY=used-while-building-and-never-afterwards-0123456789-abcdef
export EMAIL_KEY=also-used-while-building-and-never-afterwards-0123456789
export SITE_URL=https://build.invalid DATABASE_URL=postgresql://build.invalid/none
export MAIL_URL=smtp://build.invalid MAIL_FROM=build@build.invalid DEMO=0 DEBUG=0
python -m config.translations
python manage.py collectstatic --no-input --clear --verbosity 0

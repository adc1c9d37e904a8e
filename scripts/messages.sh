#!/bin/sh
# Collect the texts to translate. With --check: fail when one is missing in locale/, or
# has no translation.
set -eu

if ! command -v xgettext >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        { apt-get update -qq && apt-get install -y -qq gettext; } >/dev/null 2>&1
    else
        echo "xgettext is missing; install it: apt-get install gettext" >&2
        exit 1
    fi
fi

kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
cp -r locale/. "$kept"
# Every language that has a folder in locale/.
languages=$(ls locale)
python -W ignore::RuntimeWarning manage.py makemessages \
    $(for language in $languages; do printf ' --locale %s' "$language"; done) \
    --no-location --no-obsolete --no-wrap --ignore .venv --ignore var --ignore tests \
    --verbosity 0
[ "${1:-}" = --check ] || exit 0

# The date of the collection is no change.
strip() { grep -v '^"POT-Creation-Date' "$1"; }
for language in $languages; do
    file=$language/LC_MESSAGES/django.po
    if ! [ "$(strip "$kept/$file")" = "$(strip "locale/$file")" ]; then
        cp "$kept/$file" "locale/$file"
        echo "The texts have changed: run make messages and translate what is new." >&2
        exit 1
    fi
    cp "$kept/$file" "locale/$file"
    if msgattrib --untranslated "locale/$file" | grep -q '^msgid "..*'; then
        echo "Not translated ($language):" >&2
        msgattrib --untranslated --no-wrap "locale/$file" | grep '^msgid' |
            tail -n +2 >&2
        exit 1
    fi
    if msgattrib --only-fuzzy "locale/$file" | grep -q '^msgid "..*'; then
        echo "Only guessed (fuzzy): look at them in locale/$file" >&2
        exit 1
    fi
    msgfmt --check --output-file=/dev/null "locale/$file"
done

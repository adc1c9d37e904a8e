#!/bin/sh
# Everything that can be judged without running the site; ends at the first complaint.
set -eu

step() { printf '  %s …\n' "$1"; }

step format
ruff format --check --quiet . || { ruff format --diff . 2>/dev/null | head -40; exit 1; }
step lint
ruff check --quiet .
step imports
lint-imports --no-cache > /dev/null || { lint-imports --no-cache; exit 1; }
step templates
find templates -name '*.html' -not -path 'templates/emails/*' -print0 |
    xargs -0 djade --check --target-version 6.0
step types
mypy .

# From here under production settings, without anything of this machine.
export SECRET_KEY=used-while-checking-and-never-afterwards-0123456789-abcdef
export EMAIL_KEY=also-used-while-checking-and-never-afterwards-0123456789
export SITE_URL=https://petitions.example.org DATABASE_URL=postgresql://127.0.0.1:1/none
export MAIL_URL=smtp://127.0.0.1 MAIL_FROM=petitions@example.org
export ALERT_EMAIL=admin@example.org DEMO=0 DEBUG=0
step migrations
python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
step deployment
python -W error manage.py check --no-database --deploy --fail-level WARNING
step translations
sh scripts/messages.sh --check
echo "  all clean"

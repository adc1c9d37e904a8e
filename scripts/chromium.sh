#!/bin/sh
# Make sure that there is a Chromium for the tests.
set -eu

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done
if .venv/bin/python -m tests.browser.chromium >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "  chromium …"
    if { apt-get update -qq && apt-get install -y -qq chromium; } >/dev/null 2>&1; then
        exit 0
    fi
fi
echo "  Playwright's Chromium …"
if .venv/bin/python -m playwright install chromium >/dev/null 2>&1; then
    exit 0
fi
cat >&2 <<'EOF'

The tests drive a real Chromium, and none could be had. Install one, for example
    apt-get install chromium
and make sure that `chromium` is on the PATH.

EOF
exit 1

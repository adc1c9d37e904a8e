#!/bin/sh
# Make sure that there are the fonts and the reader of PDFs for the tests.
set -eu

missing=
[ -e /usr/share/fonts/truetype/noto/NotoSans-Regular.ttf ] || missing="fonts-noto-core"
[ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ] || missing="$missing fonts-noto-cjk"
command -v pdftotext >/dev/null || missing="$missing poppler-utils"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "  $missing …"
    # shellcheck disable=SC2086
    if { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } \
        >/dev/null 2>&1; then
        exit 0
    fi
fi
echo "  NOT TESTED HERE: what is printed. Install $missing to have that tested, too." >&2

#!/bin/sh
# Print the folder of the npm package $1, installed on first use at the version pinned
# here, in the environment: no lock file, which would record download addresses.
set -eu
case $1 in
    vnu-jar) version=26.9.27 ;;
    lighthouse) version=12.8.2 ;; # the last one that Node 18 and 20 run
    *) echo "scripts/node.sh pins no version of $1" >&2; exit 1 ;;
esac
base=$PWD/.venv/node/$1-$version
if ! [ -e "$base/installed" ]; then
    npm install --prefix "$base" --no-save --no-package-lock --no-audit --no-fund \
        --ignore-scripts --loglevel error "$1@$version" >&2
    touch "$base/installed"
fi
echo "$base/node_modules/$1"

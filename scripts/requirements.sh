#!/bin/sh
# Pin the dependencies of pyproject.toml with hashes, without any download address.
set -eu
compile() {
    uv pip compile --quiet --universal --python-version 3.12 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header "$@"
}
compile pyproject.toml --output-file requirements.txt
for group in dev webhooks embedded; do
    compile --group "pyproject.toml:$group" --constraints requirements.txt \
        --output-file "requirements-$group.txt"
done

#!/bin/sh
# Make the environment $1 with the first Python that will do.
set -eu

fits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; }

for version in 3.13 3.12 3.14; do
    for candidate in "python$version" \
        "$(ls -d "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version"*/bin/python 2>/dev/null | sort -V | tail -n 1)"; do
        if [ -n "$candidate" ] && fits "$candidate"; then
            echo "  environment with $("$candidate" --version) …"
            exec "$candidate" -m venv "$1"
        fi
    done
done
if command -v uv >/dev/null && uv venv --quiet --seed --python '>=3.12' "$1" 2>/dev/null; then
    exit 0
fi
cat >&2 <<'EOF'

No Python 3.12, 3.13 or 3.14 with its venv module was found, neither on the PATH nor
under pyenv. Install one, for example:  apt-get install python3 python3-venv
or, where that is older than 3.12:      python3 -m venv ~/.uv && ~/.uv/bin/pip install uv
                                        PATH=~/.uv/bin:$PATH; uv python install 3.13

EOF
exit 1

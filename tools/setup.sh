#!/bin/sh
# Makes .venv from the lock requirements.txt, or brings it up to date. Usage: tools/setup.sh [uv]
# With the argument "uv" it only prints which uv it uses, fetching one where there is none.
# PYTHON=python3.13 makes .venv anew with that Python.
set -eu
uv_version=0.13.9
cd "$(dirname "$0")/.."

die() {
    echo "setup: $*" >&2
    exit 1
}

# Does this Python run, and is it 3.$2 or newer?
is_python() {
    "$1" -c "import sys; sys.exit(sys.version_info < (3, $2))" 2>/dev/null
}

# The uv on the PATH if it is recent enough, else one from PyPI in .uv.
find_uv() {
    if uv venv --help 2>/dev/null | grep -q -- --clear; then
        command -v uv
        return
    fi
    if [ ! -x .uv/bin/uv ]; then
        python=$(any_python) || die "no working python3 found; install Python 3.12 or newer"
        "$python" -m venv --clear .uv >&2 ||
            die "'$python -m venv' failed; install its venv module (on Debian: apt-get install python3-venv)"
        .uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$uv_version" >&2 ||
            die "could not fetch uv $uv_version from PyPI; check the network, or put uv on the PATH"
    fi
    echo "$PWD/.uv/bin/uv"
}

# Any Python 3.9 or newer will do to fetch uv.
any_python() {
    for python in python3 python /usr/bin/python3 "$(new_python)"; do
        if is_python "$python" 9; then
            echo "$python"
            return
        fi
    done
    return 1
}

# A Python that the lock is for, pyenv's own included (its shims answer for one version only);
# where there is none, the version that uv should fetch.
new_python() {
    for python in "${PYTHON:-python3.12}" python3.12 python3.13 python3 \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python; do
        if is_python "$python" 12; then
            "$python" -c 'import os, sys; print(os.path.realpath(sys.executable))'
            return
        fi
    done
    echo 3.12
}

# uv does not read pip's configuration (an index of one's own, say), so pip has a try where uv fails.
install() {
    "$uv" pip sync --quiet --compile-bytecode --python .venv/bin/python requirements.txt && return
    echo "setup: uv could not install the packages; trying pip" >&2
    .venv/bin/python -m ensurepip >/dev/null && .venv/bin/python -m pip install --quiet -r requirements.txt
}

uv=$(find_uv)
if [ "${1:-}" = uv ]; then
    echo "$uv"
    exit
fi

if [ -n "${PYTHON:-}" ] || ! is_python .venv/bin/python 12; then
    "$uv" venv --quiet --clear --python "$(new_python)" .venv ||
        die "no Python 3.12 or newer found or fetched; install one (https://www.python.org/downloads/)"
fi
echo "setup: installing the packages of requirements.txt into .venv (minutes the first time)"
# Bytecode is compiled here once, for a user may have told Python to write none when it imports.
install || die "the packages of requirements.txt could not be installed; check the network"
.venv/bin/python -m compileall -q elastic_tutorial tools tests
echo "setup: .venv is ready, $(.venv/bin/python --version)"

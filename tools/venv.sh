#!/bin/sh
# Make or reuse the virtual environment, and install rankkit in it with one extra:   sh tools/venv.sh EXTRA
#
#   VENV     where the environment is         (default .venv)
#   PYTHON   which interpreter makes it       (default: the first python3, python3.13, ... that will do)
#
# A step counts as done only once it has succeeded, so after a failure the same command is simply run again.

set -eu
cd "$(dirname "$0")/.."
extra=$1
VENV=${VENV:-.venv}
stamp=$VENV/.installed-$extra
log=$VENV/install.log

stop() {
    printf '\n%s\n' "$*" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Set $python to an interpreter that is new enough and can make environments, or say what to do.
find_python() {
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3 python3.13 python3.12 python3.11; fi
    incomplete=''
    for python in "$@"; do
        new_enough "$python" || continue
        # Debian splits venv off: there ensurepip, which puts pip into the environment, is what is missing.
        "$python" -c 'import venv, ensurepip' 2>/dev/null && return
        incomplete=${incomplete:-$python}
    done
    [ -z "$incomplete" ] || stop "$incomplete came without the venv module, which makes virtual environments: install it" \
        "(on Debian and Ubuntu: sudo apt install python3-venv) and run the same command again."
    found=$("$1" -c 'import platform; print(platform.python_version())' 2>/dev/null) || stop "$1 was not found:" \
        "install Python 3.11 or newer, or name one with PYTHON=/path/to/python3, and run the same command again."
    stop "rankkit needs Python 3.11 or newer, and $1 is Python $found: install a newer one, or name one with" \
        "PYTHON=/path/to/python3, and run the same command again."
}

make_environment() {
    if new_enough "$VENV/bin/python" && "$VENV/bin/python" -c 'import pip' 2>/dev/null; then return; fi
    if [ -e "$VENV" ] && [ ! -f "$VENV/pyvenv.cfg" ]; then
        stop "$VENV exists and is no virtual environment: move it away, or choose another place with VENV=..."
    fi
    find_python
    echo "Making a virtual environment in $VENV with $python"
    "$python" -m venv --clear "$VENV" || stop "$python could not make a virtual environment in $VENV (its reason is above):" \
        "mend that and run the same command again."
}

install() {
    echo "Installing rankkit[$extra] into $VENV; the first time takes some minutes and up to 1 GB of disk"
    # What pip fetches goes to the screen, what it complains about to the log.
    "$VENV/bin/python" -m pip install --disable-pip-version-check --no-input -e ".[$extra]" 2>"$log" && return
    if grep -qE 'connection broken|Could not fetch URL|IncompleteRead|timed out|Connection (refused|reset)' "$log"; then
        stop "pip could not reach the package index: check the network (or the proxy settings) and run the same command" \
            "again. What pip said is in $log."
    fi
    stop "pip could not install rankkit[$extra]: $(grep -m 1 -i '^ *error' "$log" || tail -n 1 "$log")" \
        "Everything it said is in $log; mend that and run the same command again."
}

# The environment is up to date when it was installed from this very folder and this very pyproject.toml.
wanted=$(pwd && cat pyproject.toml)
if [ -x "$VENV/bin/python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi
make_environment
install
printf '%s\n' "$wanted" >"$stamp"

#!/bin/sh
# Prints a Python that can make the environment (>= 3.11, with venv), or says what to install. PYTHON overrides.
for python in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    command -v "$python" >/dev/null 2>&1 || continue
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        command -v "$python"
        exit 0
    fi
done
echo "intake112 needs Python 3.11 or newer with venv. On Debian or Ubuntu: apt-get install python3-venv" >&2
echo "(elsewhere install Python from your system, or name one: make setup PYTHON=/path/to/python3)" >&2
exit 1

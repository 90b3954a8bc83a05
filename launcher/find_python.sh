# Sourced by run and test: sets python to a Python 3.9 to 3.13, or says why there is none and ends the script.
# $EDEN_PYTHON, when set, is the only candidate.

fits='import sys; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 13))'
version='import sys; print("%d.%d" % sys.version_info[:2])'

python=
unfit=
if [ -n "${EDEN_PYTHON:-}" ]; then
    candidates=$EDEN_PYTHON
else
    candidates='python3 python3.13 python3.12 python3.11 python3.10 python3.9 python'
fi
IFS_before=$IFS
[ -n "${EDEN_PYTHON:-}" ] && IFS=
for candidate in $candidates; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    if "$candidate" -c "$fits" >/dev/null 2>&1; then
        python=$(command -v "$candidate")
        break
    fi
    found=$("$candidate" -c "$version" 2>/dev/null) && unfit="$unfit $candidate ($found)"
done
IFS=$IFS_before

if [ -z "$python" ]; then
    if [ -n "${EDEN_PYTHON:-}" ]; then
        echo "EDEN_PYTHON is $EDEN_PYTHON${unfit:+, found as$unfit}: that is no Python 3.9 to 3.13." >&2
    elif [ -n "$unfit" ]; then
        echo "Eden Sync needs Python 3.9 to 3.13. Found:$unfit." >&2
    else
        echo "Eden Sync needs Python 3.9 to 3.13, and there is no Python here." >&2
    fi
    echo "Install one (Debian and Ubuntu: apt install python3 python3-venv), or name one that is not on the path:" >&2
    echo "  EDEN_PYTHON=/path/to/python3.11 $0" >&2
    exit 1
fi

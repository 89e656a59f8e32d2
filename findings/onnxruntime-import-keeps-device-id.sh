#!/usr/bin/env bash
# Importing onnxruntime leaves an identifier of the machine and a store of events in the user's home.
#
# Packages: onnxruntime 1.32.0, numpy 2.4.0 (PyPI; Python 3.11 or later; Linux).
# Expected: `import onnxruntime` writes nothing outside the package, as with other libraries of kernels. Programs that
#   compile or check models run in CI jobs, containers and tools whose users never heard of it.
# Seen: the import alone makes ~/.cache/Microsoft/DeveloperTools/.onnxruntime/ with `deviceid` (a UUID that stays the same
#   from run to run) and `onnxruntime.db` (SQLite, a table of events to be sent). 1.30.0 and 1.31.0 do the same. The file
#   Privacy.md inside the package tells of it and of ORT_DISABLE_TELEMETRY=1, which prevents both; it has to be set before
#   the import: onnxruntime.disable_telemetry_events() comes too late.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet onnxruntime==1.32.0 numpy==2.4.0 2>pip.log || { cat pip.log; exit 1; }
unset XDG_CACHE_HOME ORT_DISABLE_TELEMETRY
mkdir plain calm late
run() { HOME="$dir/$1" no_proxy='*' http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 venv/bin/python -c "$2"; }
run plain "import onnxruntime"
first=$(cat plain/.cache/Microsoft/DeveloperTools/.onnxruntime/deviceid)
run plain "import onnxruntime"
second=$(cat plain/.cache/Microsoft/DeveloperTools/.onnxruntime/deviceid)
ORT_DISABLE_TELEMETRY=1 run calm "import onnxruntime"
run late "import onnxruntime; onnxruntime.disable_telemetry_events()"
files() { (cd "$1" && find . -type f -name '[!.]*' ! -name '*.lock' ! -name '*-wal' ! -name '*-shm' ! -name '*-journal' | sed 's|.*/||' | sort | tr '\n' ' '); }
echo "after the import: $(files plain)"
echo "with disable_telemetry_events() behind it: $(files late)"
echo "with ORT_DISABLE_TELEMETRY=1: $(files calm)(nothing expected)"
echo "the identifier of the second import is $([ "$first" = "$second" ] && echo that of the first || echo another)"
if [ "$(files plain)" = "deviceid onnxruntime.db " ] && [ "$(files late)" = "deviceid onnxruntime.db " ] \
    && [ -z "$(files calm)" ] && [ "$first" = "$second" ]; then
    echo "onnxruntime 1.32.0: expected an import that writes nothing; seen: an identifier and a store of events"
else
    echo "CHANGED: the behaviour above is no longer what this script states"
    exit 1
fi

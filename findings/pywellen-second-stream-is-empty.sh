#!/usr/bin/env bash
# pywellen's stream_changes() reports nothing, without an error, for a variable that it has reported before.
#
# Packages: pywellen 0.25.7 (PyPI; Python 3.9 or later).
# Expected: Waveform.stream_changes(callback, variables) reports the changes of these variables however often it is called, as
#   Var.tv does; or the second call raises.
# Seen: for a variable that an earlier call on the same Waveform has reported it returns at once and reports none; for others
#   it works. An analysis in two passes counts zero transfers in the second, which looks like an idle bus. Var.tv still has
#   all changes, so nothing is lost but the way to them.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet pywellen==0.25.7 2>pip.log || { cat pip.log; exit 1; }
cat >bus.vcd <<'VCD'
$timescale 1ns $end
$scope module top $end
$var wire 1 ! valid $end
$var wire 8 " data [7:0] $end
$upscope $end
$enddefinitions $end
#0
0!
b00000000 "
#5
1!
b00101010 "
#10
0!
VCD
cat >twice.py <<'PY'
from pywellen import Waveform

dump = Waveform("bus.vcd")
variables = {variable.name: variable for variable in dump.all_vars()}


def streamed(source, name):
    changes = []
    source.stream_changes(lambda time, signal, value: changes.append((time, value)), [variables[name]])
    return changes


first, again, other = streamed(dump, "valid"), streamed(dump, "valid"), streamed(dump, "data")
print("valid, streamed first:", first)
print("valid, streamed again:", again)
print("data, streamed first:", other)
listed = list(variables["valid"].tv)
print("valid by Var.tv:", listed)
holds = first == listed == [(0, 0), (5, 1), (10, 0)] and other == [(0, 0), (5, 42)] and again == []
print("pywellen 0.25.7: expected the changes each time; seen: none of a variable streamed before"
      if holds else "CHANGED: the behaviour above is no longer what this script states")
raise SystemExit(not holds)
PY
venv/bin/python twice.py

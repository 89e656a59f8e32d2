#!/usr/bin/env bash
# Icarus Verilog 11 takes a parameter as the value of an attribute, but no comparison of it.
#
# Package: iverilog 11.0 (Debian 12); others take both: Yosys 0.23, Verilator 5.48.
# Expected: (* ram_style = (DEPTH <= 32) ? "distributed" : "auto" *) is a constant expression (IEEE 1364-2005, 3.8 and 5.1): it compiles.
# Seen: "is not a constant expression", status 1. With the parameter alone, or a localparam that holds the expression, it compiles.
set -euo pipefail
command -v iverilog >/dev/null || { echo "skipped: no iverilog (Debian: apt-get install iverilog)"; exit 0; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
module() {
    printf 'module m #(parameter DEPTH = 16) (input c, d, output reg q);\n%s\nalways @(posedge c) q <= d;\nendmodule\n' "$1"
}
module '(* ram_style = (DEPTH <= 32) ? "distributed" : "auto" *) reg r;' >inside.v
module 'localparam STYLE = (DEPTH <= 32) ? "distributed" : "auto";
(* ram_style = STYLE *) reg r;' >apart.v
iverilog -g2005 -o apart apart.v && echo "localparam: compiles"
if iverilog -g2005 -o inside inside.v 2>log || ! grep -q "is not a constant expression" log; then
    echo "CHANGED: the behaviour above is no longer what this script states"
    exit 1
fi
echo "seen: $(head -1 log)"

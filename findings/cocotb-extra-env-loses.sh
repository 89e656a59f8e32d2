#!/usr/bin/env bash
# A variable of the caller's environment wins over the same one in extra_env of cocotb's runner.
#
# Packages: cocotb 2.1.0 (PyPI; Python 3.9 or later), iverilog 11.0-1.1+b1 (Debian 12).
# Expected: test(extra_env={"DEPTH": "8"}), "extra environment variables to set", sets DEPTH for this simulation, as `env` of
#   subprocess does: what is said for one call goes before what happens to be exported.
# Seen: the runner copies the caller's whole environment over it. A variable that is exported keeps its value, one that
#   is not gets the one given: a parameter sweep whose variable is also exported runs the same case again and again, and passes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet cocotb==2.1.0 2>pip.log || { cat pip.log; exit 1; }
icarus=iverilog=11.0-1.1+b1
apt-get download --quiet=2 $icarus 2>apt.log || { apt-get update --quiet=2; apt-get download --quiet=2 $icarus; }
dpkg -x iverilog_*.deb icarus
base=$(dirname "$(find "$dir/icarus" -name ivlpp)")
mkdir bin
printf '#!/bin/sh\nexec %s -B%s "$@"\n' "$dir/icarus/usr/bin/iverilog" "$base" >bin/iverilog
printf '#!/bin/sh\nexec %s -M%s "$@"\n' "$dir/icarus/usr/bin/vvp" "$base" >bin/vvp
chmod +x bin/*

cat >idle.v <<'V'
module idle;
endmodule
V
cat >test_idle.py <<'PY'
import os

import cocotb


@cocotb.test()
async def tells(_):
    print("TELLS", os.environ["DEPTH"], os.environ["WIDTH"])
PY
cat >show.py <<'PY'
import os
from pathlib import Path

from cocotb_tools.runner import get_runner

os.environ["DEPTH"] = "4"
runner = get_runner("icarus")
runner.build(sources=["idle.v"], hdl_toplevel="idle", log_file="build.log")
runner.test(hdl_toplevel="idle", test_module="test_idle", extra_env={"DEPTH": "8", "WIDTH": "8"}, log_file="test.log")
seen = next(line for line in Path("test.log").read_text().splitlines() if line.startswith("TELLS"))
print(f"exported: DEPTH=4; extra_env: DEPTH=8, WIDTH=8; the test sees (DEPTH, WIDTH): {seen.removeprefix('TELLS ')}")
holds = seen == "TELLS 4 8"
print("cocotb 2.1.0: expected 8 8" if holds else "CHANGED: the behaviour above is no longer what this script states")
raise SystemExit(not holds)
PY
PATH="$dir/bin:$PATH" venv/bin/python show.py 2>run.log || { tail -20 run.log; exit 1; }

#!/usr/bin/env bash
# A test that cocotb ends by its timeout fails with an empty message.
#
# Packages: cocotb 2.1.0 (PyPI; Python 3.9 or later), iverilog 11.0-1.1+b1 (Debian 12).
# Expected: the result file says what a reader of a CI page needs: that the time was up, after which time, and what
#   was awaited. At the least the attribute "message" of the JUnit failure is not empty, as for any failed assert.
# Seen: SimTimeoutError is raised without arguments. Its text is "", and so is the message of the failure, both for
#   with_timeout() and for @cocotb.test(timeout_time=...). For the latter there is no traceback either: the failure
#   names no file, no line, no trigger and no limit.
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
`timescale 1ns / 1ns
module idle(output ready);
  assign ready = 1'b0;
endmodule
V
cat >test_idle.py <<'PY'
import cocotb
from cocotb.triggers import RisingEdge, with_timeout


@cocotb.test()
async def awaits_with_timeout(dut):
    await with_timeout(RisingEdge(dut.ready), 10, "ns")


@cocotb.test(timeout_time=10, timeout_unit="ns")
async def has_a_timeout(dut):
    await RisingEdge(dut.ready)


@cocotb.test()
async def asserts(dut):
    assert dut.ready.value == 1, "ready stays low"
PY
cat >show.py <<'PY'
import xml.etree.ElementTree as tree

from cocotb_tools.runner import get_runner

runner = get_runner("icarus")
runner.build(sources=["idle.v"], hdl_toplevel="idle", log_file="build.log")
results = runner.test(hdl_toplevel="idle", test_module="test_idle", log_file="test.log")
seen = {}
for case in tree.parse(results).iter("testcase"):
    failure = case.find("failure")
    seen[case.get("name")] = failure.get("message"), "test_idle.py" in failure.text
    print(f"{case.get('name')}: type {failure.get('type')}, message {failure.get('message').partition(chr(10))[0]!r}, "
          f"{'names' if seen[case.get('name')][1] else 'does not name'} the file")
holds = (seen["awaits_with_timeout"] == ("", True) and seen["has_a_timeout"] == ("", False)
         and seen["asserts"][0].startswith("ready stays low"))
print("cocotb 2.1.0: expected a message that says what timed out; seen: an empty one"
      if holds else "CHANGED: the behaviour above is no longer what this script states")
raise SystemExit(not holds)
PY
PATH="$dir/bin:$PATH" venv/bin/python show.py 2>run.log || { tail -20 run.log; exit 1; }

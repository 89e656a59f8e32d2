#!/usr/bin/env bash
# cocotb starts every installed plugin of pytest in each simulation, although no pytest runs there.
#
# Packages: cocotb 2.1.0, pytest 9.2.0, pytest-xdist 3.8.0 (PyPI; Python 3.10 or later).
# Expected: so that failed assertions tell their values, a simulation needs pytest's hook that rewrites them and no more;
#   what else is installed beside pytest, for the tests that start simulations, stays out of the simulator.
# Seen: the call of cocotb's regression manager that installs the hook makes a whole configuration of pytest, and that
#   imports all plugins that are found: with pytest-xdist the process that simulates holds execnet, a library for remote
#   Python processes. PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 keeps them out, and assertions are still rewritten.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet cocotb==2.1.0 pytest==9.2.0 pytest-xdist==3.8.0 2>pip.log || { cat pip.log; exit 1; }

cat >told.py <<'PY'
def message():
    seven = 7
    try:
        assert seven == 8
    except AssertionError as error:
        return str(error)
PY
cat >begin.py <<'PY'
import sys

import pytest  # cocotb does, too
from cocotb.regression import RegressionManager

before = {"execnet", "xdist"} & set(sys.modules)
RegressionManager.setup_pytest_assertion_rewriting()
import told

print(sorted(before), sorted({"execnet", "xdist"} & set(sys.modules)), "7 == 8" in told.message())
PY
unset PYTEST_DISABLE_PLUGIN_AUTOLOAD PYTEST_ADDOPTS PYTEST_PLUGINS
default=$(venv/bin/python begin.py)
without=$(PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 venv/bin/python begin.py)
echo "plugins before the hook, after it, values told: $default"
echo "with PYTEST_DISABLE_PLUGIN_AUTOLOAD=1:          $without"
if [[ $default == "[] ['execnet', 'xdist'] True" && $without == "[] [] True" ]]; then
    echo "cocotb 2.1.0: expected the hook alone; seen: pytest's plugins in the simulator's process"
else
    echo "CHANGED: the behaviour above is no longer what this script states"
    exit 1
fi

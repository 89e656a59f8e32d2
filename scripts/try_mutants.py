"""All faults that `cocodla mutate` can plant in the RTL, some 15,000, in one copy of the chip: does it compile?

python scripts/try_mutants.py     status 1, with the first errors, if they do not.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from cocodla.mutate import bench
from cocodla.sim import project, tools


def main() -> int:
    """See the head of this file."""
    rtl = sorted(path for path in (project.root() / "rtl").rglob("*.v") if path.parent.name != "formal")
    files, mutants = bench.all_mutants(rtl, rtl, seed=1)
    program, env = tools.find_verilator().call({"PATH": "/usr/bin:/bin"})
    with tempfile.TemporaryDirectory() as folder:
        copies = bench.write_copies(files, dict(enumerate(mutants, 1)), Path(folder))
        words = [program, "--lint-only", "-Wno-lint", "-Wno-style", "-Wno-fatal", "--timing", "--timescale", "1ns/1ps"]
        paths = [str(copies.get(path, path)) for path in rtl]
        command = [*words, "--top-module", "NV_nvdla", *paths]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    errors = [line for line in done.stderr.splitlines() if line.startswith("%Error")]
    print(f"{len(mutants):,} mutants in {len(copies)} files: {'compile' if not errors else 'do not compile'}")
    print(*errors[:10], sep="\n", end="\n" if errors else "")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())

"""CPU time of the default run of every block bench, after the build, against its limit.

python scripts/bench_times.py [verilator|icarus ...] [BLOCK ...]     all of both: half an hour, with builds

CPU seconds of the simulations of all variants (children of this process), seed 1. Status 1 if one fails or takes
longer than LIMITS allow.
"""

from __future__ import annotations

import resource
import sys

from cocodla.sim import bench
from cocodla.sim.build import build

LIMITS = {"verilator": 30.0, "icarus": 60.0}
"""CPU seconds that the default run of a bench may take."""


def children_cpu() -> float:
    """CPU seconds of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds(block: str, sim: str) -> tuple[float, bool]:
    """CPU seconds of the default run, its models being built, and whether it passed."""
    for design in bench.variants(bench.load_bench(block), sim).values():
        build(design, sim)
    before = children_cpu()
    passed = bench.run_bench(block, sim, seed=1).passed
    return children_cpu() - before, passed


def main() -> None:
    words = sys.argv[1:]
    sims = [word for word in words if word in LIMITS] or list(LIMITS)
    blocks = [word for word in words if word not in LIMITS] or bench.block_names()
    wrong = []
    print(f"{'block':<12}" + "".join(f"{sim:>12}" for sim in sims))
    for block in blocks:
        cells = []
        for sim in sims:
            used, passed = seconds(block, sim)
            cells.append(f"{used:10.1f} s" if passed else "FAILED".rjust(12))
            wrong += [] if passed and used <= LIMITS[sim] else [f"{block} ({sim})"]
        print(f"{block:<12}" + "".join(cells), flush=True)
    sys.exit(f"failed or over the limit: {', '.join(wrong)}" if wrong else 0)


if __name__ == "__main__":
    main()

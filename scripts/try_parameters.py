"""Build and run every legal value of every parameter alone in the block benches, and the extremes of the chip: weekly.

python scripts/try_parameters.py [BLOCK | chip ...]     all without one; --list says what would run, --seed N repeats
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

from cocodla.report.blocks import tell
from cocodla.sim import bench, parameters
from cocodla.sim.build import build
from cocodla.sim.folders import run_folder
from cocodla.sim.run import new_seed, simulate

Values = dict[str, int]

PARAMETERS: dict[str, dict[str, str]] = {
    "sdp": {"LANES": "SDP_LANES", "READ_DEPTH": "READ_DEPTH", "OPERAND_DEPTH": "OPERAND_DEPTH"},
    "pdp": {"LANES": "PDP_LANES", "READ_DEPTH": "READ_DEPTH"},
    "cdp": {"LANES": "CDP_LANES", "READ_DEPTH": "READ_DEPTH"},
    "cacc": {"ACC_DEPTH": "ACC_DEPTH", "FIFO_DEPTH": "CACC_DEPTH"},
    "cmac": {"ACC_DEPTH": "ACC_DEPTH"},
    "csc": {"ACC_DEPTH": "ACC_DEPTH", "CACC_DEPTH": "CACC_DEPTH"},
    "conv_core": {"ACC_DEPTH": "ACC_DEPTH", "CACC_DEPTH": "CACC_DEPTH"},
}
"""Block -> parameter of its bench -> parameter of the chip, whose legal values it has."""

TESTS = "random|operand_layers|geometry|windows|paddings|stripe|credits_stop|slow_sink|overlapped_sets"
"""Tests of results; those of rates are for the default."""

CHIP_LAYERS = 60


def powers(name: str) -> list[int]:
    """All legal values of a parameter of the chip, in rising order."""
    low, high = parameters.RANGES[name]
    return [1 << bit for bit in range(low.bit_length() - 1, high.bit_length())]


def of_block(block: str) -> Iterator[Values]:
    """Each parameter at every value, the others as they are; then all at their least, all at their largest."""
    names = PARAMETERS[block]
    for name, legal in names.items():
        yield from ({name: value} for value in powers(legal))
    if len(names) > 1:
        yield from ({name: powers(legal)[end] for name, legal in names.items()} for end in (0, -1))


def of_chip() -> Iterator[Values]:
    """Each parameter at its least and largest value, then all."""
    for name, ends in parameters.RANGES.items():
        yield from ({name: value} for value in ends)
    yield from ({name: ends[end] for name, ends in parameters.RANGES.items()} for end in (0, 1))


def run_block(block: str, values: Values, seed: int) -> str:
    """What the bench says first, "" if all is well."""
    what = bench.load_bench(block)
    default = what.designs["default"]
    name = "-".join([block, *(f"{parameter.lower()}{value}" for parameter, value in values.items())])
    model = build(replace(default, name=name, parameters={**default.parameters, **values}))
    with run_folder(name, model.sim, seed) as folder:
        run = simulate(
            model, what.modules, folder, seed=seed, test_filter=TESTS, path=[what.folder], timeout=what.timeout
        )
    failed = [tell(result) for result in run.results if result.status == "failed"]
    if not run.results:
        failed.append("no test ran")
    return "; ".join([*failed[:1], *([run.error] if run.error else [])])


def run_chip(values: Values, seed: int) -> str:
    """The last line of a campaign of random programs that failed, "" if none did."""
    text = " ".join(f"{name}={value}" for name, value in values.items())
    words = [sys.executable, "-m", "cocodla", "random", "--count", str(CHIP_LAYERS), "--seed", str(seed), "--quiet"]
    done = subprocess.run(
        words, env={**os.environ, parameters.ENVIRONMENT: text}, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip().splitlines()[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", metavar="BLOCK|chip", help=f"of {', '.join(PARAMETERS)}, chip")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = new_seed() if options.seed is None else options.seed
    print(f"seed {seed}")
    wrong = 0
    for block in options.what or [*PARAMETERS, "chip"]:
        if block not in (*PARAMETERS, "chip"):
            parser.error(f"{block} has no parameters; there are {', '.join(PARAMETERS)}, chip")
        for values in of_chip() if block == "chip" else of_block(block):
            name = f"{block} {' '.join(f'{parameter}={value}' for parameter, value in values.items())}"
            if options.list:
                print(name)
                continue
            said = run_chip(values, seed) if block == "chip" else run_block(block, values, seed)
            wrong += bool(said)
            print(f"{name}: {said or 'passed'}", flush=True)
    sys.exit(f"failed: {wrong}" if wrong else 0)


if __name__ == "__main__":
    main()

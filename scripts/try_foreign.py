"""Runs the environment on a foreign tree (scripts/foreign_tree.py) that is ours in disguise: nothing of it is edited.

    python scripts/try_foreign.py [FOLDER] [--layers 1000]

Registers, traces and register log (../shared), LeNet-5, random layers with the classes of the public design avoided;
then the CPU time of a run with `#1` delays in the RAM models beside that of the same tree without any. 15 minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from cocodla import datasets
from cocodla.sim import project
from foreign_tree import write_tree


def run(files: Path, *words: object) -> bool:
    """Run a command on the tree of a list, its last line shown; whether it passed."""
    env = {**os.environ, "DUT_FILELIST": str(files), "FOREIGN_HOME": str(files.parent)}
    command = [sys.executable, "-m", "cocodla", *map(str, words)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    print(f"{' '.join(map(str, words))}: status {done.returncode}: {lines[-1] if lines else ''}", flush=True)
    return done.returncode == 0


def cpu_seconds(files: Path, times: int = 5) -> float:
    """Median of the CPU time of the simulator for a million cycles of LeNet-5."""
    seconds = []
    for seed in range(times):
        run(files, "lenet", "--count", 20, "--seed", seed)
        told = json.loads((project.build() / "lenet" / "result.json").read_text())
        seconds.append(1e6 / told["cycles_per_cpu_second"])
    return statistics.median(seconds)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--layers", type=int, default=1000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foreign-") as scratch:
        folder = given.folder or Path(scratch)
        late, plain = write_tree(folder / "late"), write_tree(folder / "plain", delays=False)
        shared = datasets.shared_folder()
        passed = [
            run(late, "sim", "registers"),
            run(late, "lenet"),
            *(run(late, "traces", shared / "traces", "--jobs", 1) for _ in [0] if (shared / "traces").is_dir()),
            run(late, "random", "--count", given.layers, "--seed", 1, "--avoid", "public"),
        ]
        ratio = cpu_seconds(late) / cpu_seconds(plain)
    print(f"CPU time with delays in the RAM models / without: {ratio:.2f}")
    sys.exit(0 if all(passed) and ratio <= 1.2 else 1)


if __name__ == "__main__":
    main()

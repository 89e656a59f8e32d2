"""Many random networks, several at a time; what is wrong is shrunk and kept."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from cocodla.fuzz.check import Finding, check, shrink
from cocodla.runtime import rtl


def run_networks(
    seeds: range, folder: Path, jobs: int, simulation: rtl.Simulation | None = None, nodes: int | None = None
) -> Iterator[Finding]:
    """Check networks in any order; failing ones come back shrunk. Models of those are left in `folder`.

    nodes: only the first so many of each network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    work = partial(_check_and_shrink, folder=folder, simulation=simulation, nodes=nodes)
    if jobs == 1 or simulation is not None:
        yield from map(work, seeds)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
        yield from pool.imap_unordered(work, seeds)


def _check_and_shrink(seed: int, folder: Path, simulation: rtl.Simulation | None, nodes: int | None) -> Finding:
    finding = check(seed, folder, nodes, simulation)
    if finding.good:
        (folder / f"random{seed}.onnx").unlink()
        return finding
    return shrink(finding, folder, simulation)

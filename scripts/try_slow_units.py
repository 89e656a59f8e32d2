"""Runs slowed down on purpose: does `cocodla waves stalls` name the unit that was slowed?

python scripts/try_slow_units.py [NAME ...]     all, or those named; status 1 unless every one is right. Minutes.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cocodla.bench.layers import BenchLayer, CdpShape, ConvShape, PdpShape, SdpShape, Shape
from cocodla.bench.program import layer_program
from cocodla.golden.config import Pooling
from cocodla.report.stalls import chain_text
from cocodla.runtime import rtl
from cocodla.sim.waves import Waves
from cocodla.waves.analysis import analyse
from cocodla.waves.cause import Cause
from cocodla.waves.interfaces import load_description, own_file
from rtl_copies import Change, record


@dataclass(frozen=True)
class Slowed:
    """A layer, what slows it, and the unit that must be named. via: the interface at the end of the chain, if told."""

    name: str
    shape: Shape
    unit: str
    memory: rtl.MemoryModel = field(default_factory=rtl.MemoryModel)
    chip: str = ""
    changes: tuple[Change, ...] = ()
    csb_period: int = 0
    via: str = ""


_COPY = SdpShape(32, 24, 8, "copy")
_LONG = SdpShape(48, 48, 8, "copy")
_POOL = PdpShape(32, 16, 8, Pooling.MAX, 2, 2)
_CONV = ConvShape(12, 12, 8, 16, 1)

RUNS = (
    Slowed("read_data_every_4th_cycle", _COPY, "memory", rtl.MemoryModel(r_every=4), via="dbb_r"),
    Slowed("read_requests_every_4th_cycle", _COPY, "memory", rtl.MemoryModel(ar_every=4), via="dbb_ar"),
    Slowed("write_requests_every_3rd_cycle", _COPY, "memory", rtl.MemoryModel(aw_every=3), via="dbb_aw"),
    Slowed("late_write_answers", _LONG, "memory", rtl.MemoryModel(write_latency=800), via="dbb_b"),
    Slowed("one_lane_of_sdp", SdpShape(16, 16, 8, "copy"), "sdp", chip="SDP_LANES=1"),
    Slowed("one_lane_of_sdp_behind_cacc", _CONV, "sdp", chip="SDP_LANES=1"),
    Slowed("one_lane_of_pdp", _POOL, "pdp", chip="PDP_LANES=1"),
    Slowed("one_lane_of_cdp", CdpShape(16, 8, 16, 2), "cdp", chip="CDP_LANES=1"),
    Slowed("few_reads_in_flight", _COPY, "sdp_rdma", rtl.MemoryModel(latency=100), chip="READ_DEPTH=16"),
    Slowed(
        "few_operands_in_flight", SdpShape(24, 16, 8, "add"), "sdp_rdma", rtl.MemoryModel(latency=100),
        chip="OPERAND_DEPTH=16",
    ),
    Slowed(
        "short_fifo_behind_sdp", _COPY, "sdp",
        changes=(Change("sdp/sdp_output.v", "parameter DEPTH = 32 ", "parameter DEPTH = 4 "),),
    ),
    Slowed("late_register_writes", SdpShape(8, 4, 8, "copy"), "host", csb_period=400_000),
)  # fmt: skip


def cause_of(run: Slowed, folder: Path) -> Cause:
    """Run it and ask whom everybody waited for while the layer ran."""
    program = layer_program(BenchLayer(run.name, "trial", run.shape), 1)
    simulation = rtl.Simulation(
        sim="icarus", seed=1, waves=Waves(), memory=run.memory, csb_period_ps=run.csb_period,
        run_name=f"slow-{run.name}",
    )
    dump = record(program, folder, simulation, run.changes, run.chip)
    found = analyse(dump, load_description(own_file()))
    assert found.whole is not None
    return found.whole


def right(run: Slowed, cause: Cause) -> bool:
    """Whether the unit is named, and the interface it is waited for on."""
    last = cause.chain[-2][1] if len(cause.chain) > 1 else ""
    return cause.root == run.unit and run.via in ("", last)


def main() -> None:
    chosen = [run for run in RUNS if not sys.argv[1:] or run.name in sys.argv[1:]]
    correct = 0
    for run in chosen:
        with tempfile.TemporaryDirectory() as folder:
            cause = cause_of(run, Path(folder))
        correct += right(run, cause)
        verdict = "right" if right(run, cause) else f"WRONG, not {run.unit}"
        print(f"{run.name}: {cause.root} ({cause.share:.0%}), {chain_text(cause)}: {verdict}")
    print(f"{correct} of {len(chosen)} right")
    sys.exit(correct != len(chosen))


if __name__ == "__main__":
    main()

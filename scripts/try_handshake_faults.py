"""Faults planted into copies of the RTL: does `cocodla waves stalls` name the interface, the fault and its first time?

Each fault sits on one net between two units in the top module; `fault_now` is 1 in the cycles it acts in, so the dump
itself says when. What the rules of a handshake cannot show is found by comparison with the dump of a good run.

python scripts/try_handshake_faults.py [NAME ...]     all, or those named; status 1 unless every one is found.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cocodla.bench.layers import BenchLayer, ConvShape, SdpShape, Shape
from cocodla.bench.program import layer_program
from cocodla.runtime import rtl
from cocodla.sim.waves import Waves
from cocodla.waves import violations as rules
from cocodla.waves.analysis import Analysis, Result, analyse
from cocodla.waves.clock import Clock
from cocodla.waves.interfaces import load_description, own_file
from rtl_copies import Change, record

_COPY = SdpShape(8, 8, 8, "copy")
_POOLED = ConvShape(8, 8, 8, 16, 1, bias=True, pool=2)
TOP = "top/NV_nvdla.v"


@dataclass(frozen=True)
class Fault:
    """A fault at an interface.

    nets: declarations of the nets that stand in for intercepted ones, and what drives those. ports: (instance
    connection, what it becomes). count, now: conditions in Verilog: what fault_count counts, and when the fault acts.
    found: a rule, or words of a difference from the good dump. since: told as the last cycle before it, not the first.
    """

    name: str
    interface: str
    found: str
    nets: str
    ports: tuple[tuple[str, str], ...]
    count: str
    now: str
    shape: Shape = _COPY
    since: bool = False

    @property
    def changes(self) -> tuple[Change, ...]:
        text = (
            f"{self.nets}\n"
            "reg [15:0] fault_count;\n"
            f"wire fault_now = {self.now};\n"
            "always @(posedge dla_core_clk or negedge rst_n)\n"
            f"    if (!rst_n) fault_count <= 0; else if ({self.count}) fault_count <= fault_count + 1;\n"
        )
        anchor = "endmodule\n"
        declare = "// Signals between units, grouped by the unit that drives them\n"
        early = "".join(f"{line}\n" for line in text.splitlines() if line.startswith("wire") and "=" not in line)
        late = "".join(f"{line}\n" for line in text.splitlines() if not (line.startswith("wire") and "=" not in line))
        return (
            Change(TOP, declare, declare + early),
            Change(TOP, anchor, late + anchor),
            *(Change(TOP, old, new) for old, new in self.ports),
        )


_MRD = "mrd_valid && !mrd_ready"
_MRD_OUT = ".mrd_valid          (mrd_valid)"
_TO_PDP = "sdp2pdp_valid && sdp2pdp_ready"

FAULTS = (
    Fault(
        "valid_dropped", "mrd", rules.DROPPED, "wire raw;\nassign mrd_valid = raw && !fault_now;",
        ((_MRD_OUT, ".mrd_valid (raw)"),), "raw && !mrd_ready", "fault_count == 20 && raw && !mrd_ready",
    ),
    Fault(
        "payload_changed", "mrd", rules.CHANGED, "wire [63:0] raw;\nassign mrd_data = raw ^ {56'd0, {8{fault_now}}};",
        ((".mrd_data           (mrd_data)", ".mrd_data (raw)"),), _MRD, f"fault_count == 20 && {_MRD}",
    ),
    Fault(
        "valid_unknown", "mrd", rules.X_CONTROL, "wire raw;\nassign mrd_valid = fault_now ? 1'bx : raw;",
        ((_MRD_OUT, ".mrd_valid (raw)"),), "raw && !mrd_ready", "fault_count == 20 && raw && !mrd_ready",
    ),
    Fault(
        "ready_unknown", "sdp_wr_req", rules.X_CONTROL,
        "wire raw;\nassign sdp_wr_req_ready = fault_now ? 1'bx : raw;",
        ((".sdp_wr_req_ready      (sdp_wr_req_ready)", ".sdp_wr_req_ready (raw)"),),
        "sdp_wr_req_valid && raw", "fault_count == 20 && sdp_wr_req_valid",
    ),
    Fault(
        "ready_stuck", "sdp2pdp", rules.STUCK, "wire raw;\nassign sdp2pdp_ready = raw && !fault_now;",
        (
            (".sdp2pdp_ready (sdp2pdp_ready)", ".sdp2pdp_ready (raw)"),
            (".sdp2pdp_valid (sdp2pdp_valid)", ".sdp2pdp_valid (sdp2pdp_valid && !fault_now)"),
        ),
        "sdp2pdp_valid && raw && !fault_now", "fault_count == 20 && sdp2pdp_valid", shape=_POOLED,
    ),
    Fault(
        "credit_lost", "csc2cacc", rules.KEPT, "wire raw;\nassign credit = raw && !fault_now;",
        ((".credit         (credit)", ".credit (raw)"),), "raw", "fault_count == 20 && raw", shape=_POOLED, since=True,
    ),
    Fault(
        "credit_invented", "csc2cacc", rules.SURPLUS, "wire raw;\nassign credit = raw || fault_now;",
        ((".credit         (credit)", ".credit (raw)"),), "reg_valid[4]", "fault_count == 2 && reg_valid[4]",
        shape=_POOLED,
    ),
    Fault(
        "answer_invented", "sdp_rd_rsp", rules.UNANSWERED, "wire raw;\nassign sdp_rd_rsp_valid = raw || fault_now;",
        ((".sdp_rd_rsp_valid      (sdp_rd_rsp_valid)", ".sdp_rd_rsp_valid (raw)"),),
        "reg_valid[8]", "fault_count == 2 && reg_valid[8]",
    ),
    Fault(
        "order_swapped", "sdp_rd_req", "sdp_rd_req_addr differs",
        "wire [31:3] raw;\nassign sdp_rd_req_addr = raw ^ {28'd0, fault_now};",
        ((".sdp_rd_req_addr    (sdp_rd_req_addr)", ".sdp_rd_req_addr (raw)"),),
        "sdp_rd_req_valid && sdp_rd_req_ready", "sdp_rd_req_valid && (fault_count == 20 || fault_count == 21)",
    ),
    Fault(
        "last_late", "sdp_wr_req", "sdp_wr_req_last differs",
        "wire raw;\nassign sdp_wr_req_last = raw && !fault_now;",
        ((".wr_req_last     (sdp_wr_req_last)", ".wr_req_last (raw)"),), "1'b0", "raw && sdp_wr_req_valid",
    ),
    Fault(
        "transfer_doubled", "sdp2pdp", "sdp2pdp_data differs", "wire again = sdp2pdp_ready && !fault_now;",
        ((".sdp2pdp_ready   (sdp2pdp_ready)", ".sdp2pdp_ready (sdp2pdp_ready && fault_count != 20)"),),
        _TO_PDP, f"fault_count == 21 && {_TO_PDP}", shape=_POOLED,
    ),
    Fault(
        "transfer_lost", "sdp2pdp", "sdp2pdp_data differs",
        "wire raw;\nassign sdp2pdp_valid = raw && fault_count != 20;",
        (
            (".sdp2pdp_valid   (sdp2pdp_valid)", ".sdp2pdp_valid (raw)"),
            (".sdp2pdp_ready   (sdp2pdp_ready)", ".sdp2pdp_ready (sdp2pdp_ready || fault_count == 20)"),
        ),
        "raw && (sdp2pdp_ready || fault_count == 20)", f"fault_count == 21 && {_TO_PDP}", shape=_POOLED,
    ),
    Fault(
        "bit_flipped", "cacc2sdp", "cacc2sdp_data differs",
        "wire [255:0] raw;\nassign cacc2sdp_data = raw ^ {255'd0, fault_now};",
        ((".cacc2sdp_data  (cacc2sdp_data)", ".cacc2sdp_data (raw)"),),
        "cacc2sdp_valid && cacc2sdp_ready", "cacc2sdp_valid && cacc2sdp_ready && fault_count == 20", shape=_POOLED,
    ),
)  # fmt: skip


def dump_of(shape: Shape, folder: Path, changes: tuple[Change, ...], name: str) -> Path:
    """Run a layer with one lane of SDP, so that things stall, on a changed copy."""
    program = layer_program(BenchLayer("fault", "trial", shape), 1)
    simulation = rtl.Simulation(sim="icarus", seed=1, waves=Waves(), watchdog=2000, run_name=f"fault-{name}")
    return record(program, folder, simulation, changes, "SDP_LANES=1")


def verdict(fault: Fault, dump: Path, good: Path) -> str:
    """Empty if the analysis names the fault where it is, else what it says instead."""
    found = analyse(dump, load_description(own_file()), good=good)
    truth = _first_cycle(found)
    result = next(one for one in found.results if one.interface.name == fault.interface)
    cycle = _cycle_of(fault, result)
    if cycle is None:
        return f"not found; rules {[one.rule for one in result.violations]}, difference {result.difference}"
    near = truth - 200 < cycle <= truth if fault.since else truth <= cycle <= truth + 1
    return "" if near else f"cycle {cycle}, not {truth}"


def _cycle_of(fault: Fault, result: Result) -> int | None:
    if result.difference and result.difference.what == fault.found:
        return result.difference.cycle
    return next((one.cycle for one in result.violations if one.rule == fault.found), None)


def _first_cycle(found: Analysis) -> int:
    """First cycle in which the fault acts."""
    path = next(name for name in found.dump.variables if name.endswith(".fault_now"))
    signal = found.dump.variables[path]
    clock: Clock = found.clock
    sampled = clock.sample(found.dump.read([signal])[signal.key])
    return int(sampled.cycles[np.flatnonzero(sampled.values == 1)[0]])


def main() -> None:
    chosen = [fault for fault in FAULTS if not sys.argv[1:] or fault.name in sys.argv[1:]]
    right = 0
    with tempfile.TemporaryDirectory() as folder:
        good = {}
        for number, shape in enumerate(dict.fromkeys(fault.shape for fault in chosen)):
            place = Path(folder) / f"good{number}"
            place.mkdir()
            good[shape] = dump_of(shape, place, (), f"good{number}")
        for fault in chosen:
            place = Path(folder) / fault.name
            place.mkdir()
            wrong = verdict(fault, dump_of(fault.shape, place, fault.changes, fault.name), good[fault.shape])
            right += not wrong
            print(f"{fault.name}: {fault.interface}: {wrong or fault.found}")
    print(f"{right} of {len(chosen)} found")
    sys.exit(right != len(chosen))


if __name__ == "__main__":
    main()

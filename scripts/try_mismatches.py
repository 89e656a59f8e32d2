"""Faults planted into copies of the RTL: does the mismatch view name unit, signal group and cycle?

Each fault is in one unit; a layer is run on the copy, found to differ, and looked into as any failing program is. The
truth about the cycle comes from elsewhere: the first transfer of that interface that differs from a run on the RTL as
it is. python scripts/try_mismatches.py [NAME ...] [--keep FOLDER]    all, or those named; status 1 unless all are.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cocodla.bench.layers import BenchLayer, CdpShape, ConvShape, PdpShape, SdpShape, Shape
from cocodla.bench.program import layer_program
from cocodla.golden import run as run_golden
from cocodla.golden.config import Pooling
from cocodla.mismatch.boundaries import Boundaries
from cocodla.mismatch.study import Finding
from cocodla.program import Program, compare
from cocodla.report.mismatch import files
from cocodla.runtime import rtl
from cocodla.runtime.investigate import investigate
from cocodla.sim.waves import Waves
from rtl_copies import Change, changed_copy


@dataclass(frozen=True)
class Fault:
    """changes: of files below rtl/. unit, interface: what must be named. timed: the cycle can be told by comparison."""

    name: str
    unit: str
    interface: str
    shape: Shape
    changes: tuple[Change, ...]
    timed: bool = True


def _one(file: str, old: str, new: str) -> tuple[Change, ...]:
    return (Change(file, old, new),)


_CONV = ConvShape(9, 9, 16, 16, 3, pads=(1, 1, 1, 1), bias=True)
_POOLED = ConvShape(8, 8, 8, 16, 1, bias=True, pool=2)
_IMAGE = ConvShape(12, 12, 4, 8, 3, pads=(1, 1, 1, 1), image=True)

FAULTS = (
    Fault("padding", "cdma", "cdma2cbuf", _IMAGE,
          _one("conv/cdma_cvt.v", "dat_pad[i] ? pad_value", "dat_pad[i] ? pad_value ^ 8'd1")),
    Fault("bank", "cbuf", "cbuf", _CONV,
          _one("conv/cbuf.v", "wt_word   = wt_word | wt[64*i +: 64]",
               "wt_word   = wt_word | wt[64*i +: 64] << (i == 0)"),
          timed=False),
    Fault("zero_padding", "csc", "csc2cmac_dat", _CONV,
          _one("conv/csc_dat.v", "(pad_5[0] ? padding :", "(pad_5[0] ? padding ^ 8'd2 :")),
    Fault("partial_sum", "cmac", "cmac2cacc", _CONV,
          _one("conv/cmac_cell.v", "dot4(dat_data[63:32], active[63:32])",
               "dot4(dat_data[63:32], active[63:32]) + {17'd0, &dat_data[34:32]}")),
    Fault("accumulator", "cacc", "cacc2sdp", _CONV,
          _one("conv/cacc.v", ".rd_addr (mac_index)", ".rd_addr (mac_index ^ (mac_index == 3))")),
    Fault("operand", "sdp_rdma", "brd_data", SdpShape(8, 8, 24, "biasscale"),
          _one("sdp/sdp_rdma_operand.v", "out_both ? (out_size ? both2[31:16]",
               "out_both ? (out_size ? both2[31:16] ^ {1'b0, &both2[2:0], 14'd0}")),
    Fault("line_stride", "sdp_rdma", "sdp_rd_req", SdpShape(8, 8, 24, "copy"),
          _one("sdp/sdp_rdma.v", ".stride2      (packed_cube ? 29'd1 : m_surface[31:3])",
               ".stride2      (packed_cube ? 29'd1 : m_surface[31:3] + 29'd1)")),
    Fault("saturation", "sdp", "sdp_wr_req", _CONV,
          _one("sdp/sdp_cvt_lane.v", "{minus, {7{!minus}}} : rounded", "{minus, {7{minus}}} : rounded")),
    Fault("sdp_to_pdp", "sdp", "sdp2pdp", _POOLED,
          _one("sdp/sdp_output.v", "assign sdp2pdp_data  = out_data;",
               "assign sdp2pdp_data  = out_data ^ {63'd0, &out_data[3:1]};")),
    Fault("write_address", "sdp", "sdp_wr_req", SdpShape(8, 8, 24, "copy"),
          _one("sdp/sdp_output.v", ".stride2 (packed_cube ? 29'd1 : surface_stride)",
               ".stride2 (packed_cube ? 29'd1 : surface_stride + 29'd8)")),
    Fault("stuck", "sdp", "sdp_wr_req", SdpShape(8, 8, 24, "copy"),
          _one("sdp/sdp_output.v", "assign wr_req_valid = out_valid && !to_pdp",
               "assign wr_req_valid = out_valid && !to_pdp && wr_req_addr[8:3] != 6'd20"), timed=False),
    Fault("maximum", "pdp", "pdp_wr_req", PdpShape(12, 12, 16, Pooling.MAX, 3, 2),
          _one("pdp/pdp_combine.v", "sum[WIDTH] ? b : a", "sum[WIDTH] ? a : b")),
    Fault("lines", "pdp_rdma", "pdp_rd_req", PdpShape(12, 12, 16, Pooling.AVERAGE, 3, 1),
          _one("pdp/pdp_rdma.v", ".stride1      (line_stride[31:3])", ".stride1      (line_stride[31:3] - 29'd1)")),
    Fault("table", "cdp", "cdp_wr_req", CdpShape(8, 8, 16, 2),
          _one("cdp/cdp_ocvt_lane.v", "v * factor - offset", "v * factor - offset + 26'sd300")),
    Fault("channels", "cdp_rdma", "cdp_rd_req", CdpShape(8, 8, 16, 2),
          _one("cdp/cdp_rdma.v", ".stride1      (29'd1)", ".stride1      (29'd1 + {28'd0, channel[3]})")),
    Fault("answer", "mcif_read", "cdma_wt_rd_rsp", _CONV,
          _one("mcif/mcif_read.v", "if (rvalid) rsp_data <= rdata;",
               "if (rvalid) rsp_data <= rdata ^ {56'd0, {8{rdata[15:8] == 8'd3}}};")),
    Fault("bus_write", "mcif_write", "dbb_w", SdpShape(16, 16, 24, "copy"),
          _one("mcif/mcif_write.v", "wdata  <= spare_valid ? spare_data : data_sel;",
               "wdata  <= (spare_valid ? spare_data : data_sel) ^ {56'd0, {8{data_sel[15:8] == 8'd5}}};")),
)  # fmt: skip


def look_into(fault: Fault, program: Program, files_of: Path, sim: str) -> Finding:
    """Run on the copy, find the difference, look into it."""
    simulation = rtl.Simulation(sim=sim, seed=1, file_list=files_of, watchdog=3000, run_name=f"mismatch-{fault.name}")
    golden, failed = run_golden(program), rtl.run(program, simulation)
    mismatches = compare(program, golden, failed)
    lines = [*map(str, mismatches), *failed.failures]
    if not lines:
        raise ValueError(f"{fault.name}: the layer does not show the fault")
    return investigate(program, simulation, failed, lines[0], mismatches[0].index if mismatches else None)


def true_cycle(fault: Fault, program: Program, good: Path, sim: str) -> int:
    """First cycle in which a transfer of the interface differs from the good run's; -1 where none does."""
    names = [fault.interface] if fault.interface != "cmac2cacc" else ["cmac2cacc", "cmac2cacc_b"]
    dumps = good.parent.parent.glob(f"mismatch-{fault.name}-boundaries-{sim}-*/*.fst")
    dump = max(dumps, key=lambda path: path.stat().st_mtime)
    here, there = (Boundaries(path, rtl.FIRST_CYCLE_PS) for path in (dump, good))
    cycles = []
    for name in names:
        mine, theirs = here.moved(name), there.moved(name)
        for k in range(len(mine)):
            if k >= len(theirs) or any(mine.payload[s][k] != theirs.payload[s][k] for s in mine.payload):
                cycles.append(int(mine.cycles[k]))
                break
    return min(cycles, default=-1)


def verdict(fault: Fault, found: Finding, truth: int) -> str:
    """Empty if unit, interface and cycle are right."""
    blame = found.blame
    if blame is None:
        return f"nothing named; notes {found.notes}"
    named = f"{blame.unit}, {blame.interface}, cycle {blame.cycle}"
    if (blame.unit, blame.interface) != (fault.unit, fault.interface):
        return named
    return "" if not fault.timed or blame.cycle == truth else f"{named}: it is cycle {truth}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--keep", type=Path, help="keep text and page of each here")
    parser.add_argument("--sim", default="icarus")
    options = parser.parse_args()
    chosen = [fault for fault in FAULTS if not options.names or fault.name in options.names]
    right = 0
    for fault in chosen:
        program = layer_program(BenchLayer("fault", "trial", fault.shape), 1)
        with tempfile.TemporaryDirectory() as folder:
            copy = changed_copy(Path(folder), fault.changes)
            found = look_into(fault, program, copy, options.sim)
        if options.keep:
            (options.keep / fault.name).mkdir(parents=True, exist_ok=True)
            files.write(found, options.keep / fault.name)
        good = rtl.run(program, rtl.Simulation(sim=options.sim, seed=1, waves=Waves(boundaries=True))).waves
        assert good is not None
        wrong = verdict(fault, found, true_cycle(fault, program, good, options.sim) if fault.timed else -1)
        right += not wrong
        told = f"{found.blame.unit}, {found.blame.interface}, cycle {found.blame.cycle:,}" if found.blame else ""
        print(f"{fault.name}: {f'WRONG: {wrong}' if wrong else told}", flush=True)
    print(f"{right} of {len(chosen)} found")
    sys.exit(right != len(chosen))


if __name__ == "__main__":
    main()

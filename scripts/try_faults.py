"""Break each block on purpose, in a copy, run its bench, and check that one line says what is wrong.

python scripts/try_faults.py [BLOCK ...]     all blocks and the chip without one: a few minutes; Icarus is needed
python scripts/try_faults.py kinds [WORD]    those of fault_kinds.toml, or of one block or kind: ten minutes
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cocodla import datasets, zoo
from cocodla.files.inputs import read_toml
from cocodla.report.blocks import repeat, tell
from cocodla.runtime import rtl
from cocodla.runtime.verify import verify_network
from cocodla.sim import bench, project
from rtl_copies import Change, environment

CELL = r"layer \d+ of \d+, surface \d+, line \d+, column \d+, "
LANE = r"lane \d: got -?\d+, expected -?\d+(, \d lanes differ)?"
WHEN = r" \(cycle \d+, at [\d.]+ ns\)$"
WORD = r"got 0x[0-9a-f]{8}, expected 0x[0-9a-f]{8}"


@dataclass(frozen=True)
class Fault(Change):
    """One text of one file of the project is replaced. test: which tests run. says: how the first failure must look."""

    test: str
    says: str


FAULTS = {
    "apb": Fault(
        "rtl/csb/NV_NVDLA_apb2csb.v", "prdata = nvdla2csb_data", "prdata = nvdla2csb_data ^ 32'd4",
        "accesses/core_period=10/", rf"(MCIF\.\w+|GLB\.\w+|no register) \(0x[0-9a-f]+\): {WORD}{WHEN}",
    ),
    "async_fifo": Fault(
        "rtl/lib/dla_async_fifo.v", "= mem[rd_bin[PTR_W-2:0]];", "= mem[rd_bin[PTR_W-2:0]] ^ &rd_bin;",
        "ratio=3.7", rf"out, word \d+: got 0x[0-9a-f]+, expected 0x[0-9a-f]+{WHEN}",
    ),
    "axi_shell": Fault(
        "rtl/soc/dla_shell_regs.v", "{limit, 12'hfff}", "{limit, 12'hffe}",
        "registers", rf"s_axi, 0x[0-9a-f]+ after reset: got 0x[0-9a-f]+, expected 0x[0-9a-f]+{WHEN}",
    ),
    "axil2csb": Fault(
        "rtl/soc/dla_axil2csb.v", "data <= ans_rdata;", "data <= ans_rdata ^ 32'd4;",
        "accesses/pauses=0.0", rf"s_axi, read of 0x[0-9a-f]+: got 0x[0-9a-f]+, expected 0x[0-9a-f]+{WHEN}",
    ),
    "cacc": Fault(
        "rtl/conv/cacc_round.v", "(!v[31] || sticky)", "!v[31]",
        "rounding/shift=7$", rf"cacc2sdp, stripe \d+, position \d+, shift 7, {LANE}{WHEN}",
    ),
    "cbuf": Fault(
        "rtl/conv/cbuf.v", "wt_word   = wt_word | wt[64*i +: 64]", "wt_word   = wt_word | wt[64*i +: 64] << (i == 5)",
        "every_entry", rf"wt_rd_data, entry \d+ \(bank 2[0-3]\), byte \d: got \d+, expected \d+.*{WHEN}",
    ),
    "cdma": Fault(
        "rtl/conv/cdma_cvt.v", "dat_pad[i] ? pad_value", "dat_pad[i] ? pad_value ^ 8'd1",
        "pixels/", rf"data line \d+, entry \d+ \(CBUF \d+\), byte \d: got \d+, expected \d+.*{WHEN}",
    ),
    "cdp": Fault(
        "rtl/cdp/cdp_ocvt_lane.v", "v * factor - offset", "v * factor - offset + 26'sd300",
        "windows/", rf"writes, {CELL}{LANE}{WHEN}",
    ),
    "cmac": Fault(
        "rtl/conv/cmac_cell.v", "dot4(dat_data[63:32], active[63:32])", "dot4(dat_data[63:32], active[63:32]) + 18'd1",
        "extreme_sums", r"mac_data, atom \d+ of its stripe, kernel \d: got -?\d+, expected -?\d+.*" + WHEN,
    ),
    "conv_core": Fault(
        "rtl/conv/cmac_cell.v", "exists_2 ? total : 19'd0", "exists_2 ? total ^ (&total[2:0]) : 19'd0",
        "random_layers", rf"cacc2sdp, {CELL}{LANE}{WHEN}",
    ),
    "csb": Fault(
        "rtl/csb/dla_regs.v", "assign ram_addr     = {dual && producer, word};", "assign ram_addr     = {1'b0, word};",
        "layers$", rf"\w+\.\w+ \(0x[0-9a-f]+\) of group [01]: {WORD}{WHEN}",
    ),
    "csc": Fault(
        "rtl/conv/csc_wt.v", "narrow && (!last_k || op_kernels[0])", "narrow && !last_k",
        "random_layers", r"wt_sel, next kernel( with its upper lanes)?: got \d, expected \d" + WHEN
        + rf"|wt_data of kernel \d, atom \d+ \(number 0 of its operation\), {LANE}{WHEN}"
        + r"|kernels of the weight set, atom \d+ .*: got \d, expected \d" + WHEN,
    ),
    "cube_fetch": Fault(
        "rtl/lib/dla_cube_fetch.v", "else if (pop && !req_fire) used", "else if (pop) used",
        "places_at",
        rf"rd_req, requests until the buffer is full, level \d+ of \d+, .*: got \d+, expected \d+{WHEN}",
    ),
    "dbb2axi": Fault(
        "rtl/soc/dla_axi_read.v", "assign dbb_rdata   = rdata;", "assign dbb_rdata   = rdata ^ 64'd256;",
        "traffic", rf"read data of id \d+, beat \d+, byte 1: got \d+, expected \d+{WHEN}",
    ),
    "glb": Fault(
        "rtl/csb/glb.v", "(set | (status & ~clear))", "((set | status) & ~clear)",
        "set_wins", rf"GLB\.S_INTR_STATUS \(0x0100c\): {WORD}{WHEN}",
    ),
    "mcif": Fault(
        "rtl/mcif/mcif_arbiter.v", "begun   <= !keep", "begun   <= 1'b0",
        "test_weights", r"(rd|wr) arbiter, client granted: got \w+, expected \w+" + WHEN,
    ),
    "pdp": Fault(
        "rtl/pdp/pdp_combine.v", "sum[WIDTH] ? b : a", "sum[WIDTH] ? a : b",
        "paddings/.*MAX", rf"writes, {CELL}{LANE}{WHEN}",
    ),
    "pingpong": Fault(
        "rtl/csb/dla_pingpong.v", "!done && !done_d", "!done",
        "back_to_back", rf"op_en \(inputs .*done=0\): got 0x1, expected 0x0{WHEN}",
    ),
    "registers": Fault(
        "rtl/csb/NV_NVDLA_apb2csb.v", "prdata = nvdla2csb_data", "prdata = nvdla2csb_data ^ 32'd4",
        "storage/bus=apb", rf"\w+\.\w+ \(0x[0-9a-f]+\)( of group [01])?: {WORD}{WHEN}",
    ),
    "reset_guard": Fault(
        "rtl/mcif/dla_reset_guard.v", "{mem_rid, mem_rlast, mem_rdata};", "{mem_rid, mem_rlast, mem_rdata ^ 64'd256};",
        "test_", rf"\w+_rd_rsp, beat \d+, byte 1: got \d+, expected \d+{WHEN}",
    ),
    "sdp": Fault(
        "rtl/sdp/sdp_cvt_lane.v", "{minus, {7{!minus}}} : rounded", "{minus, {7{minus}}} : rounded",
        "converter_saturation", rf"writes, {CELL}{LANE}{WHEN}",
    ),
}  # fmt: skip
"""A fault for each block, but for agents, which has no RTL of the accelerator."""


CHIP = Fault(
    "rtl/pdp/pdp_combine.v", "sum[WIDTH] ? b : a", "sum[WIDTH] ? a : b",
    "", r"layer conv0: image0/\w+, channel \d+, line \d+, column \d+: expected -?\d+, got -?\d+ "
    r"\(\d+ of \d+ bytes differ\) \(seen after cycle [\d,]+\)$",
)  # fmt: skip
"""A fault of the chip, which LeNet-5 finds, under Verilator."""


@contextmanager
def broken(fault: Change) -> Iterator[None]:
    """The project is a copy with the fault in it meanwhile, and so is the folder of everything generated."""
    source = project.root()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for part in ("rtl", "tb"):
            shutil.copytree(source / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        fault.apply(root)
        with environment({"COCODLA_ROOT": folder, project.BUILD: str(root / "build")}):
            yield


def first_failure(block: str, fault: Fault | KindOfFault, sim: str = "icarus") -> tuple[str, list[object]]:
    """What the bench says of the fault first, and the words of the command that repeats it; "" if it finds nothing."""
    with broken(fault):
        outcome = bench.run_bench(block, sim, fault.test, seed=1)
        for run in outcome.runs.values():
            for result in run.results:
                if result.status == "failed":
                    return tell(result), repeat(outcome, result)
        return "; ".join(run.error for run in outcome.runs.values()), []


def chip_failure() -> str:
    """What LeNet-5 on the broken chip says first."""
    digits = datasets.digits([], 1, seed=1)
    with broken(CHIP):
        run = verify_network(zoo.lenet5(), digits.images, digits.labels, rtl.Simulation(seed=1))
    return str(run.first_mismatch)


@dataclass(frozen=True)
class KindOfFault(Change):
    """A fault that plain random layers do not see, and the test that finds it (see fault_kinds.toml)."""

    kind: str
    block: str
    test: str
    sim: str = "icarus"


def kinds_of_faults() -> list[KindOfFault]:
    """All of fault_kinds.toml."""
    described = read_toml(Path(__file__).with_name("fault_kinds.toml"))
    return [KindOfFault(**fault) for fault in described["fault"]]


def kinds(word: str = "") -> None:
    """Plant those of a block or kind (no word: all), a line each; exit status 1 if one is not found."""
    missed = 0
    for fault in kinds_of_faults():
        if word in fault.kind or word == fault.block:
            line, _ = first_failure(fault.block, fault, fault.sim)
            missed += not line
            print(f"{fault.kind}, {fault.block}, {fault.file}: {line or 'NOT FOUND'}", flush=True)
    sys.exit(f"not found: {missed}" if missed else 0)


def main() -> None:
    if sys.argv[1:2] == ["kinds"]:
        kinds(*sys.argv[2:3])
    wrong = []
    for block in sys.argv[1:] or [*FAULTS, "chip"]:
        if block == "chip":
            line = chip_failure()
            good = re.match(CHIP.says, line) is not None
        else:
            line, again = first_failure(block, FAULTS[block])
            good = re.match(FAULTS[block].says, line) is not None and "--waves" in again
        wrong += [] if good else [block]
        print(f"{block}: {'' if good else 'WRONG: '}{line}", flush=True)
    sys.exit(f"not as promised: {', '.join(wrong)}" if wrong else 0)


if __name__ == "__main__":
    main()

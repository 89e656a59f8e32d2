"""Faults that proofs must find: rtl/*/formal/faults.toml, one for each rule at least.

    [[fault]]
    module = "dla_fifo"                # whose proof
    rule   = "1"                       # that must be broken; "": any
    file   = "rtl/lib/dla_fifo.v"      # optional, from the project's root: the module's own file without
    old    = "count < DEPTH"           # text that is there exactly once
    new    = "count <= DEPTH"
    depth  = 16                        # optional: cycles from reset to look at

A fault is tried with the asserts of its rule alone: that another one fails first says nothing about this one.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cocodla.errors import UserError
from cocodla.files.inputs import read_toml
from cocodla.formal.proofs import Proof, Rule, Task, read_proof
from cocodla.formal.run import Outcome, run_task
from cocodla.sim import project

DEPTH = 16
_KEYS = {"module", "rule", "old", "new", "file", "depth"}


@dataclass(frozen=True)
class ProofFault:
    """A fault in the source `file` (from the project's root) that breaks `rule` of the proof of `module`."""

    module: str
    rule: str
    file: str
    old: str
    new: str
    depth: int

    @property
    def name(self) -> str:
        return f"{self.module}-{self.rule or 'any'}: {self.old.strip()} -> {self.new.strip()}"


def read_faults(rtl: Path | None = None) -> list[ProofFault]:
    """All faults, by folder. UserError for an entry with missing or unknown keys."""
    rtl = rtl or project.root() / "rtl"
    faults = []
    for file in sorted(rtl.glob("*/formal/faults.toml")):
        for entry in read_toml(file).get("fault", []):
            faults.append(_fault(file, entry))
    return faults


def _fault(file: Path, entry: dict[str, Any]) -> ProofFault:
    wrong = sorted(set(entry) - _KEYS) or sorted({"module", "rule", "old", "new"} - set(entry))
    if wrong:
        raise UserError(f"{file}: fault {entry.get('module', '?')}: key {wrong[0]!r} is unknown or missing")
    own = f"rtl/{file.parents[1].name}/{entry['module']}.v"
    return ProofFault(
        entry["module"], str(entry["rule"]), entry.get("file", own), entry["old"], entry["new"],
        int(entry.get("depth", DEPTH)),
    )  # fmt: skip


def try_fault(fault: ProofFault, folder: Path) -> Outcome:
    """Plant a fault in a copy of the RTL in `folder`, look for a counterexample. UserError: its text is not there."""
    root = Path(shutil.copytree(project.root() / "rtl", folder / "rtl")).parent
    plant(root, fault)
    proof = next(read_proof(path) for path in (root / "rtl").glob(f"*/formal/{fault.module}.sby"))
    if fault.rule:
        proof.rules_file.write_text(only_rule(proof, fault.rule), encoding="utf-8")
    task = next(task for task in proof.tasks if task.mode != "cover")
    text = proof.file.read_text(encoding="utf-8")
    for mode in ("prove", "bmc"):
        text = text.replace(f": mode {mode}", ": mode bmc")
        text = text.replace(f"{mode}: depth {task.depth}", f"{mode}: depth {max(task.depth, fault.depth)}")
    proof.file.write_text(text, encoding="utf-8")
    return run_task(proof, Task(task.name, "bmc", fault.depth), folder / "work")


def plant(root: Path, fault: ProofFault) -> None:
    """Change the source in the tree at `root`."""
    source = root / fault.file
    text = source.read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        raise UserError(f"{fault.name}: the text is in {fault.file} {text.count(fault.old)} times, not once")
    source.write_text(text.replace(fault.old, fault.new), encoding="utf-8")


def only_rule(proof: Proof, number: str) -> str:
    """The file of rules with the asserts of one rule alone."""
    text = proof.rules_file.read_text(encoding="utf-8")
    rules: list[Rule] = proof.rules()
    if number not in {rule.number for rule in rules}:
        raise UserError(f"{proof.rules_file}: there is no rule {number}")
    for rule in reversed(rules):
        if rule.number != number:
            text = f"{text[: rule.start]};{text[rule.end :]}"
    return text

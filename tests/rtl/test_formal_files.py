"""The files of proofs: every module of the library has one, every rule has a fault, the page lists them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cocodla.cli import app
from cocodla.errors import UserError
from cocodla.formal.faults import plant, read_faults
from cocodla.formal.proofs import find_proofs, read_proof, read_rules
from cocodla.report.formal import as_table
from cocodla.sim import project

ROOT = Path(__file__).resolve().parents[2]
RTL = ROOT / "rtl"


def test_every_module_of_the_library_has_a_proof() -> None:
    proven = [proof.module for proof in find_proofs() if proof.file.parents[1].name == "lib"]
    assert sorted(path.stem for path in (RTL / "lib").glob("*.v")) == sorted(proven)


def test_every_proof_is_in_its_module() -> None:
    for proof in find_proofs():
        if (proof.file.parents[1] / f"{proof.module}.v").exists():
            source = (proof.file.parents[1] / f"{proof.module}.v").read_text()
            assert f"`ifdef FORMAL_{proof.module.upper()}\n`include \"{proof.module}.vh\"" in source
        assert {task.mode for task in proof.tasks} >= {"cover"}, proof.module


def test_every_rule_has_a_fault() -> None:
    """In the library one fault a proof; everywhere else one for each rule."""
    there = {(fault.module, fault.rule) for fault in read_faults()}
    for proof in find_proofs():
        if (proof.module, "") in there:
            continue
        for number in {rule.number for rule in proof.rules() if rule.number}:
            assert (proof.module, number) in there, f"{proof.module}: no fault for rule {number}"


def test_every_fault_can_be_planted(tmp_path: Path) -> None:
    for fault in read_faults():
        target = tmp_path / fault.file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text((ROOT / fault.file).read_text())
        plant(tmp_path, fault)
        assert target.read_text() != (ROOT / fault.file).read_text()


def test_the_page_lists_what_is_there() -> None:
    assert as_table(find_proofs()) in (ROOT / "docs" / "formal.md").read_text(), "cocodla formal --list tells the table"


def test_rules_are_told_by_their_comments() -> None:
    text = "if (a) assert (b); // 3: words\nassert (\nc == (d)); // more\n// for the induction\nassert (e);\n"
    rules = list(read_rules(text))
    assert [(rule.number, rule.first, rule.last) for rule in rules] == [("3", 1, 1), ("3", 2, 3), ("", 5, 5)]
    assert rules[1].text == "assert ( c == (d));" and rules[0].words == "words"


def test_errors_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no proof 'dla_fif' \(is it dla_fifo"):
        find_proofs(["dla_fif"])
    bad = tmp_path / "x.sby"
    bad.write_text("# Proof.\n[tasks]\nall prove\n[options]\nprove: mode prove\n")
    with pytest.raises(UserError, match="options have no prove: depth"):
        read_proof(bad)
    for words in (["formal", "--only", "("], ["formal", "--only", "nothing"], ["formal", "nothing"]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 2, words


def test_list_is_the_table() -> None:
    result = CliRunner().invoke(app, ["formal", "--list", "--only", "mcif/"])
    assert result.exit_code == 0 and re.search(r"^\| mcif/mcif_read \|", result.output, re.MULTILINE)
    assert project.root() == ROOT

"""The text, the page and the JSON of a mismatch: short, bounded, all on their own, and names are text in them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from cocodla import datasets, zoo
from cocodla.formats.feature import CubeLayout
from cocodla.golden import run as run_golden
from cocodla.hw import ATOM
from cocodla.mismatch.layers import cube_addresses, layers_of
from cocodla.mismatch.study import Finding, study
from cocodla.program import CheckMemory, Execution, Observation
from cocodla.report.mismatch import files
from cocodla.report.mismatch.facts import facts, maps
from cocodla.report.mismatch.page import page
from cocodla.report.mismatch.text import text

MARKUP = '<script>alert("x")</script>&amp;'


def finding(number: int, change: int = 1) -> Finding:
    """LeNet-5 with one wrong byte in the tensor of a layer."""
    network = zoo.lenet5()
    program = network.program(datasets.digits([], 1, seed=1).images)
    golden = run_golden(program)
    checks = [index for index, command in enumerate(program) if isinstance(command, CheckMemory)]
    failed = Execution("RTL", list(golden.observations))
    place = next(n for n, seen in enumerate(failed.observations) if seen.index == checks[number])
    seen = failed.observations[place]
    data = bytearray(seen.data)
    data[9] ^= change
    failed.observations[place] = Observation(seen.index, seen.name, bytes(data))
    return study(program, f"layer {MARKUP}: wrong", failed, checks[number])


@pytest.mark.parametrize(("number", "kind"), [(0, "convolution with PDP"), (2, "convolution"), (4, "convolution")])
def test_a_wrong_byte_is_explained(number: int, kind: str) -> None:
    found = finding(number)
    assert found.layer is not None and found.layer.kind == kind
    assert found.patterns[0] == "a single element differs"
    assert found.explanation is not None
    steps = {step.what.split(":")[0].split(",")[0]: step for step in found.explanation.steps}
    assert "accumulator" in steps and "CACC" in steps
    assert steps["in memory"].differs
    inputs, weights = (np.array(table.rows) for table in found.explanation.tables[-2:])
    assert int((inputs * weights).sum()) == steps["accumulator"].expected


def test_the_text_is_read_in_a_minute() -> None:
    lines = text(facts(finding(0))).splitlines()
    assert len(lines) < 70 and all(len(line) < 200 for line in lines)


def test_names_are_text_in_the_page() -> None:
    html = page(facts(finding(0)))
    assert MARKUP not in html and "<script" not in html
    assert "&lt;script&gt;" in html
    assert not re.search(r"https?:|@import|url\(", html)
    assert "default-src 'none'" in html


def test_three_files_are_written(tmp_path: Path) -> None:
    path = files.write(finding(2), tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["mismatch.html", "mismatch.json", "mismatch.txt"]
    assert json.loads((tmp_path / "mismatch.json").read_text())["format"] == "cocodla mismatch 1"
    assert path.name == "mismatch.txt"


def test_huge_tensors_give_small_files() -> None:
    """Everything wrong in a cube of millions: maps and lists are cut."""
    expected = np.zeros((512, 300, 300), np.int8)
    found = Finding("huge", expected=expected, got=expected + 1)
    drawn = maps(found.expected, found.got)
    assert len(drawn) == 16 and all(len(one["cells"]) <= 64 and len(one["cells"][0]) <= 64 for one in drawn)
    values = facts(found)
    assert len(values["wrong"]) == 64 and len(page(values)) < 10_000_000 and len(text(values)) < 10_000


def test_addresses_of_a_cube_with_gaps() -> None:
    program = zoo.lenet5().program(datasets.digits([], 1, seed=1).images)
    layer = layers_of(program)[0]
    addresses = layer.addresses()
    assert len(addresses) == layer.layout.surfaces * layer.layout.height * layer.layout.width
    layout = CubeLayout(3, 2, 20, 32, 128)
    places = [layout.offset(ATOM * s, y, x) for s in range(3) for y in range(2) for x in range(3)]
    assert (cube_addresses(4096, layout) - 4096).tolist() == places

"""Kept runs: what is written is read again; what is missing, damaged or something else is one line."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cocodla.errors import UserError
from cocodla.program.activity import read_activity
from cocodla.runtime.recording import keep, load
from cocodla.sim import project
from cocodla.sim.folders import KEEP_RUNS

from .recorded import MARKUP, made

HEAD = b"cocodla activity 1\ncycles 100\nwindow 64\nwindows 2\ninterface a b c\nunit u - v w\n\n"
COUNTS = np.array([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [36, 0, 0, 0, 0, 0, 0, 0, 0, 36]], np.uint32)


@pytest.fixture(autouse=True)
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(project.BUILD, str(tmp_path / "build"))


def test_activity_is_read(tmp_path: Path) -> None:
    """State 0 is what is left of a window; the last window is a short one."""
    path = tmp_path / "activity.bin"
    path.write_bytes(HEAD + COUNTS.tobytes())
    activity = read_activity(path)
    assert activity.lengths.tolist() == [64, 36] and activity.cycles == 100
    assert activity.interface_counts.tolist() == [[[58, 1, 2, 3]], [[0, 36, 0, 0]]]
    assert activity.unit_counts[0, 0].tolist() == [15, 4, 5, 6, 7, 8, 9, 10]
    assert [activity.units[0].waits_for(state) for state in (4, 5, 6, 7)] == ["memory", "-", "v", "w"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no activity of a run"),
        (b"PK\3\4", "no activity of a run"),
        (HEAD, "are not the 2 windows"),
        (HEAD[:-1], "are not the 2 windows"),
        (HEAD + COUNTS.tobytes()[:-1], "are not the 2 windows"),
        (HEAD + COUNTS.tobytes() + b"x", "are not the 2 windows"),
        (HEAD.replace(b"windows 2", b"windows 999999") + COUNTS.tobytes(), "are not the 999999 windows"),
        (HEAD.replace(b"unit u", b"thing u") + COUNTS.tobytes(), "neither an interface nor a unit"),
        (HEAD + (COUNTS + 20).tobytes(), "do not add up"),
        (HEAD.replace(b"cycles 100", b"cycles 10") + COUNTS.tobytes(), "do not add up"),
    ],
)
def test_damaged_activity_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "activity.bin"
    path.write_bytes(data)
    with pytest.raises(UserError, match=words) as error:
        read_activity(path)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_a_run_is_kept_as_it_is() -> None:
    """Also one whose names look like markup and folders."""
    run = made((MARKUP, "../../x"), name=f"../{MARKUP}")
    folder = keep(run)
    assert folder.parent == project.build() / "reports"
    again = load(folder)
    assert again.record == run.record
    assert np.array_equal(again.activity.unit_counts, run.activity.unit_counts)
    assert np.array_equal(again.activity.interface_counts, run.activity.interface_counts)


def test_the_newest_runs_of_a_name_stay() -> None:
    """Runs of other names are left alone."""
    other = keep(made(name="net-verilator"))
    folders = [keep(made()) for _ in range(KEEP_RUNS + 2)]
    assert [folder.exists() for folder in folders] == [False, False, *[True] * KEEP_RUNS]
    assert other.exists() and len(set(folders)) == KEEP_RUNS + 2


def rewritten(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Damage to the record."""

    def damage(folder: Path) -> None:
        path = folder / "record.json"
        record = json.loads(path.read_text())
        change(record)
        path.write_text(json.dumps(record))

    return damage


def replaced(**arrays: np.ndarray) -> Callable[[Path], object]:
    """Damage to the counts."""

    def damage(folder: Path) -> None:
        path = folder / "activity.npz"
        with np.load(path) as file:
            values = {**file, **arrays}
        buffer = io.BytesIO()
        np.savez(buffer, **values)
        path.write_bytes(buffer.getvalue())

    return damage


DAMAGES = {
    "no record": lambda folder: (folder / "record.json").unlink(),
    "no counts": lambda folder: (folder / "activity.npz").unlink(),
    "cut record": lambda folder: (folder / "record.json").write_text((folder / "record.json").read_text()[:300]),
    "cut counts": lambda folder: (folder / "activity.npz").write_bytes((folder / "activity.npz").read_bytes()[:200]),
    "empty": lambda folder: (folder / "record.json").write_text(""),
    "other JSON": lambda folder: (folder / "record.json").write_text('{"layers": []}'),
    "list": lambda folder: (folder / "record.json").write_text("[1, 2]"),
    "NaN": lambda folder: (folder / "record.json").write_text('{"cycles": NaN}'),
    "format": rewritten(lambda record: record.update(format="cocodla run 99")),
    "text for a number": rewritten(lambda record: record.update(cycles="many")),
    "other cycles": rewritten(lambda record: record.update(cycles=record["cycles"] + 1)),
    "no images": rewritten(lambda record: record.update(images=0)),
    "unknown layer": rewritten(lambda record: record["spans"][0].update(layer="third")),
    "two of a name": rewritten(lambda record: record["layers"].append(record["layers"][0])),
    "ends before it begins": rewritten(lambda record: record["spans"][0].update(end=-1)),
    "beyond the end": rewritten(lambda record: record["spans"][0].update(end=10**12)),
    "negative bytes": rewritten(lambda record: record["spans"][0].update(read_beats=-5)),
    "no waits": rewritten(lambda record: record["units"][0].update(waits=["a"])),
    "fewer units": rewritten(lambda record: record["units"].pop()),
    "stages": rewritten(lambda record: record.update(stages=[5, 2])),
    "negative work": rewritten(lambda record: record["layers"][0].update(macs=-1)),
    "no such memory": rewritten(lambda record: record["memory"].update(ar_every=0)),
    "float counts": replaced(units=np.ones((10, 2, 8))),
    "other counts": replaced(lengths=np.full(10, 65)),
    "flat counts": replaced(units=np.zeros(5, np.int64)),
    "negative counts": replaced(lengths=np.array([-64, *[64] * 9])),
    "no windows": replaced(lengths=np.zeros(0, np.int64)),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_run_is_one_line(name: str) -> None:
    folder = keep(made())
    DAMAGES[name](folder)
    with pytest.raises(UserError) as error:
        load(folder)
    assert str(error.value).startswith(str(folder)) and "\n" not in str(error.value)


def test_no_run_at_all(tmp_path: Path) -> None:
    for place in (tmp_path / "missing", tmp_path):
        with pytest.raises(UserError, match=r"no such folder|no run that was recorded"):
            load(place)

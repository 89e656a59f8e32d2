"""File lists of others: circles, endless and odd entries, and names that a shell would take apart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.program import Program
from cocodla.runtime import rtl
from cocodla.sim import build, project
from cocodla.sim.filelist import read_file_list


def write(folder: Path, **lists: str) -> Path:
    for name, text in lists.items():
        (folder / f"{name}.f").write_text(text)
    return folder / "a.f"


@pytest.mark.parametrize(("lists", "words"), [
    ({"a": "-f a.f"}, r"a\.f:1: file list .* includes itself"),
    ({"a": "-f sub/../a.f"}, r"a\.f:1: file list .* includes itself"),
    ({"a": "-f link.f"}, r"a\.f:1: file list .*link\.f includes itself"),
    ({"a": "-f b.f", "b": "\n-f c.f", "c": "-f b.f"}, r"c\.f:1: file list .*b\.f includes itself"),
    ({"a": "-f b.f\n" * 300, "b": "-f c.f\n" * 300, "c": ""}, r"b\.f:\d+: file lists of more than 20,000 lines"),
    ({f"{'a' if n == 0 else n}": f"-f {n + 1}.f" for n in range(80)}, r"49\.f:1: .* more than 50 deep"),
    ({"a": "-f /dev/zero"}, r"a\.f:1: file list /dev/zero: is a device"), ({"a": "/dev/zero"}, r"a\.f:1: .*a device"),
    ({"a": "pipe"}, r"a\.f:1: .*a pipe"), ({"a": "-f pipe"}, r"a\.f:1: .*a pipe"),
    ({"a": "sub"}, r"a\.f:1: .*a folder"), ({"a": "-f sub"}, r"a\.f:1: .*a folder"),
    ({"a": "huge.v"}, r"a\.f:1: .*huge\.v: 1,099,511,627,776 bytes; at most"),
    ({"a": "-f huge.v"}, r"a\.f:1: .*1,099,511,627,776 bytes; at most"),
    ({"a": "x" * 5000}, r"a\.f:1: file x{80} does not exist"),
    ({"a": "+incdir+" + "x" * 5000}, r"a\.f:1: include folder x{80} does not exist"),
    ({"a": "-f " + "x" * 5000}, r"a\.f:1: .*cannot be read"), ({"a": "\0"}, r"a\.f:1: .*'\\x00'"),
    ({"a": "$NOT_SET/x.v"}, r"a\.f:1: the environment has no variable NOT_SET"),
    ({"a": "${NOT_SET}x.v"}, r"a\.f:1: the environment has no variable NOT_SET"),
    ({"a": "$ODD"}, r"a\.f:1: .* simulators take no '\$' in a name"),
    ({"a": 'a"b.v'}, r"a\.f:1: a quote is not closed"),
    ({"a": "$EMPTY"}, r"a\.f:1: file without a name"),
    ({"a": "+define+1x=3"}, r"a\.f:1: \+define\+ of '1x=3'"),
    ({"a": "+define+=3"}, r"a\.f:1: \+define\+ without a name"),
])  # fmt: skip
def test_what_is_refused(lists: dict[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODD", "$(touch x)")
    monkeypatch.setenv("EMPTY", "")
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.f").symlink_to("a.f")
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge.v").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UserError, match=words) as caught:
        read_file_list(write(tmp_path, **lists))
    assert "\n" not in str(caught.value)


def test_a_list_that_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "b.f").write_bytes(b"\xff\xfe")
    for name, words in (("pipe", "a pipe"), ("no.f", "does not exist"), ("b.f", "cannot be read"), (".", "a folder")):
        with pytest.raises(UserError, match=words):
            read_file_list(tmp_path / name)


def test_variables_and_lists_that_come_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", str(tmp_path))
    for name in ("x.v", "y z.v"):
        (tmp_path / name).touch()
    found = read_file_list(write(tmp_path, a="$HERE/x.v\n-f b.f\n-f b.f\n+define+A=$HERE+B=$(x)\n", b="${HERE}/y z.v"))
    assert [path.name for path in found.sources] == ["x.v", "y z.v", "y z.v"]
    assert found.defines == {"A": str(tmp_path), "B": "$(x)"}


def test_an_include_folder_of_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "MOST_ENTRIES", 10)
    for number in range(11):
        (tmp_path / f"{number}.txt").touch()
    (tmp_path / "x.v").touch()
    listed = read_file_list(write(tmp_path, a="x.v\n+incdir+.\n"))
    with pytest.raises(UserError, match=r"include folder .*more than 10 files"):
        build.cache_key(build.Design("x", "x", tuple(listed.sources), tuple(listed.includes)), "verilator", False)


def test_names_for_a_shell_on_icarus(tmp_path: Path) -> None:
    """Blanks, quotes, semicolons and what a define holds reach the simulator as they are."""
    folder = tmp_path / "it's; touch made #1 &"
    folder.mkdir()
    standin = project.root() / "tb" / "hdl" / "standin"
    (folder / "NV nvdla.v").write_bytes((standin / "NV_nvdla.v").read_bytes())
    (folder / "dla_fifo.v").write_bytes((project.root() / "rtl" / "lib" / "dla_fifo.v").read_bytes())
    (folder / "files.f").write_text("dla_fifo.v\nNV nvdla.v\n\"+define+X=$(touch made)+Y='; touch made\"\n")
    execution = rtl.run(Program(), rtl.Simulation(sim="icarus", file_list=folder / "files.f", seed=1))
    assert execution.failures == []
    assert not list(tmp_path.rglob("made")) and not (project.root() / "made").exists()

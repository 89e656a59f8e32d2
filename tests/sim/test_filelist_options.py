"""Options of file lists as simulators take them, and lists that are damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from cocodla.errors import UserError
from cocodla.sim.filelist import FileList, read_file_list


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("inc", "more inc", "lib", "sub/own", "sub/deep/lists"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("a.v", "b.vlib", "c.strange", "lib/d.vlib", "e f.v", "sub/a.v", "sub/own/g.v"):
        (tmp_path / name).write_text(f"module {Path(name).stem.replace(' ', '_')};\nendmodule\n")
    return tmp_path


def read(tree: Path, text: str, **others: str) -> FileList:
    for name, other in others.items():
        (tree / "sub" / f"{name}.f").write_text(other)
    (tree / "top.f").write_text(text)
    return read_file_list(tree / "top.f")


def names(found: FileList, tree: Path) -> list[str]:
    return [str(path.relative_to(tree)) for path in found.sources]


def test_what_names_files(tree: Path) -> None:
    found = read(tree, '-Iinc -I "more inc" +incdir+inc+lib\n-y lib -v b.vlib +libext+.v+.vlib -Y .sv\na.v c.strange\n')
    assert [path.name for path in found.includes] == ["inc", "more inc", "inc", "lib"]
    assert [path.name for path in found.libraries] == ["lib"] and [p.name for p in found.library_files] == ["b.vlib"]
    assert found.extensions == [".v", ".vlib", ".sv"]
    with pytest.raises(UserError, match=r"top\.f:1: file e does not exist"):
        read(tree, "a.v c.strange e f.v\n")
    assert names(read(tree, "e f.v // with a blank\n'a.v'\n".replace("'", '"')), tree) == ["e f.v", "a.v"]


def test_macros(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPTH", "7")
    found = read(tree, '-D A -DB=2 +define+C=$DEPTH+D=$(NONE)+E="two words" -D "F=x y" -D G -U G -define H=\\"q\\"\n')
    assert found.defines == {"A": "1", "B": "2", "C": "7", "D": "$(NONE)", "E": "two words", "F": "x y", "H": '"q"'}


def test_comments_and_lines(tree: Path) -> None:
    found = read(tree, "/* a.v\n b.vlib */ a.v # not c.strange\n// sub/a.v\n  sub//own/g.v \\\n  c.strange\r\n")
    assert names(found, tree) == ["a.v", "sub/own/g.v", "c.strange"]


def test_what_names_of_lists_inside_are_relative_to(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """-f: to what the list around it is relative to; -F: to their own folder. Then elsewhere, if nothing is there."""
    assert names(read(tree, "-f sub/x.f", x="a.v\nown/g.v\n"), tree) == ["a.v", "sub/own/g.v"]
    assert names(read(tree, "-F sub/x.f", x="a.v\nown/g.v\n"), tree) == ["sub/a.v", "sub/own/g.v"]
    assert names(read(tree, "-F sub/x.f", x="-f y.f\n", y="a.v\n"), tree) == ["sub/a.v"]
    (tree / "sub" / "deep" / "lists" / "z.f").write_text("sub/own/g.v\n")
    assert names(read_file_list(tree / "sub" / "deep" / "lists" / "z.f"), tree) == ["sub/own/g.v"]
    monkeypatch.setenv("HERE", str(tree))
    for form in ("$HERE", "${HERE}", "$(HERE)"):
        assert names(read(tree, f"{form}/sub/a.v"), tree) == ["sub/a.v"]


def test_what_is_passed_over(tree: Path) -> None:
    text = "--top-module NV_nvdla -Wno-fatal -Wno-WIDTH -Wall --timescale 1ns/1ps -sverilog +v2k +notimingcheck\n"
    text += "-timescale=1ns/1ns +systemverilogext+.sv +librescan +nospecify --timing -O3 --x-assign fast -full64\n"
    text += "-l out.log -o simv --lint-only a.v\n"
    found = read(tree, text)
    assert names(found, tree) == ["a.v"] and not found.defines


def test_where_a_module_is(tree: Path) -> None:
    found = read(tree, "a.v\n-y lib\n-v b.vlib\n+libext+.vlib\n")
    places = [found.find_module(name) for name in ("a", "b", "d", "e")]
    assert places == [(tree / "a.v", 1), (tree / "b.vlib", 1), (tree / "lib" / "d.vlib", 1), None]


@pytest.mark.parametrize(("text", "words"), [
    ("\n-y none", r"top\.f:2: library folder none does not exist"),
    ("-v none.v", r"top\.f:1: library file none\.v does not"),
    ("-I a.v", r"top\.f:1: include folder a\.v is no folder"), ("a.v\n\n-v", r"top\.f:3: -v without what it takes"),
    ("a.v -f", r"top\.f:1: -f without what it takes"), ("\n/* a.v\n", r"top\.f:2: a comment is not closed"),
    ('a.v\n"a.v\n', r"top\.f:2: a quote is not closed"), ('""', r"top\.f:1: file without a name"),
    ("+incdr+inc", r"top\.f:1: unknown option '\+incdr\+inc'; is it \+incdir\+\?"),
    ("-GWIDTH=3", r"top\.f:1: '-GWIDTH=3' sets a parameter: DUT_PARAMETERS"), ("-D", r"top\.f:1: -D without what"),
    ("-D 1x", r"of '1x', which is no NAME=value"),
    ("-F sub/x.f", r"sub/x\.f:2: file none\.v does not exist \(looked for in \S*sub and \d+ more\)"),
])  # fmt: skip
def test_damaged_lists(text: str, words: str, tree: Path) -> None:
    with pytest.raises(UserError, match=words) as caught:
        read(tree, text, x="own/g.v\nnone.v\n")
    assert "\n" not in str(caught.value)

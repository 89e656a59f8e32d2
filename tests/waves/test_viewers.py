"""Files for viewers: they name what is in the dump, and say which layer is at work where."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import complaint, invoke
from tests.waves.dump_writer import write_cycles
from tests.waves.save_file import read_commands, read_save

from cocodla import zoo
from cocodla.program import Mark, Program, WaitInterrupt
from cocodla.runtime import layer_texts, rtl
from cocodla.sim import bench, tools
from cocodla.sim.waves import Waves, opening
from cocodla.stimulus.program import PIECES, random_program
from cocodla.waves.choice import known_interfaces
from cocodla.waves.clock import Clock
from cocodla.waves.declared import _path, declared_names
from cocodla.waves.dump import Dump
from cocodla.waves.interfaces import load_description, own_file
from cocodla.waves.texts import named_values, state_names, write_texts
from cocodla.waves.viewer.beside import write_view
from cocodla.waves.viewer.gtkwave import save_file
from cocodla.waves.viewer.rows import Group, Row
from cocodla.waves.viewer.surfer import mnemonic_files

OWN = load_description(own_file())
fst = pytest.mark.skipif(not tools.has_fst_headers(), reason="no headers of lz4 and zlib")


def check_files(dump: Path) -> tuple[Dump, set[str]]:
    """What lies beside a dump names signals of it and filters that are there; the labels of the save file."""
    opened = Dump(dump)
    names = set(declared_names(dump).values())
    rows = read_save(dump.with_suffix(".gtkw"))
    assert rows
    for row in rows:
        assert set(row.signals) <= names, row
        if row.filter:
            lines = row.filter.read_text(encoding="utf-8").splitlines()
            assert lines and all(line.partition(" ")[0].isdigit() for line in lines)
    mnemonics = {path.name for path in (dump.with_suffix(".view") / "mnemonic").iterdir()}
    for path, form in read_commands(dump.with_suffix(".sucl")):
        assert path in opened.variables and (not form or form in mnemonics)
    return opened, {row.label for row in rows}


@pytest.fixture(scope="module")
def lenet() -> tuple[Program, rtl.Execution]:
    pictures = np.random.default_rng(2).integers(0, 256, (2, 1, 28, 28), dtype=np.uint8)
    program = zoo.lenet5().program(pictures)
    return program, rtl.run(program, rtl.Simulation(seed=1, waves=Waves(), run_name="viewers"))


@fst
def test_the_whole_chip(lenet: tuple[Program, rtl.Execution]) -> None:
    """Every interface survives what waveforms of the whole chip leave out, with all its signals, and has its rows."""
    execution = lenet[1]
    assert execution.passed and execution.waves
    dump, labels = check_files(execution.waves)
    known = declared_names(execution.waves)
    shown = {name for row in read_save(execution.waves.with_suffix(".gtkw")) for name in row.signals}
    described, _, notes = known_interfaces(dump, OWN)
    assert not notes and len(described) == len(OWN.interfaces)
    for found, wanted in zip(described, OWN.interfaces, strict=True):
        assert len(found.signals) == len(wanted.signals), found.name
        assert f"{wanted.name}: {wanted.sender} > {wanted.receiver}" in labels
        names = {known[path] for path in found.signals if path not in (found.clock, found.reset)}
        assert names <= shown, wanted.name
    unused = {"pdp_rdma", "cdp", "cdp_rdma"}
    assert {"dla_core_clk", "rst_n", "dla_intr", "position", *layer_texts.ROWS.values()} - unused <= labels
    assert {state.replace(".", "/") for state in OWN.states} <= labels
    assert opening(execution.waves).endswith(".gtkw")


@fst
def test_states_in_the_dump_are_the_described_ones(lenet: tuple[Program, rtl.Execution]) -> None:
    assert lenet[1].waves
    found = state_names(Dump(lenet[1].waves))
    for path, names in OWN.states.items():
        assert found[f"sim_top.u_dla.{path}"] == dict(enumerate(names))


@fst
def test_the_layer_at_work(lenet: tuple[Program, rtl.Execution]) -> None:
    """A few cycles before the interrupt of a layer its last unit works on it, and afterwards no longer."""
    program, execution = lenet
    assert execution.waves
    dump = Dump(execution.waves)
    texts = named_values(dump)
    paths = {unit: f"sim_top.u_layers.{unit}" for unit in ("sdp", "pdp")}
    clock_path = "sim_top.u_dla.dla_core_clk"
    changes = dump.read([dump.variables[path] for path in (clock_path, *paths.values())])
    clock = Clock.of(clock_path, changes[dump.variables[clock_path].key])
    sampled = {unit: clock.sample(changes[dump.variables[path].key]) for unit, path in paths.items()}
    begin = int(np.searchsorted(clock.edges, 385_000))  # the edge of cycle 0
    name = ""
    seen = []
    for event in execution.events:
        command = program.commands[event.index]
        if isinstance(command, Mark):
            name = f"{command.info.get('layer')} of image {command.info.get('image')}"
            units = command.info.get("units", ())
        elif isinstance(command, WaitInterrupt):
            unit = "pdp" if "PDP" in units else "sdp"
            text = {
                when: texts[paths[unit]][int(sampled[unit].at(np.array([begin + event.cycle + when]))[0])]
                for when in (-60, 5)
            }
            assert text[-60].startswith(f"{name} > ") and not text[5].startswith(name), (name, text)
            seen.append(name)
    assert len(set(seen)) == 10


@fst
@pytest.mark.parametrize("seed", [3, 4])
def test_layers_of_programs_without_units_in_their_marks(seed: int) -> None:
    """Each unit starts as many layers as the texts name."""
    program = random_program(seed, 6, PIECES, 8).program
    execution = rtl.run(program, rtl.Simulation(seed=seed, waves=Waves(), assertions=False, run_name="viewers"))
    assert execution.passed and execution.waves
    dump = Dump(execution.waves)
    rows = {path: names for path, names in named_values(dump).items() if ".u_layers." in path}
    assert len(rows) >= 5
    changes = dump.read([dump.variables[path] for path in rows])
    for path, names in rows.items():
        values = changes[dump.variables[path].key].values
        assert sorted(set(values.tolist())) == sorted(names), path
        assert all(text.startswith("layer ") for value, text in names.items() if value)


def test_numbers_for_programs_without_marks() -> None:
    from cocodla.program import WriteRegister
    from cocodla.registers import MAP

    enables = [MAP[f"{unit}.D_OP_ENABLE"].address for unit in ("SDP_RDMA", "SDP", "SDP_RDMA", "SDP")]
    texts = layer_texts.texts_of(Program([WriteRegister(address, 1) for address in enables]))
    assert texts["sim_top.u_layers.sdp"] == {0: "-", 1: "layer 1", 2: "layer 2"}


@pytest.mark.parametrize("sim", ["verilator", "icarus"])
def test_blocks_and_scopes(sim: str) -> None:
    """The dump of a block, of a part of it, and of a window."""
    if sim == "verilator" and not tools.has_fst_headers():
        pytest.skip("no headers of lz4 and zlib")
    for block, waves in (("pingpong", Waves()), ("glb", Waves(scopes=("u_intr",))), ("glb", Waves(5, 20))):
        (run,) = bench.run_bench(block, sim, seed=1, waves=waves).runs.values()
        assert run.waves
        _, labels = check_files(run.waves)
        assert "clk" in labels


def test_names_of_a_vcd(tmp_path: Path) -> None:
    """As GTKWave has them."""
    path = tmp_path / "odd.vcd"
    path.write_text(
        "$timescale 1ns $end $scope module top $end\n$var wire 29 ! addr [31:3] $end\n$var wire 1 \" bit [0:0] $end\n"
        "$var integer 32 # i [31:0] $end\n$var wire 70 $ wide $end\n$var\nreal 64 % volt $end\n"
        "$scope module u_a $end $var reg 1 ! \\odd{}name $end $upscope $end\n$upscope $end\n"
        "$enddefinitions $end\n#0\n0!\n"
    )
    assert declared_names(path) == {
        "top.addr": "top.addr[31:3]", "top.bit": "top.bit[0]", "top.i": "top.i", "top.wide": "top.wide[69:0]",
        "top.volt": "top.volt", "top.u_a.odd{}name": "top.u_a.\\odd{}name",
    }  # fmt: skip


def test_elements_of_arrays_in_a_vcd(tmp_path: Path) -> None:
    """Elements as Verilator writes them: each is known under the path that the reader of dumps gives it."""
    path = tmp_path / "d.vcd"
    path.write_text(
        "$timescale 1ps $end\n$scope module t $end\n"
        "$var wire 8 a mem[0] [7:0] $end\n$var wire 8 b mem[1] [7:0] $end\n"
        "$var wire 8 c two[0][2] [7:0] $end\n$var wire 8 d two[1][3] [7:0] $end\n$var wire 8 e plain [7:0] $end\n"
        "$upscope $end\n$enddefinitions $end\n#0\nb0 a\nb0 b\nb0 c\nb0 d\nb0 e\n#10\nb1 a\n"
    )
    known = declared_names(path)
    assert set(Dump(path).variables) == set(known)
    assert known["t.mem.[1]"] == "t.mem[1][7:0]" and known["t.two.[0].[2]"] == "t.two[0][2][7:0]"
    group = Group("all", [Row(name, (name,)) for name in (*known, "t.nowhere")])
    text = next(iter(save_file(tmp_path / "d.gtkw", path, [group], known, tmp_path).values()))
    assert "t.two[1][3][7:0]" in text and "t.nowhere" in text  # what is not declared keeps its path


@pytest.mark.parametrize(
    ("scopes", "name", "extent", "expected"),
    [
        ("t mem", "mem[3]", "[7:0]", "t.mem.[3]"),  # an FST of Verilator
        ("t two [0]", "two[0][2]", "[7:0]", "t.two.[0].[2]"),
        ("t bits", "bits", "[1]", "t.bits.[1]"),
        ("t", "mem[3]", "[7:0]", "t.mem.[3]"),  # a VCD
        ("t data", "data", "[7:0]", "t.data.data"),  # an instance with a port of its name
        ("t u_a", "wide", "[31:3]", "t.u_a.wide"),
        ("t", "\\odd[3]", "", "t.odd[3]"),
    ],
)
def test_paths_of_declared_signals(scopes: str, name: str, extent: str, expected: str) -> None:
    assert _path(tuple(scopes.split()), name, extent) == expected


def small(folder: Path) -> Path:
    rows = [{"s_valid": "1", "s_ready": str(n % 2), "s_data": f"{n:b}", "state": "1"} for n in range(9)]
    return write_cycles(folder / "a b.vcd", rows, {"s_data": 8, "state": 2})


def test_a_dump_of_ones_own(tmp_path: Path) -> None:
    """Written and told; texts beside the dump name values, whatever is in them."""
    dump = small(tmp_path)
    write_texts(dump, {"top.s_data": {3: "what? {a}\n?red?b", 4: 'say "x"; #1'}, "top.gone": {0: "nothing"}})
    done = invoke("waves", "view", dump, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        "gtkwave": str(dump.with_suffix(".gtkw")), "surfer": str(dump.with_suffix(".sucl")),
    }  # fmt: skip
    check_files(dump)
    (row,) = [row for row in read_save(dump.with_suffix(".gtkw")) if row.label == "s_data" and row.filter]
    assert row.filter and row.filter.read_text(encoding="utf-8").count("\n") == 2 and "?" not in row.filter.read_text()
    handshake = (dump.with_suffix(".view") / "handshake.txt").read_text(encoding="utf-8").splitlines()
    assert handshake[2] == "2 ?red?receiver stalls"


def test_bad_input(tmp_path: Path) -> None:
    dump = small(tmp_path)
    assert "a save file is called NAME.gtkw" in complaint("waves", "view", dump, "-o", tmp_path / "x.vcd")
    assert "its folder does not exist" in complaint("waves", "view", dump, "-o", tmp_path / "no" / "x.gtkw")
    assert "does not exist" in complaint("waves", "view", tmp_path / "none.fst")
    (tmp_path / "empty.fst").touch()
    assert "is empty" in complaint("waves", "view", tmp_path / "empty.fst")
    cut = tmp_path / "cut.vcd"
    cut.write_bytes(dump.read_bytes()[:-1])
    assert "cut off" in complaint("waves", "view", cut)
    texts = dump.with_suffix(".texts.json")
    form = '{"format": "cocodla texts 1", "signals": '
    for bad in ("{", "[]", '{"format": "x", "signals": {}}', form + '{"top.s_data": {"a": 1}}}', form + "[1]}"):
        texts.write_text(bad)
        assert f"{texts}: no texts of a dump" in complaint("waves", "view", dump)
    assert not list(tmp_path.glob("*.gtkw")) and not list(tmp_path.glob("*.sucl"))


@fst
def test_damaged_declarations(tmp_path: Path, lenet: tuple[Program, rtl.Execution]) -> None:
    """An FST whose hierarchy is cut, or says that it is huge, ends in one line."""
    assert lenet[1].waves
    data = lenet[1].waves.read_bytes()
    position = 0
    while data[position] not in (4, 6, 7):
        position += 1 + int.from_bytes(data[position + 1 : position + 9], "big")
    for change in ((position + 9, (1 << 60).to_bytes(8, "big")), (position + 40, bytes(range(200)))):
        path = tmp_path / "damaged.fst"
        path.write_bytes(data[: change[0]] + change[1] + data[change[0] + len(change[1]) :])
        assert str(path) in complaint("waves", "view", path)
        assert not path.with_suffix(".gtkw").exists()


@fst
def test_files_move_together(tmp_path: Path, lenet: tuple[Program, rtl.Execution]) -> None:
    """Written anew for a copy, they name the copy."""
    assert lenet[1].waves
    copy = tmp_path / "copy.fst"
    shutil.copy(lenet[1].waves, copy)
    write_view(copy, OWN)
    text = copy.with_suffix(".gtkw").read_text(encoding="utf-8")
    assert f'[dumpfile] "{copy}"' in text and str(lenet[1].waves) not in text


def test_names_of_several_lines(tmp_path: Path) -> None:
    """Labels come from descriptions of others; a line of their own would be a command to the viewer."""
    row = Row("late\n[dumpfile]", ("top.v", "top.r"), {1: 'two\nlines "?"'})
    groups = [Group("a\n@800200", (row, Row("s\n-x", ("top.v",), {1: 'two\nlines "'})))]
    files = save_file(tmp_path / "a.gtkw", tmp_path / "a.vcd", groups, {"top.v": "top.v", "top.r": "top.r"}, tmp_path)
    text = files[tmp_path / "a.gtkw"]
    assert "\n-a @800200\n" in text and "#{late [dumpfile]}" in text and "+{s -x}" in text
    assert all(text.count("\n") == 1 for path, text in files.items() if path.suffix == ".txt")
    (text,) = mnemonic_files(groups, {"top.v": 1}).values()
    assert text.splitlines()[2:] == ['1 "two lines \'"']

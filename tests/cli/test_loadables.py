"""Loadables on the command line: load, run, inspect; their results as JSON; what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from loadable.networks import chain, classifier
from loadable.test_half_inputs import halves
from PIL import Image

from cocodla.golden import run
from cocodla.loadable.records import Layout
from cocodla.nets.builder import Builder
from cocodla.program import Program, read_txn

from .conftest import complaint, invoke
from .test_manners import documented


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """A network with one input channel: data, out; its input and output as arrays beside it."""
    for seed in range(100):
        builder, given, expected = chain(seed)
        if given.shape[0] == 1 and len(builder.ops) > 2:
            break
    (tmp_path / "net.nvdla").write_bytes(builder.data())
    np.save(tmp_path / "in.npy", given[None])
    np.save(tmp_path / "out.npy", expected[None])
    return tmp_path / "net.nvdla"


def test_outputs_are_written_and_compared(net: Path) -> None:
    folder = net.parent
    for suffix in ("dimg", "npy", "npz", "bin", "txt"):
        done = invoke("run", net, "--input", folder / "in.npy", "-o", folder / f"found.{suffix}", "--json")
        assert done.exit_code == 0 and json.loads(done.stdout)["passed"], done.output
    expected = np.load(folder / "out.npy")
    np.testing.assert_array_equal(np.load(folder / "found.npy"), expected)
    np.testing.assert_array_equal(np.load(folder / "found.npz")["out"], expected)
    assert (folder / "found.dimg").read_bytes()[36:] == expected.tobytes()
    for name in ("found.dimg", "out.npy", "found.bin"):
        done = invoke("run", net, "--input", folder / "in.npy", "--expect", folder / name)
        assert done.exit_code == 0 and "PASS: output equal to" in done.stdout.replace("\n", " "), done.output


def test_what_differs_ends_with_status_1(net: Path) -> None:
    wrong = np.load(net.parent / "out.npy")
    wrong[0, -1, 0, 0] ^= 1
    np.save(net.parent / "wrong.npy", wrong)
    done = invoke("run", net, "--input", net.parent / "in.npy", "--expect", net.parent / "wrong.npy")
    assert done.exit_code == 1 and "FAIL" in done.stdout
    assert f"channel {wrong.shape[1] - 1}, line 0, column 0: expected {wrong[0, -1, 0, 0]}" in done.stdout


def test_pictures_as_the_public_application_takes_them(net: Path) -> None:
    """A pixel p becomes floor(p * 127 / 255 + 0.5)."""
    shape = np.load(net.parent / "in.npy").shape[2:]
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    Image.fromarray(pixels).save(net.parent / "p.pgm")
    np.save(net.parent / "codes.npy", np.floor(pixels * 127.0 / 255 + 0.5).astype(np.int8)[None, None])
    for name in ("p.pgm", "codes.npy"):
        done = invoke("run", net, "--input", net.parent / name, "-o", net.parent / f"{name}.npz")
        assert done.exit_code == 0, done.output
    one, other = (np.load(net.parent / f"{name}.npz")["out"] for name in ("p.pgm", "codes.npy"))
    np.testing.assert_array_equal(one, other)


def test_colours_are_handed_over_as_blue_green_red(tmp_path: Path) -> None:
    builder, given, _ = next(found for found in map(chain, range(100)) if found[1].shape[0] == 3)
    (tmp_path / "net.nvdla").write_bytes(builder.data())
    pixels = np.random.default_rng(0).integers(0, 256, (*given.shape[1:], 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "p.png")
    np.save(tmp_path / "bgr.npy", pixels[:, :, ::-1].transpose(2, 0, 1)[None])
    for name in ("p.png", "bgr.npy"):
        done = invoke("run", tmp_path / "net.nvdla", "--input", tmp_path / name, "-o", tmp_path / f"{name}.bin")
        assert done.exit_code == 0, done.output
    assert (tmp_path / "p.png.bin").read_bytes() == (tmp_path / "bgr.npy.bin").read_bytes()


def test_programs_of_loadables_logs_and_networks(net: Path, compiled: Path, digits: Path) -> None:
    folder = net.parent
    done = invoke("load", net, "-o", folder / "net.program", "--input", folder / "in.npy", "--json")
    assert done.exit_code == 0 and list(json.loads(done.stdout)) == documented("load")
    program = Program.load(folder / "net.program")
    assert run(program).passed
    for source, target in (("net.program", "net.txn"), ("net.txn", "again.program")):
        assert invoke("load", folder / source, "-o", folder / target).exit_code == 0
    assert Program.load(folder / "again.program").commands == program.commands
    done = invoke("load", compiled, "--input", digits / "digits.npy", "--count", 2, "-o", folder / "lenet.txn")
    assert done.exit_code == 0 and run(read_txn(folder / "lenet.txn")).passed


def test_buffers_can_be_placed(net: Path) -> None:
    target = net.parent / "p.program"
    assert invoke("load", net, "-o", target, "--base-address", "0x1000", "--place", "1=0xc0000000").exit_code == 0
    assert "3221225472" in json.dumps([getattr(c, "address", 0) for c in Program.load(target)])


def test_tables_are_shown(net: Path, tmp_path: Path) -> None:
    done = invoke("inspect", net)
    for title in ("task 0: descriptors 0.12.3", "surfaces", "memory", "addresses", "tensors", "output out"):
        assert title in done.stdout
    facts = json.loads(invoke("inspect", net, "--json").stdout)
    assert set(documented("inspect LOADABLE")) == set(facts)
    kinds = [entry["kind"] for entry in facts["tasks"][0]["operations"]]
    assert kinds and set(kinds) <= {"convolution", "SDP", "PDP"}
    fused = [entry["behind"] for entry in facts["tasks"][0]["operations"] if entry["behind"] is not None]
    assert fused
    (tmp_path / "c.nvdla").write_bytes(classifier(Layout.OLD)[0].data())
    assert "task 1 on the CPU: softmax, 10 channels" in invoke("inspect", tmp_path / "c.nvdla").stdout


def test_what_does_not_fit_is_one_line(net: Path, compiled: Path) -> None:
    folder = net.parent
    np.save(folder / "float.npy", np.load(folder / "in.npy").astype(np.float32))
    np.save(folder / "small.npy", np.zeros((1, 1, 2, 2), np.int8))
    (folder / "short.bin").write_bytes(b"abc")
    given = ("--input", folder / "in.npy")
    log = folder / "log.txn"
    log.write_text("program {}\nmem_load 0 part.bin\nmem_load 64 ../outside.bin\n")
    for file in (folder / "part.bin", folder.parent / "outside.bin"):
        file.write_bytes(b"1234")
    for words, reason in (
        (("run", net), "takes an input: data (1 x "),
        (("run", net, "--input", folder / "float.npy"), "holds float32; pixels (uint8) or codes (int8)"),
        (("run", net, "--input", folder / "small.npy"), "the network takes N x 1"),
        (("run", net, "--input", folder / "short.bin"), "3 bytes, the buffer of input data has"),
        (("run", net, *given, "-o", folder / "o.csv"), "are written as .dimg, .npy, .npz, .bin, .txt"),
        (("run", net, *given, "--expect", folder / "small.npy"), "the network takes N x"),
        (("run", compiled, *given, "--expect", folder / "out.npy"), "is no loadable: --expect"),
        (("run", compiled, *given, "--mean", "1"), "is no loadable: --mean and --normalize do not"),
        (("load", compiled, *given, "-o", folder / "x.program", "--mean", "1"), "is no loadable: --mean and"),
        (("run", compiled), "--input is missing"),
        (("load", compiled, "-o", folder / "x.program"), "--input is missing"),
        (("load", net, "-o", folder / "x.program", "--place", "1:2"), "--place takes MEMORY=ADDRESS"),
        (("load", compiled, "-o", folder / "x.program", "--place", "1=2"), "is no loadable"),
        (("load", compiled, "-o", folder / "x.program", "--base-address", "0x1000"), "is no loadable"),
        (("load", log, "-o", folder / "x.program", "--count", "1"), "takes no input"),
        (("load", log, "-o", folder / "x.program", "--resize"), "takes no input"),
        (("load", log, "-o", folder / "part.txn"), "part.bin: belongs to no part.txn"),
        (("load", log, "-o", folder / "x.program"), "lies outside of"),
        (("run", net, *given, "-o", folder / "in.npy"), "is read as well"),
    ):
        assert reason in complaint(*words), words
    assert not (folder / "x.program").exists() and not (folder / "o.csv").exists()
    assert (folder / "part.bin").read_bytes() == b"1234"
    assert invoke("load", log, "-o", folder / "x.program", "--allow-outside").exit_code == 0


def test_damaged_files_leave_nothing_behind(net: Path) -> None:
    whole = net.read_bytes().rstrip(b"\0")
    for length in (9, 100, len(whole) // 2, len(whole) - 1):
        net.write_bytes(whole[:length])
        for words in (("inspect", net), ("run", net), ("load", net, "-o", net.parent / "x.program")):
            assert "net.nvdla: " in complaint(*words)
    assert not (net.parent / "x.program").exists()


def test_a_network_becomes_a_loadable(compiled: Path, digits: Path, tmp_path: Path) -> None:
    """Written, shown, and run with the same digits: the codes are those of the network."""
    target = tmp_path / "lenet.nvdla"
    done = invoke("export", compiled, "--loadable", target, "--json")
    assert done.exit_code == 0 and list(json.loads(done.stdout)) == documented("export --loadable")
    shown = invoke("inspect", target).stdout
    assert "task 0: descriptors 0.12.3" in shown and "checklist of the official drivers: kept" in shown
    assert invoke("load", target, "-o", tmp_path / "lenet.program").exit_code == 0
    given = ("--input", digits / "digits.npy", "--count", 3)
    assert invoke("run", target, *given, "-o", tmp_path / "codes.npy").exit_code == 0
    found = json.loads(invoke("run", compiled, *given, "--json").stdout)["outputs"][0]["images"]
    assert [int(entry.argmax()) for entry in np.load(tmp_path / "codes.npy")] == [entry["best"] for entry in found]


def test_pixels_of_inputs_in_half_precision(tmp_path: Path) -> None:
    """--mean and --normalize, of run and load; the elements as decimal text."""
    path, pixels = tmp_path / "half.nvdla", tmp_path / "x.npy"
    path.write_bytes(halves().data())
    np.save(pixels, np.full((19, 3, 4), 10, np.uint8))
    words = ("run", path, "--input", pixels, "--mean", "4", "--normalize", "2")
    assert invoke(*words, "-o", tmp_path / "out.txt").exit_code == 0
    assert (tmp_path / "out.txt").read_text().splitlines() == ["6.25 6.25 6.25 6.25"] * 57
    assert "output equal" in invoke(*words, "--expect", tmp_path / "out.txt").stdout
    for given, told in (
        (("run", path, "--input", pixels, "--mean", "x"), "--mean takes numbers between commas, not 'x'"),
        (("run", path, "--input", pixels, "--normalize", "0"), "no 0 to divide by"),
        (("run", path, "--input", pixels, "--mean", "1,2"), "mean has 2 numbers"),
        (("load", path, "--input", pixels, "--mean", "1,2", "-o", tmp_path / "x.program"), "mean has 2 numbers"),
    ):
        assert told in complaint(*given)
    assert not (tmp_path / "x.program").exists()


def test_what_the_official_target_costs_is_told(tmp_path: Path) -> None:
    """Cycles, noise, and what is done another way, against the same settings for a driver of ours."""
    Builder((8, 8, 8)).conv(4, (3, 3)).node("Sigmoid").save(tmp_path / "m.onnx")
    np.save(tmp_path / "v.npy", np.random.default_rng(1).normal(size=(4, 8, 8, 8)).astype(np.float32))
    model, values = tmp_path / "m.onnx", tmp_path / "v.npy"
    words = ("compile", model, "--calib", values, "--effort", "fast", "-o", tmp_path / "m.dla")
    done = invoke(*words, "--target", "official", "--json")
    cost = json.loads(done.stdout)["against_direct"]
    assert cost["cycles"][1] > cost["cycles"][0] > 100 and cost["moved"] == ["Sigmoid 'sigmoid1'"]
    assert 25 < cost["sqnr"][1] <= cost["sqnr"][0]
    assert "not on the host: Sigmoid 'sigmoid1'" in invoke(*words, "--target", "official").stdout
    assert "against_direct" not in json.loads(invoke(*words, "--json").stdout)


def test_what_the_public_application_does_not_fill_or_take_is_told(tmp_path: Path) -> None:
    builder = Builder((24, 8, 8))
    builder.conv(16, (3, 3)).node("Split", axis=1)
    builder.nodes[-1].output.append("half")
    model = builder.model()
    model.graph.output.append(model.graph.output[0])
    model.graph.output[-1].name = "half"
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    np.save(tmp_path / "v.npy", np.random.default_rng(1).normal(size=(4, 24, 8, 8)).astype(np.float32))
    words = ("--calib", tmp_path / "v.npy", "--effort", "fast", "--target", "official", "-o", tmp_path / "m.dla")
    assert invoke("compile", tmp_path / "m.onnx", *words).exit_code == 0
    told = invoke("export", tmp_path / "m.dla", "--loadable", tmp_path / "m.nvdla").output.replace("\n", " ")
    assert "inputs of at most 16 channels; this has 24" in told and "takes output 0 only, not half" in told


def test_what_cannot_be_a_loadable_leaves_no_file(compiled: Path, net: Path, tmp_path: Path) -> None:
    target = tmp_path / "no.nvdla"
    builder = Builder((8, 8, 8))
    builder.conv(4, (3, 3)).node("Softmax", axis=1).conv(4, (3, 3)).save(tmp_path / "m.onnx")
    np.save(tmp_path / "v.npy", np.random.default_rng(1).normal(size=(4, 8, 8, 8)).astype(np.float32))
    made = ("--effort", "fast", "--target", "official", "-o", tmp_path / "m.dla")
    assert invoke("compile", tmp_path / "m.onnx", "--calib", tmp_path / "v.npy", *made).exit_code == 0
    for words, reason in (
        (("export", compiled), "--loadable FILE is missing"),
        (("export", net, "--loadable", target), "not a compiled network"),
        (("export", compiled, "--loadable", target, "--c", tmp_path / "c"), "are two results: one at a time"),
        (("export", compiled, "--loadable", target, "--name", "x"), "--name belongs to --c"),
        (("export", compiled, "--loadable", compiled), "is read as well"),
        (("export", compiled, "--loadable", tmp_path / "no" / "x.nvdla"), "its folder does not exist"),
        (("export", tmp_path / "m.dla", "--loadable", target), "its 2 stages; a driver does not (Softmax 'softmax1': "),
        (("compile", tmp_path / "m.onnx", "--target", "linux"), "unknown target 'linux'; known: direct, official"),
    ):
        assert reason in complaint(*words), words
    assert not target.exists()

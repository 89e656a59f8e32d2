"""cocodla export --c: the folder, its host program, and what is refused."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from cocodla import firmware
from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.errors import UserError
from cocodla.firmware import names
from cocodla.nets import paths
from cocodla.nets.builder import Builder
from cocodla.runtime.firmware import WARNINGS, compiler
from cocodla.sim import project

from .conftest import complaint, invoke
from .test_manners import documented, result

PAGE = (project.root() / "docs" / "firmware.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def exported(compiled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LeNet-5's folder, its host program made."""
    folder = tmp_path_factory.mktemp("export") / "fw"
    outcome = invoke("export", compiled, "--c", folder, "--array")
    assert outcome.exit_code == 0, outcome.output
    subprocess.run(["make", "-s", "-C", str(folder)], check=True)
    return folder


def test_json_of_export(compiled: Path, tmp_path: Path) -> None:
    told = result("export", compiled, "--c", tmp_path / "fw", "--name", "digits")
    assert list(told) == documented("export") and told["name"] == "digits"
    assert sorted(path.name for path in (tmp_path / "fw").iterdir()) == told["files"]


def test_memory_images_agree(compiled: Path, exported: Path) -> None:
    """.bin, .hex and array hold the constants."""
    constants = Network.load(compiled).memory
    assert (exported / "lenet5.bin").read_bytes() == constants
    lines = (exported / "lenet5.hex").read_text().splitlines()[1:]
    words = b"".join(struct.pack("<Q", int(line, 16)) for line in lines)
    assert words[: len(constants)] == constants and len(words) < len(constants) + 8
    array = (exported / "lenet5_image.c").read_text().partition("{")[2].rpartition("}")[0]
    assert bytes(map(int, array.replace("\n", "").strip(" ,").split(","))) == constants


def test_host_program_packs_and_unpacks(compiled: Path, digits: Path, exported: Path, tmp_path: Path) -> None:
    """A picture, its bytes, its floats; scores as the network has them."""
    network, picture = Network.load(compiled), np.load(digits / "digits.npy")[:1]
    (tmp_path / "digit.pgm").write_bytes(b"P5\n# a digit\n28 28\n255\n" + picture.tobytes())
    (tmp_path / "digit.u8").write_bytes(picture.tobytes())
    (tmp_path / "digit.f32").write_bytes((picture / 255).astype(np.float32).tobytes())
    for name in ("digit.pgm", "digit.u8", "digit.f32"):
        host(exported, "pack", tmp_path / name, tmp_path / "input")
        assert (tmp_path / "input").read_bytes() == network.input_bytes(picture).tobytes()
    data = network.golden_stage(0, {"image": network.input_bytes(picture)}, ["scores"])["scores"]
    (tmp_path / "output").write_bytes(data.tobytes())
    scores = [float(line) for line in host(exported, "unpack", tmp_path / "output").split()]
    assert np.array_equal(np.float32(scores), network.golden_batch(picture)[0])
    assert "input image: 1 x 28 x 28, pixels" in host(exported, "info")


def host(folder: Path, *words: object) -> str:
    """Output of the host program."""
    done = subprocess.run([folder / "lenet5_host", *map(str, words)], capture_output=True, text=True, check=True)
    return done.stdout


def test_host_program_refuses(exported: Path, tmp_path: Path) -> None:
    """One line and status 2 for each, and no output file."""
    (tmp_path / "short").write_bytes(b"P5 28 28 255 too short")
    (tmp_path / "other").write_bytes(b"P5 2 2 255 1234")
    (tmp_path / "long").write_bytes(bytes(9999))
    (tmp_path / "empty").write_bytes(b"")
    asked = [("pack", name, "target") for name in ("short", "other", "long", "empty", "absent")]
    (tmp_path / "codes").write_bytes(bytes(784))
    asked += [("pack-codes", name, "target") for name in ("codes", "short", "long", "absent")]
    for words in (*asked, ("unpack", "long"), ("unpack", "empty"), ("unpack", "short", "1"), ("unpack",), ()):
        done = subprocess.run([exported / "lenet5_host", *words], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, words
        assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("name", ["", "5net", "a-b", "a b", "_x", "naïve", "x" * 41, "cocodla_driver", "a;b", "../x"])
def test_names_that_c_cannot_have(name: str, compiled: Path, tmp_path: Path) -> None:
    assert f"--name {name[:60]!r}" in complaint("export", compiled, "--c", tmp_path / "fw", "--name", name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stem", ["lenet-5", "5", "_", "int", "Größe 1", "cocodla", "x" * 90, "main"])
def test_any_file_name_gives_a_c_name(stem: str, compiled: Path, tmp_path: Path) -> None:
    """The default name is one that C takes, and everything compiles under it."""
    shutil.copyfile(compiled, tmp_path / f"{stem}.dla")
    outcome = invoke("export", tmp_path / f"{stem}.dla", "--c", tmp_path / "fw")
    assert outcome.exit_code == 0, outcome.output
    name = firmware.identifier_of(stem)
    assert names.identifier(name) and (tmp_path / "fw" / f"{name}.c").exists()
    subprocess.run(["make", "-s", "-C", str(tmp_path / "fw")], check=True)


def test_folders(compiled: Path, tmp_path: Path) -> None:
    """An empty folder is filled; one with something in it, a file, a link and a missing parent are refused."""
    (tmp_path / "empty").mkdir()
    assert invoke("export", compiled, "--c", tmp_path / "empty").exit_code == 0
    assert "exists and is not empty" in complaint("export", compiled, "--c", tmp_path / "empty")
    (tmp_path / "file").write_text("mine")
    assert "exists and is no folder" in complaint("export", compiled, "--c", tmp_path / "file")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "exists and is no folder" in complaint("export", compiled, "--c", tmp_path / "link")
    assert "its folder does not exist" in complaint("export", compiled, "--c", tmp_path / "a" / "b")
    assert "--c FOLDER or --loadable FILE is missing" in complaint("export", compiled)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file", "link"]
    assert (tmp_path / "file").read_text() == "mine"


def test_nothing_is_left_of_a_failed_export(compiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cocodla.firmware.folder._write_hex", full)
    assert "No space left" in complaint("export", compiled, "--c", tmp_path / "fw")
    assert list(tmp_path.iterdir()) == []


def test_networks_of_several_stages_are_refused(tmp_path: Path) -> None:
    model = paths.stages(Builder((8, 8, 8))).save(tmp_path / "stages.onnx")
    images = np.random.default_rng(1).normal(size=(4, 8, 8, 8)).astype(np.float32)
    network = compile_model(model, images, CompileOptions(effort="fast"))
    network.save(tmp_path / "stages.dla")
    line = complaint("export", tmp_path / "stages.dla", "--c", tmp_path / "fw")
    assert "stages: the host makes" in line and "2 stages" in line
    assert not (tmp_path / "fw").exists()
    with pytest.raises(UserError):
        firmware.export(network, tmp_path / "fw", "stages")


def test_strange_names_of_tensors_stay_in_their_strings(tmp_path: Path) -> None:
    """Tensors may be called anything; comments and strings of C stay what they are."""
    builder = Builder((3, 6, 6)).conv(4, (3, 3))
    builder.node("Relu")
    builder.nodes[-1].output[0] = builder.last = 'a*/ "quoted" ??/ \\ \n ü /* %s'
    model = builder.save(tmp_path / "odd.onnx")
    network = compile_model(model, np.zeros((2, 3, 6, 6), np.uint8) + np.arange(6, dtype=np.uint8))
    firmware.export(network, tmp_path / "fw", "odd")
    subprocess.run(["make", "-s", "-C", str(tmp_path / "fw")], check=True)
    done = subprocess.run([tmp_path / "fw" / "odd_host", "info"], capture_output=True, check=True)
    assert builder.last.encode() in done.stdout


def example() -> str:
    """The C program of docs/firmware.md."""
    return PAGE.partition("```c\n")[2].partition("```")[0]


def test_example_of_the_documentation_compiles(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "example.c").write_text(example())
    words = [compiler(), *WARNINGS, f"-I{exported}", "-c", "example.c"]
    subprocess.run(words, cwd=tmp_path, check=True)


def test_bare_riscv(exported: Path, tmp_path: Path) -> None:
    """Driver, packing, sequence and the example link without any C library; the driver has at most 8 KiB of code."""
    tool = "riscv64-unknown-elf-gcc"
    if shutil.which(tool) is None:
        pytest.skip(f"no {tool}")
    subprocess.run(["make", "-s", "-C", str(exported), "riscv"], check=True, stdout=subprocess.DEVNULL)
    (tmp_path / "example.c").write_text(example() + "void _start(void) { for (;;) classify(0); }\n")
    objects = [exported / "riscv" / f"{name}.o" for name in ("lenet5", "cocodla_driver", "cocodla_pack")]
    flags = ("-march=rv32imac", "-mabi=ilp32", "-Os", "-ffreestanding", "-nostdlib")
    words = [tool, *flags, *WARNINGS, f"-I{exported}", "-o", "firmware.elf", "example.c", *map(str, objects), "-lgcc"]
    subprocess.run(words, cwd=tmp_path, check=True)
    sizes = subprocess.run(
        ["riscv64-unknown-elf-size", str(objects[1])], check=True, capture_output=True, text=True
    ).stdout.splitlines()[1]  # fmt: skip
    code, data, zeros = map(int, sizes.split()[:3])
    assert code <= 8192 and data == zeros == 0

"""Inputs and outputs in half precision, what becomes of pixels there, and elements as decimal text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cocodla.errors import UserError
from cocodla.loadable.emu import HALF as HALF_CUBE
from cocodla.loadable.images import HALF, INT8, UINT8, Format, Preparation, read_dimg, read_text, to_dimg, to_text
from cocodla.loadable.network import LoadedNetwork, open_network
from cocodla.loadable.schema import INPUT, OUTPUT
from cocodla.runtime.loadables import elements, read_expected, read_inputs, run_image

from .builder import Builder

SHAPE = (19, 3, 4)
LINE, SURFACE = 32 * 4, 32 * 4 * 3
"""Atoms of 32 bytes, of 16 elements each."""


def halves(power: float = 2.0, bound: bool = True) -> Builder:
    """(1 + x / 2) ^ power on the CPU, of numbers in half precision; bound: the output is the application's tensor."""
    builder = Builder()
    cubes = [builder.cube(*SHAPE, INPUT, name="data"), builder.cube(*SHAPE, OUTPUT if bound else 0, name="out")]
    builder.power(cubes[0], cubes[1], power, 0.5, 1.0)
    for cube in (builder.emu[0][1].src, builder.emu[0][1].dst):
        cube.format, cube.line_stride, cube.surf_stride = HALF_CUBE, LINE, SURFACE
    for tensor in builder.tensors:
        tensor.data_type, tensor.pixel_format, tensor.stride_1, tensor.stride_2 = HALF, 36, LINE, SURFACE
        tensor.size = 2 * SURFACE
    builder.memories = [(flags, 2 * SURFACE, content) for flags, _, content in builder.memories]
    return builder


def opened(builder: Builder) -> LoadedNetwork:
    return open_network(Path("net.nvdla"), builder.data())


def run(network: LoadedNetwork, path: Path, preparation: Preparation | None = None) -> np.ndarray:
    (inputs,) = read_inputs(network, [path], False, None, preparation)
    found: np.ndarray = next(iter(elements(network, [run_image(network, inputs)]).values()))[0]
    return found


def expected(numbers: np.ndarray) -> np.ndarray:
    return ((1 + numbers.astype(np.float16).astype(np.float32) / 2) ** 2).astype(np.float16)


@pytest.mark.parametrize("bound", [True, False])
def test_numbers_go_in_and_come_out(tmp_path: Path, bound: bool) -> None:
    """Also where no tensor tells of the output, but the CPU's own cube."""
    network, numbers = opened(halves(bound=bound)), np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    np.save(tmp_path / "x.npy", numbers)
    found = run(network, tmp_path / "x.npy")
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, expected(numbers))


@pytest.mark.parametrize(
    ("preparation", "mean", "normalize"),
    [
        (None, 0.0, 1.0),
        (Preparation((104.0,)), 104.0, 1.0),
        (Preparation(tuple(range(19)), tuple(float(n) for n in range(1, 20))), np.arange(19.0), np.arange(1.0, 20)),
    ],
)
def test_pixels_become_numbers(
    tmp_path: Path, preparation: Preparation | None, mean: np.ndarray | float, normalize: np.ndarray | float
) -> None:
    """(pixel - mean) / normalize (spec: loadable.md section 11)."""
    pixels = np.random.default_rng(2).integers(0, 256, SHAPE).astype(np.uint8)
    np.save(tmp_path / "x.npy", pixels)
    wanted = (pixels - np.reshape(mean, (-1, 1, 1))) / np.reshape(normalize, (-1, 1, 1))
    with np.errstate(over="ignore"):
        found = run(opened(halves()), tmp_path / "x.npy", preparation)
    np.testing.assert_array_equal(found, expected(wanted.astype(np.float32)))


def test_files_of_halves(tmp_path: Path) -> None:
    """A .dimg of surface format 43, decimal text and an array hold what came out; each is taken as a golden."""
    network = opened(halves())
    port, numbers = network.outputs[0], np.random.default_rng(3).normal(size=SHAPE).astype(np.float16)
    files = {
        ".dimg": to_dimg(numbers, port.form, port.size), ".txt": to_text(numbers),
        ".bin": port.form.pack(numbers, port.size),
    }  # fmt: skip
    assert files[".dimg"][8:12] == (43).to_bytes(4, "little") and len(files[".dimg"]) == 36 + 2 * numbers.size
    for suffix, data in files.items():
        path = tmp_path / f"golden{suffix}"
        path.write_bytes(data)
        done = run_image(network, {})
        done.buffers[port.name] = port.form.pack(numbers, port.size)
        assert not read_expected(path, port).difference(port, done)
        done.buffers[port.name] = port.form.pack(numbers + np.float16(1), port.size)
        assert f"({numbers.size if suffix != '.bin' else ''}" in read_expected(path, port).difference(port, done)
    np.testing.assert_array_equal(read_dimg(tmp_path / "golden.dimg"), numbers)
    (inputs,) = read_inputs(network, [tmp_path / "golden.dimg"], False, None)
    np.testing.assert_array_equal(network.inputs[0].form.unpack(inputs["data"]), numbers)


def test_text_of_codes(tmp_path: Path) -> None:
    form = Format(37, 3, 2, 2, 16, 32)
    codes = np.array([0, 1, -128, 127, 5, 6, 7, 8, 9, 10, 11, 12], np.int8).reshape(3, 2, 2)
    (tmp_path / "x.txt").write_bytes(to_text(codes))
    assert to_text(codes).splitlines()[:2] == [b"0 1", b"-128 127"]
    np.testing.assert_array_equal(read_text(tmp_path / "x.txt", form), codes)
    for text, told in (("1 2", "2 numbers, the output has 12 elements"), ("x " * 12, "'x'"), ("200 " * 12, "no int8")):
        (tmp_path / "x.txt").write_text(text)
        with pytest.raises(UserError, match=told):
            read_text(tmp_path / "x.txt", form)


def test_what_half_precision_cannot_be() -> None:
    """One line with the tensor, the rule and the value."""
    for name, value, told in (
        ("pixel_format", 37, "half precision with pixel_format 37"),
        ("data_type", 3, r"data_type is 3; half \(2\), int8 \(4\) and uint8 \(5\) are taken"),
        ("stride_1", 129, "strides of 129 and 384 bytes for elements of 2 bytes"),
        ("w", 5000, "elements .c x h x w. cannot be"),
    ):
        builder = halves()
        setattr(builder.tensors[0], name, value)
        with pytest.raises(UserError, match=told):
            opened(builder)
    for mean, normalize in (((0.0,), (0.0,)), ((float("inf"),), (1.0,))):
        with pytest.raises(UserError, match="finite numbers are taken"):
            Preparation(mean, normalize)


@pytest.mark.parametrize("kind", [INT8, UINT8])
def test_preparation_is_for_half_precision_only(tmp_path: Path, kind: int) -> None:
    builder = Builder()
    source = builder.cube(3, 2, 2, INPUT, name="data")
    builder.tensors[0].data_type = kind
    builder.power(source, builder.cube(3, 2, 2, OUTPUT, name="out"), 1.0, 1.0, 0.0)
    network = opened(builder)
    np.save(tmp_path / "x.npy", np.zeros((3, 2, 2), np.uint8))
    with pytest.raises(UserError, match="input data: mean and normalize act on inputs in half precision only"):
        read_inputs(network, [tmp_path / "x.npy"], False, None, Preparation((1.0,)))
    np.save(tmp_path / "f.npy", np.zeros((3, 2, 2), np.float32))
    with pytest.raises(UserError, match=r"holds float32; pixels \(uint8\) or codes \(int8\) are taken"):
        read_inputs(network, [tmp_path / "f.npy"], False, None)


def test_other_numbers_of_channels_and_other_files(tmp_path: Path) -> None:
    network = opened(halves())
    np.save(tmp_path / "x.npy", np.zeros(SHAPE, np.uint8))
    np.save(tmp_path / "i.npy", np.zeros(SHAPE, np.int8))
    np.save(tmp_path / "f.npy", np.zeros(SHAPE, np.float32))
    for name, mean, told in (
        ("x.npy", (1.0, 2.0), "mean has 2 numbers; one, or one for each of 19 channels is taken"),
        ("i.npy", None, r"holds int8; pixels \(uint8\) or numbers \(floats\) are taken"),
        ("f.npy", (1.0,), "holds float32; mean and normalize are for pixels"),
    ):
        with pytest.raises(UserError, match=told):
            read_inputs(network, [tmp_path / name], False, None, Preparation(mean) if mean else None)

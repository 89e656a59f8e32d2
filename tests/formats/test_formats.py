"""Round trips of every format, and the address formulas of the specification element by element."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cocodla.formats import (
    PIXEL_FORMATS,
    CubeLayout,
    atoms_to_tensor,
    bytes_to_tensor,
    extend_image_kernel,
    image_to_planes,
    pack_channel_operands,
    pack_operands,
    pack_weights,
    pad_stream,
    planes_to_image,
    reduce_image_kernel,
    tensor_to_atoms,
    tensor_to_bytes,
    unpack_operands,
    unpack_weights,
)

seeds = st.integers(0, 2**32 - 1)


def int8(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-128, 128, shape).astype(np.int8)


@settings(deadline=None)
@given(seeds, st.integers(1, 20), st.integers(1, 5), st.integers(1, 6), st.integers(0, 3), st.integers(0, 3))
def test_feature_cube(seed: int, c: int, h: int, w: int, line_gap: int, surface_gap: int) -> None:
    tensor = int8(seed, 2, c, h, w)
    line = 8 * (w + line_gap)
    layout = CubeLayout(w, h, c, line, line * h + 8 * surface_gap)
    data = tensor_to_bytes(tensor, layout)
    assert data.shape == (2, layout.size)
    rng = np.random.default_rng(seed)
    for _ in range(10):
        ch, y, x = (int(rng.integers(n)) for n in (c, h, w))
        offset = ch // 8 * layout.surface_stride + y * line + x * 8 + ch % 8
        assert data.view(np.int8)[1, offset] == tensor[1, ch, y, x]
        assert layout.offset(ch, y, x) == offset
        assert layout.locate(offset) == (ch, y, x)
    assert (bytes_to_tensor(data, layout) == tensor).all()
    assert (atoms_to_tensor(tensor_to_atoms(tensor), c) == tensor).all()
    inside = sum(layout.locate(i) is not None for i in range(layout.size))
    assert inside == 8 * layout.surfaces * h * w
    assert CubeLayout.from_json(layout.to_json()) == layout


def scalar_weights(weights: np.ndarray, merged: int) -> list[int]:
    """data_formats.md section 4, element by element."""
    kernels, channels, rows, columns = weights.shape
    stream = []
    for g in range(0, kernels, 8):
        for c0 in range(0, channels, 8):
            for r0 in range(0, rows, merged):
                for s in range(columns):
                    for k in range(g, min(g + 8, kernels)):
                        for r in range(r0, min(r0 + merged, rows)):
                            stream += [int(weights[k, c, r, s]) for c in range(c0, min(c0 + 8, channels))]
    return stream


@settings(deadline=None)
@given(seeds, st.integers(1, 20), st.integers(1, 19), st.integers(1, 6), st.integers(1, 4), st.sampled_from([1, 2, 4]))
def test_weights(seed: int, k: int, c: int, r: int, s: int, merged: int) -> None:
    if merged > 1:
        c, s = min(c, 8 // merged), 1
    weights = int8(seed, k, c, r, s)
    stream = pack_weights(weights, merged)
    assert stream.view(np.int8).tolist() == scalar_weights(weights, merged)
    padded = pad_stream(stream)
    assert padded.size == (stream.size + 7) // 8 * 8
    assert not padded[stream.size :].any()
    assert (unpack_weights(padded, k, c, r, s, merged) == weights).all()


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="merged rows"):
        pack_weights(np.zeros((1, 9, 2, 1), np.int8), 2)
    with pytest.raises(ValueError, match="7 bytes of weights, 8 needed"):
        unpack_weights(np.zeros(7, np.uint8), 1, 8, 1, 1)


@given(seeds, st.integers(1, 9), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))
def test_image_kernels(seed: int, k: int, c: int, r: int, s: int) -> None:
    weights = int8(seed, k, c, r, s)
    extended = extend_image_kernel(weights)
    assert extended.shape == (k, s * c, r, 1)
    assert extended[k - 1, (s - 1) * c + c - 1, r - 1, 0] == weights[k - 1, c - 1, r - 1, s - 1]
    for e in range(s * c):
        assert (extended[:, e, :, 0] == weights[:, e % c, :, e // c]).all()
    assert (reduce_image_kernel(extended, c) == weights).all()


ORDER = {0: "0", 12: "0123", 16: "0123", 13: "2103", 17: "2103", 26: "2103", 14: "1230", 18: "1230", 27: "1230",
         15: "3210", 19: "3210"}  # fmt: skip


@settings(deadline=None)
@given(seeds, st.sampled_from(sorted(PIXEL_FORMATS)), st.integers(1, 9), st.integers(1, 4), st.integers(0, 7))
def test_pixels(seed: int, code: int, width: int, height: int, x: int) -> None:
    fmt = PIXEL_FORMATS[code]
    x_offset = x % (fmt.max_x_offset + 1)
    image = int8(seed, 2, height, width, fmt.channels).view(np.uint8)
    strides = tuple(n + 8 * (seed % 3) for n in fmt.line_bytes(width, x_offset))
    planes = image_to_planes(image, fmt, strides, x_offset)
    for y in range(height):
        for x in range(width):
            for ch in range(fmt.channels):
                if code in (28, 29) and ch:
                    byte = (2 - ch) if code == 28 else (ch - 1)
                    place = y * strides[1] + 2 * (x + x_offset % 4) + byte
                elif code in (28, 29):
                    place = y * strides[0] + x + x_offset % 8
                else:
                    n = len(ORDER[code])
                    place = y * strides[0] + (x + x_offset % (8 // n)) * n + int(ORDER[code][ch])
                assert planes[int(code in (28, 29) and ch > 0)][1, place] == image[1, y, x, ch]
    assert (planes_to_image(planes, fmt, width, height, strides, x_offset) == image).all()


@given(seeds, st.booleans(), st.sampled_from(["alu", "mul", "both"]))
def test_operands(seed: int, two_bytes: bool, kind: str) -> None:
    limit = 1 << 15 if two_bytes else 128
    values = np.random.default_rng(seed).integers(-limit, limit, (2, 3, 5, 8))
    alu, mul = (values[0] if kind != "mul" else None), (values[1] if kind != "alu" else None)
    data = pack_operands(alu, mul, two_bytes)
    size = 2 if two_bytes else 1
    assert data.shape == (3, 5, 8 * size * (2 if kind == "both" else 1))
    group = data[2, 4].tobytes()
    for lane in range(8):
        for part, slot in ((alu, 0), (mul, 1)):
            if part is None:
                continue
            at = (2 * lane + slot if kind == "both" else lane) * size
            assert int.from_bytes(group[at : at + size], "little", signed=True) == part[2, 4, lane]
    back = unpack_operands(data, kind != "mul", kind != "alu", two_bytes)
    for expected, got in zip((alu, mul), back, strict=True):
        assert (expected is None) == (got is None)
        assert expected is None or (expected == got).all()


def test_operands_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"outside -128\.\.127"):
        pack_operands(np.full(8, 128))
    packed = pack_channel_operands(9, alu=np.arange(9), two_bytes=True)
    assert packed.view("<i2").tolist() == [*range(9), *[0] * 7]

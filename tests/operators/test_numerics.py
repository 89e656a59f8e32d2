"""Random legal chains through the API give what independent integer arithmetic in numpy gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cocodla.operators import Convolve, Pool, Sdp, Sequence, Stage

Array = np.ndarray[Any, Any]


def windows(x: Array, kernel: tuple[int, int], stride: tuple[int, int], out: tuple[int, int]) -> Array:
    """(..., H, W), padded enough -> (..., *out, *kernel)."""
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(-2, -1))
    return view[..., :: stride[0], :: stride[1], :, :][..., : out[0], : out[1], :, :]


def padded(x: Array, pad: tuple[int, int], value: int, reach: tuple[int, int]) -> Array:
    """Padding above and left, and as much behind as windows up to `reach` (height, width) take."""
    behind = [max(0, reach[axis] - pad[axis] - x.shape[axis - 2]) for axis in (0, 1)]
    edges = [(0, 0)] * (x.ndim - 2) + [(pad[0], behind[0]), (pad[1], behind[1])]
    return np.pad(x.astype(np.int64), edges, constant_values=value)


def rounded(x: Array, shift: int) -> Array:
    """x / 2^shift, halves away from zero."""
    half = 1 << shift >> 1
    return np.where(x >= 0, (x + half) >> shift, -((-x + half) >> shift))


def limited(x: Array, bits: int = 8) -> Array:
    return np.clip(x, -(1 << bits - 1), (1 << bits - 1) - 1)


PAIR = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def layers(draw: st.DrawFn) -> dict[str, Any]:
    kernel, dilation = draw(PAIR), draw(PAIR)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    shape = (draw(st.integers(1, 20)), draw(st.integers(3, 9)), draw(st.integers(3, 9)))
    stride, pad = draw(PAIR), tuple(draw(st.integers(0, 2)) for _ in range(2))
    stride = (min(stride[0], shape[1]), min(stride[1], shape[2]))
    axes = zip(shape[1:], pad, reach, stride, strict=True)
    fits = [max(1, (extent + 2 * p - r) // s + 1) for extent, p, r, s in axes]
    pool = draw(st.sampled_from([None, "max", "min", "average"]))
    return {
        "shape": shape, "kernels": draw(st.integers(1, 20)), "kernel": kernel, "dilation": dilation, "stride": stride,
        "pad": pad, "size": (fits[0], fits[1]), "pad_value": draw(st.integers(-128, 127)),
        "relu": draw(st.booleans()), "prelu": draw(st.booleans()), "pool": pool, "pool_kernel": draw(PAIR),
        "pool_stride": draw(PAIR), "from_memory": draw(st.booleans()), "seed": draw(st.integers(0, 1 << 30)),
    }  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True)
@given(layers())
def test_convolution_sdp_and_pooling(layer: dict[str, Any]) -> None:
    random = np.random.default_rng(layer["seed"])
    shape, kernels, size = layer["shape"], layer["kernels"], layer["size"]
    steps = Sequence()
    x = steps.input("x", shape)
    codes = random.integers(-128, 128, (2, *shape)).astype(np.int8)
    weight = random.integers(-128, 128, (kernels, shape[0], *layer["kernel"])).astype(np.int8)
    add, factor = random.integers(-30000, 30000, kernels), random.integers(-32768, 32768, kernels)
    slope, shift = int(random.integers(-32768, 32768)), int(random.integers(16, 22))
    offset, scale, last = int(random.integers(-500, 500)), int(random.integers(1, 2000)), int(random.integers(8, 14))
    summand = steps.input("s", (kernels, *size)) if layer["from_memory"] else None
    more = random.integers(-128, 128, (2, kernels, *size)).astype(np.int8)

    sums = Convolve(
        x, weight, layer["stride"], layer["pad"], layer["dilation"], layer["pad_value"], size=size
    )
    alu = summand if summand is not None else int(add[0])
    mul = slope if layer["prelu"] else None
    sdp = Sdp(
        bs=Stage(add, 2, mul=factor, mul_shift=shift),
        bn=Stage(alu, 3, mul=mul, mul_shift=14, relu=layer["relu"], prelu=layer["prelu"]),
        offset=offset, scale=scale, shift=last,
    )  # fmt: skip

    extents = [(k - 1) * d + 1 for k, d in zip(layer["kernel"], layer["dilation"], strict=True)]
    dilated = np.zeros((*weight.shape[:2], *extents), int)
    dilated[:, :, :: layer["dilation"][0], :: layer["dilation"][1]] = weight
    reach = [(o - 1) * s + k for o, s, k in zip(size, layer["stride"], dilated.shape[2:], strict=True)]
    whole = padded(codes, layer["pad"], layer["pad_value"], (reach[0], reach[1]))
    value = np.einsum("nchwrs,kcrs->nkhw", windows(whole, dilated.shape[2:], layer["stride"], size), dilated)
    column = (slice(None), None, None)
    value = limited(rounded((value + (add[column] << 2)) * factor[column], shift), 32)
    value = value + (more.astype(np.int64) << 3 if summand is not None else int(add[0]) << 3)
    if layer["prelu"]:
        value = np.where(value < 0, limited(rounded(value * slope, 14), 32), value)
    else:  # the shift is there without a multiplier, too
        value = limited(rounded(value, 14), 32)
    value = np.maximum(value, 0) if layer["relu"] else value
    wanted = limited(rounded((value - offset) * scale, last))

    units: list[Any] = [sums, sdp]
    if layer["pool"] is not None:
        kernel = tuple(min(k, extent) for k, extent in zip(layer["pool_kernel"], size, strict=True))
        pool = Pool((kernel[0], kernel[1]), layer["pool_stride"], method=layer["pool"])
        units.append(pool)
        out = tuple((e - k) // s + 1 for e, k, s in zip(size, kernel, layer["pool_stride"], strict=True))
        taken = windows(wanted, kernel, layer["pool_stride"], out)
        if layer["pool"] == "average":
            across, down = (round(65536 / k) for k in (kernel[1], kernel[0]))
            wanted = rounded(rounded(taken.sum((-2, -1)) * across, 16) * down, 16)
        else:
            wanted = taken.max((-2, -1)) if layer["pool"] == "max" else taken.min((-2, -1))
    y = steps.tensor("y", wanted.shape[1:])
    steps(*units, to=y)
    inputs = {"x": codes, **({"s": more} if summand is not None else {})}
    assert np.array_equal(steps.golden(inputs)["y"], wanted)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.integers(1, 20), st.integers(1, 12), st.integers(1, 300), st.tuples(st.integers(1, 8), st.integers(1, 8)),
    st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(0, 7), st.integers(0, 1 << 30),
)  # fmt: skip
def test_pooling_from_memory(
    channels: int, height: int, width: int, kernel: tuple[int, int], stride: tuple[int, int], pad: int, seed: int
) -> None:
    """Also in strips, where the image is wide."""
    kernel = (min(kernel[0], height), min(kernel[1], width))
    pads = (min(pad, kernel[0] - 1), min(pad, kernel[1] - 1))
    codes = np.random.default_rng(seed).integers(-128, 128, (1, channels, height, width)).astype(np.int8)
    steps = Sequence()
    unit = Pool(kernel, stride, pads, source=steps.input("x", (channels, height, width)))
    out = tuple((e + 2 * p - k) // s + 1 for e, p, k, s in zip((height, width), pads, kernel, stride, strict=True))
    steps(unit, to=steps.tensor("y", (channels, out[0], out[1])))
    reach = [(o - 1) * s + k for o, s, k in zip(out, stride, kernel, strict=True)]
    whole = padded(codes, pads, -128, (reach[0], reach[1]))
    wanted = windows(whole, kernel, stride, (out[0], out[1])).max((-2, -1))
    assert np.array_equal(steps.golden({"x": codes})["y"], wanted)

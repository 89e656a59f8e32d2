"""Steps of random networks that are blocks of known families, with what they have between their convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np

from cocodla.fuzz.blocks import LARGEST, apply, conv, normalised
from cocodla.fuzz.grower import Grower

ACTIVATIONS = ("Relu", "Relu", "Relu6", "LeakyRelu", "PRelu", "HardSwish", "hard swish", "swish", "none")
"""Of a block; small letters: as exporters write it, in several nodes."""


def activated(grow: Grower, kind: str, source: str) -> str:
    """An activation in one of the forms of `ACTIVATIONS`; the name of what it makes."""

    def number(value: float) -> str:
        return grow.constant(np.float32(value))

    if kind == "none":
        return source
    if kind == "Relu6":
        return apply(grow, "Clip", source, number(0), number(6))
    if kind == "LeakyRelu":
        return apply(grow, kind, source, alpha=0.1)
    if kind == "PRelu":
        return apply(grow, kind, source, grow.constant(grow.floats(grow.shapes[source][0], 1, 1, scale=0.2, mean=0.2)))
    if kind == "swish":
        return apply(grow, "Mul", source, apply(grow, "Sigmoid", source))
    if kind == "hard swish":
        limited = apply(grow, "Clip", apply(grow, "Add", source, number(3)), number(0), number(6))
        if grow.random.random() < 0.5:
            return apply(grow, "Div", apply(grow, "Mul", source, limited), number(6))
        return apply(grow, "Mul", source, apply(grow, "Mul", limited, number(1 / 6)))
    return apply(grow, kind, source)


def unit(grow: Grower, kind: str, source: str, kernels: int, extent: int | tuple[int, int], **attributes: Any) -> str:
    """Convolution, perhaps BatchNormalization, activation; the name of what they make."""
    last = conv(grow, source, kernels, extent, **attributes)
    return activated(grow, kind, normalised(grow, last) if grow.random.random() < 0.6 else last)


def room(grow: Grower, most: int = 24) -> tuple[str, int] | None:
    """An image for several convolutions, and how many channels they may make; None if the one picked is too large."""
    source = grow.pick()
    if source is None:
        return None
    channels, height, width = grow.shapes[source]
    most = min(most, LARGEST // (height * width))
    return (source, most) if channels <= 64 and most >= 4 else None


def joined(grow: Grower, parts: list[str]) -> str:
    """Concat along channels; its name."""
    size = grow.shapes[parts[0]][1:]
    return grow.add("Concat", parts, (sum(grow.shapes[part][0] for part in parts), *size), axis=1)


def inverted(grow: Grower) -> bool:
    """MobileNet: wide 1x1, depthwise (also with stride or several kernels a channel), narrow 1x1, sum around them."""
    found = room(grow, 48)
    if found is None:
        return False
    (source, most), random = found, grow.random
    channels, kind = grow.shapes[source][0], random.choice(ACTIVATIONS)
    wide = min(most, random.choice([channels, 2 * channels, 3 * channels]))
    stride, times = random.choice([1, 1, 2]), random.choice([1, 1, 2]) if 2 * wide <= most else 1
    last = unit(grow, kind, source, wide, 1)
    last = unit(grow, kind, last, times * wide, random.choice([3, 5]), group=wide, stride=stride)
    last = conv(grow, last, channels, 1)
    last = normalised(grow, last) if random.random() < 0.5 else last
    if stride == 1:
        apply(grow, "Add", source, last)
    return True


def dense(grow: Grower) -> bool:
    """DenseNet: BatchNormalization, Relu, Conv, each joined to all before; perhaps a transition that halves."""
    found = room(grow)
    if found is None:
        return False
    (last, most), random = found, grow.random
    for _ in range(random.randint(1, 3)):
        new = conv(grow, apply(grow, "Relu", normalised(grow, last)), random.randint(1, min(12, most)), 3)
        last = joined(grow, [last, new])
    channels, *size = grow.shapes[last]
    if min(size) > 1 and random.random() < 0.4:
        last = conv(grow, apply(grow, "Relu", normalised(grow, last)), max(1, channels // 2), 1)
        shape = (grow.shapes[last][0], size[0] // 2, size[1] // 2)
        grow.add("AveragePool", [last], shape, kernel_shape=[2, 2], strides=[2, 2])
    return True


def inception(grow: Grower) -> bool:
    """Four branches and Concat: 1x1; 1x1 and 3x3; 1x7 and 7x1; pooling and 1x1."""
    found = room(grow, 12)
    if found is None:
        return False
    (source, most), random = found, grow.random
    kind, counts = random.choice(ACTIVATIONS), [random.randint(1, most) for _ in range(4)]
    pool = random.choice(["MaxPool", "AveragePool"])
    pooled = apply(grow, pool, source, kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1])
    long = random.choice([3, 5, 7])
    branches = [
        unit(grow, kind, source, counts[0], 1),
        unit(grow, kind, unit(grow, kind, source, counts[1], 1), counts[1], 3),
        unit(grow, kind, unit(grow, kind, source, counts[2], (1, long)), counts[2], (long, 1)),
        unit(grow, kind, pooled, counts[3], 1),
    ]
    joined(grow, random.sample(branches, random.randint(2, 4)))
    return True


def fire(grow: Grower) -> bool:
    """SqueezeNet: 1x1, then 1x1 and 3x3 side by side."""
    found = room(grow)
    if found is None:
        return False
    (source, most), random = found, grow.random
    narrow = apply(grow, "Relu", conv(grow, source, random.randint(1, most), 1))
    joined(grow, [apply(grow, "Relu", conv(grow, narrow, random.randint(1, most), extent)) for extent in (1, 3)])
    return True


def pyramid(grow: Grower) -> bool:
    """Poolings side by side (SPP) or one behind the other (SPPF), or dilated convolutions (ASPP), and Concat."""
    found = room(grow)
    if found is None:
        return False
    (source, most), random = found, grow.random
    form, parts = random.choice(["SPP", "SPPF", "ASPP"]), [source]
    for index in range(random.randint(2, 3)):
        if form == "ASPP":
            dilation = random.choice([1, 2, 3, 6])
            parts.append(unit(grow, "Relu", source, random.randint(1, most), 3, dilation=dilation))
            continue
        kernel = 5 + 4 * index if form == "SPP" else 5
        before = source if form == "SPP" else parts[-1]
        attributes = {"kernel_shape": [kernel] * 2, "pads": [kernel // 2] * 4, "strides": [1, 1]}
        parts.append(apply(grow, "MaxPool", before, **attributes))
    last = joined(grow, parts)
    unit(grow, random.choice(ACTIVATIONS), last, random.randint(1, most), 1)
    return True


def cross_stage(grow: Grower) -> bool:
    """CSP: channels are split, one part goes through convolutions with a sum, all parts are joined."""
    found = room(grow)
    if found is None or grow.shapes[found[0]][0] < 2:
        return False
    (source, most), random = found, grow.random
    channels, *size = grow.shapes[source]
    first = channels // 2
    sizes, kind = [first, channels - first], random.choice(ACTIVATIONS)
    shapes = [(count, *size) for count in sizes]
    grow.add("Split", [source, grow.constant(np.array(sizes, np.int64))], shapes, axis=1)
    parts = list(grow.shapes)[-2:]
    for _ in range(random.randint(1, 2)):
        last = unit(grow, kind, unit(grow, kind, parts[-1], random.randint(1, most), 1), sizes[1], 3)
        parts.append(apply(grow, "Add", parts[-1], last) if random.random() < 0.6 else last)
    unit(grow, kind, joined(grow, parts), random.randint(1, most), 1)
    return True


def encoder(grow: Grower) -> bool:
    """U-Net: down by two, a convolution, up again by Resize or ConvTranspose, joined with what went in."""
    found = room(grow)
    if found is None or any(n % 2 for n in grow.shapes[found[0]][1:]):
        return False
    (source, most), random = found, grow.random
    channels, height, width = grow.shapes[source]
    down = grow.add("MaxPool", [source], (channels, height // 2, width // 2), kernel_shape=[2, 2], strides=[2, 2])
    kernels = random.randint(1, most)
    last = unit(grow, random.choice(ACTIVATIONS), down, kernels, 3)
    if random.random() < 0.5:
        weight = grow.constant(grow.floats(kernels, kernels, 2, 2, scale=1.4 / kernels**0.5))
        last = grow.add("ConvTranspose", [last, weight], (kernels, height, width), kernel_shape=[2, 2], strides=[2, 2])
    else:
        scales = grow.constant(np.array([1, 1, 2, 2], np.float32))
        form = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor", "mode": "nearest"}
        last = grow.add("Resize", [last, "", scales], (kernels, height, width), **form)
    unit(grow, "Relu", joined(grow, [source, last] if random.random() < 0.5 else [last, source]), kernels, 3)
    return True


def focus(grow: Grower) -> bool:
    """YOLOv5: every second row and column, four times, joined."""
    source = grow.pick()
    if source is None or any(n % 2 for n in grow.shapes[source][1:]):
        return False
    channels, height, width = grow.shapes[source]
    parts, far = [], np.array([1 << 31], np.int64)
    for row, column in ((0, 0), (1, 0), (0, 1), (1, 1)):
        part, shape = source, [channels, height, width]
        for axis, start in ((2, row), (3, column)):
            shape[axis - 1] //= 2
            bounds = [np.array([start], np.int64), far, np.array([axis], np.int64), np.array([2], np.int64)]
            part = grow.add("Slice", [part, *map(grow.constant, bounds)], (shape[0], shape[1], shape[2]))
        parts.append(part)
    joined(grow, parts)
    return True


def heads(grow: Grower) -> bool:
    """YOLO, SSD: outputs of two tensors by convolutions of their own, some of them reshaped."""
    for _ in range(2):
        found = room(grow)
        if found is None:
            return False
        last = conv(grow, found[0], grow.random.randint(1, found[1]), grow.random.choice([1, 3]))
        if grow.random.random() < 0.3:
            flat = int(np.prod(grow.shapes[last]))
            grow.add("Reshape", [last, grow.constant(np.array([-1, flat], np.int64))], (flat,))
    return True


def classifier(grow: Grower) -> bool:
    """Mean over the image in one of its forms, to a vector in one of its forms, perhaps Dropout, fully connected."""
    source = grow.pick()
    if source is None or grow.shapes[source][0] > 256:
        return False
    random, channels = grow.random, grow.shapes[source][0]
    form, axes = random.choice(["pool", "mean", "flat"]), grow.constant(np.array([2, 3], np.int64))
    if form == "flat":
        last = grow.add("ReduceMean", [source, axes], (channels,), keepdims=0)
    else:
        last = grow.add(*(("GlobalAveragePool", [source]) if form == "pool" else ("ReduceMean", [source, axes])),
                        (channels, 1, 1))  # fmt: skip
        kind = random.choice(["Flatten", "Squeeze", "Reshape"])
        shape = grow.constant(np.array([-1, channels], np.int64))
        extra = {"Flatten": [], "Squeeze": [axes], "Reshape": [shape]}[kind]
        last = grow.add(kind, [last, *extra], (channels,))
    last = apply(grow, "Dropout", last) if random.random() < 0.3 else last
    outputs = random.randint(2, 40)
    weight = grow.floats(channels, outputs, scale=1.4 / channels**0.5)
    bias = grow.constant(grow.floats(outputs, scale=0.3))
    if random.random() < 0.3:
        product = grow.add("MatMul", [last, grow.constant(weight)], (outputs,))
        grow.add("Add", [product, bias], (outputs,))
    else:
        grow.add("Gemm", [last, grow.constant(weight.T.copy()), bias], (outputs,), transB=1)
    return True

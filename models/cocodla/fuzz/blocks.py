"""Steps of random networks that are blocks of well-known ones, and windows in their rarer forms."""

from __future__ import annotations

from typing import Any

import numpy as np

from cocodla.fuzz.grower import Grower

LARGEST = 24_000
"""Most elements a step may make."""


def conv(grow: Grower, source: str, kernels: int, extent: int | tuple[int, int], **attributes: Any) -> str:
    """A convolution, padded to keep height and width unless strided; the name of what it makes.

    attributes: group, dilation, stride (the same for both axes). Half of them have a bias.
    """
    random, (channels, *size) = grow.random, grow.shapes[source]
    kernel = (extent, extent) if isinstance(extent, int) else extent
    group, dilation, stride = (attributes.get(name, 1) for name in ("group", "dilation", "stride"))
    fan = channels // group * kernel[0] * kernel[1]
    sources = [source, grow.constant(grow.floats(kernels, channels // group, *kernel, scale=1.4 / fan**0.5))]
    if random.random() < 0.5:
        sources.append(grow.constant(grow.floats(kernels, scale=0.2)))
    pads = [(k - 1) // 2 * dilation for k in kernel]
    ends = [k // 2 * dilation for k in kernel]
    return grow.add(
        "Conv", sources, (kernels, *((n - 1) // stride + 1 for n in size)), group=group, kernel_shape=kernel,
        pads=[*pads, *ends], dilations=[dilation] * 2, strides=[stride] * 2,
    )  # fmt: skip


def apply(grow: Grower, kind: str, *sources: str, **attributes: Any) -> str:
    """A node whose output has the shape of its first input; its name."""
    return grow.add(kind, list(sources), grow.shapes[sources[0]], **attributes)


def normalised(grow: Grower, source: str) -> str:
    """BatchNormalization; the name of what it makes."""
    channels = grow.shapes[source][0]
    parameters = [
        grow.floats(channels, scale=0.2, mean=1.0), grow.floats(channels, scale=0.2),
        grow.floats(channels, scale=0.2), np.abs(grow.floats(channels, scale=0.2)) + np.float32(0.7),
    ]  # fmt: skip
    return apply(grow, "BatchNormalization", source, *(grow.constant(value) for value in parameters))


def residual(grow: Grower) -> bool:
    """x + conv(relu(conv(x))), the middle wide, narrow or depthwise."""
    source = grow.pick()
    if source is None:
        return False
    random, (channels, height, width) = grow.random, grow.shapes[source]
    middle = random.choice([channels, 2 * channels, random.randint(1, 24)])
    if middle * height * width > LARGEST or middle * channels > 2000:
        return False
    last = apply(grow, "Relu", conv(grow, source, middle, random.choice([1, 3])))
    if random.random() < 0.4:
        last = apply(grow, "Relu", conv(grow, last, middle, random.choice([3, 5]), group=middle))
    last = conv(grow, last, channels, random.choice([1, 3]))
    pair = [last, source] if random.random() < 0.5 else [source, last]
    last = apply(grow, random.choice(["Add", "Add", "Add", "Sum", "Max"]), *pair)
    if random.random() < 0.6:
        apply(grow, "Relu", last)
    return True


def gate(grow: Grower) -> bool:
    """Squeeze and excitation: each channel times what a global pooling has seen."""
    source = grow.pick()
    if source is None or grow.shapes[source][0] > 64:
        return False
    channels = grow.shapes[source][0]
    pooled = grow.add(grow.random.choice(["GlobalAveragePool", "GlobalMaxPool"]), [source], (channels, 1, 1))
    last = apply(grow, "Relu", conv(grow, pooled, max(1, channels // 2), 1))
    last = conv(grow, last, channels, 1)
    kind = grow.random.choice(["HardSigmoid", "HardSigmoid", "Relu", "Sigmoid"])
    last = apply(grow, kind, last, **({"alpha": 0.3} if kind == "HardSigmoid" else {}))
    grow.add("Mul", [last, source] if grow.random.random() < 0.3 else [source, last], grow.shapes[source])
    return True


def window(grow: Grower) -> bool:
    """Conv and pooling with automatic padding, pooling that rounds its size up, large kernels."""
    source = grow.pick()
    if source is None:
        return False
    random, (channels, *extent) = grow.random, grow.shapes[source]
    kind = random.choice(["Conv", "MaxPool", "MaxPool", "AveragePool"])
    kernel = [random.choice([2, 3, 4, 5, random.randint(1, 15)]) for _ in (0, 1)]
    stride = [random.choice([1, 1, 2, 3, 5]) for _ in (0, 1)]
    automatic = random.choice(["SAME_UPPER", "SAME_LOWER", "VALID", None])
    attributes: dict[str, object] = {"kernel_shape": kernel, "strides": stride}
    if automatic is None:
        if any(k > n for k, n in zip(kernel, extent, strict=True)):
            return False
        rounding = -1 if kind != "Conv" and random.random() < 0.6 else 1
        size = [rounding * (rounding * (n - k) // s) + 1 for n, k, s in zip(extent, kernel, stride, strict=True)]
        if any((n - 1) * s >= e for n, s, e in zip(size, stride, extent, strict=True)):
            return False
        attributes.update({} if rounding > 0 else {"ceil_mode": 1})
    elif automatic == "VALID":
        size = [(n - k) // s + 1 for n, k, s in zip(extent, kernel, stride, strict=True)]
    else:
        size = [-(-n // s) for n, s in zip(extent, stride, strict=True)]
        if any((n - 1) * s + k < e for n, s, k, e in zip(size, stride, kernel, extent, strict=True)):
            return False  # onnxruntime takes negative padding for a mistake
    if automatic:
        attributes["auto_pad"] = automatic
    if min(size) < 1:
        return False
    kernels = random.randint(1, 24)
    if kind == "Conv":
        if kernels * size[0] * size[1] > LARGEST or channels * kernels * kernel[0] * kernel[1] > 50_000:
            return False
        weight = grow.floats(kernels, channels, *kernel, scale=1.4 / (channels * kernel[0] * kernel[1]) ** 0.5)
        grow.add(kind, [source, grow.constant(weight)], (kernels, size[0], size[1]), **attributes)
        return True
    if kind == "AveragePool":
        attributes["count_include_pad"] = random.choice([0, 1])
    grow.add(kind, [source], (channels, size[0], size[1]), **attributes)
    return True


def perceptron(grow: Grower) -> bool:
    """Two fully connected layers with a sum around them, behind a vector or an image."""
    source = grow.pick(1)
    if source is None or grow.shapes[source][0] > 256:
        source = grow.pick()
        if source is None or int(np.prod(grow.shapes[source])) > 3000:
            return False
        source = grow.add("Flatten", [source], (int(np.prod(grow.shapes[source])),))
    features, middle = grow.shapes[source][0], grow.random.randint(1, 40)
    weight = grow.constant(grow.floats(features, middle, scale=1.4 / features**0.5))
    first = apply(grow, "Relu", grow.add("MatMul", [source, weight], (middle,)))
    square = grow.constant(grow.floats(middle, middle, scale=1.4 / middle**0.5))
    bias = grow.constant(grow.floats(middle, scale=0.2))
    apply(grow, grow.random.choice(["Add", "Sub", "Mul", "Max"]), apply(grow, "Gemm", first, square, bias), first)
    return True

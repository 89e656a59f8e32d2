"""Steps of random networks that add an operator, with any attributes it may have."""

from __future__ import annotations

from typing import Any

import numpy as np

from cocodla.fuzz import blocks
from cocodla.fuzz.grower import Grower, Shape

LARGEST = 24_000
"""Most elements of a tensor: keeps a network within seconds."""


def _window(grow: Grower, extent: tuple[int, int], largest: int, dilate: bool, pad: bool) -> dict[str, Any] | None:
    """Kernel, strides, pads, dilations of a sliding window with at least one output, and its output size."""
    random = grow.random
    kernel = [random.choice([1, 1, 2, 3, 3, 3, 5, largest]) for _ in (0, 1)]
    dilation = [random.choice([1, 1, 1, 2, 3]) if dilate else 1 for _ in (0, 1)]
    stride = [random.choice([1, 1, 1, 2, 2, 3, 4]) for _ in (0, 1)]
    if random.random() < 0.5:
        kernel[1], dilation[1], stride[1] = kernel[0], dilation[0], stride[0]
    most = [(k - 1) * d if dilate else k - 1 for k, d in zip(kernel, dilation, strict=True)]
    pads = (
        [random.choice([0, most[axis] // 2, random.randint(0, most[axis])]) for axis in (0, 1, 0, 1)]
        if pad
        else [0] * 4
    )
    size = []
    for axis in (0, 1):
        room = extent[axis] + pads[axis] + pads[axis + 2] - (kernel[axis] - 1) * dilation[axis] - 1
        if room < 0:
            return None
        size.append(room // stride[axis] + 1)
    return {"kernel_shape": kernel, "strides": stride, "pads": pads, "dilations": dilation, "size": tuple(size)}


def conv(grow: Grower) -> bool:
    """Conv: any kernel, group, stride, dilation, padding; with or without bias."""
    source = grow.pick()
    if source is None:
        return False
    channels, *extent = grow.shapes[source]
    window = _window(grow, (extent[0], extent[1]), 7, dilate=True, pad=True)
    if window is None:
        return False
    random = grow.random
    groups = [g for g in (1, 1, 1, 2, 4, channels) if channels % g == 0]
    group = random.choice(groups)
    kernels = group * random.choice([1, 2, max(1, 8 // group), random.randint(1, max(1, 40 // group))])
    size = window.pop("size")
    if kernels * size[0] * size[1] > LARGEST:
        return False
    fan = channels // group * window["kernel_shape"][0] * window["kernel_shape"][1]
    weight = grow.floats(kernels, channels // group, *window["kernel_shape"], scale=1.4 / fan**0.5)
    sources = [source, grow.constant(weight)]
    if random.random() < 0.7:
        sources.append(grow.constant(grow.floats(kernels, scale=0.3)))
    grow.add("Conv", sources, (kernels, *size), group=group, **window)
    return True


def pool(grow: Grower) -> bool:
    """MaxPool and AveragePool."""
    source = grow.pick()
    if source is None:
        return False
    channels, *extent = grow.shapes[source]
    window = _window(grow, (extent[0], extent[1]), 8, dilate=False, pad=True)
    if window is None or any(p >= window["kernel_shape"][i % 2] for i, p in enumerate(window["pads"])):
        return False
    size = window.pop("size")
    del window["dilations"]
    if grow.random.random() < 0.5:
        grow.add("MaxPool", [source], (channels, *size), **window)
    else:
        window["count_include_pad"] = grow.random.choice([0, 1])
        grow.add("AveragePool", [source], (channels, *size), **window)
    return True


def activation(grow: Grower) -> bool:
    """Pointwise functions, some of which only the host has."""
    source = grow.pick(grow.random.choice([3, 3, 3, 1]))
    if source is None:
        return False
    shape = grow.shapes[source]
    kind = grow.random.choice(
        ["Relu", "Relu", "Relu", "LeakyRelu", "PRelu", "Clip", "Clip", "Sigmoid", "Tanh", "Identity", "HardSigmoid"]
    )
    if kind == "LeakyRelu":
        grow.add(kind, [source], shape, alpha=grow.random.choice([0.01, 0.1, 0.25]))
    elif kind == "PRelu":
        slopes = grow.floats(shape[0], *(1,) * (len(shape) - 1), scale=0.2, mean=0.2)
        grow.add(kind, [source, grow.constant(slopes)], shape)
    elif kind == "Clip":
        low, high = grow.random.choice([(0.0, 6.0), (0.0, 1.5), (-1.0, 1.0)])
        grow.add(kind, [source, grow.constant(np.float32(low)), grow.constant(np.float32(high))], shape)
    else:
        grow.add(kind, [source], shape)
    return True


def affine(grow: Grower) -> bool:
    """Arithmetic with constants, BatchNormalization."""
    source = grow.pick()
    if source is None:
        return False
    shape = grow.shapes[source]
    channels = shape[0]
    kind = grow.random.choice(["Add", "Sub", "Mul", "Div", "BatchNormalization"])
    if kind == "BatchNormalization":
        blocks.normalised(grow, source)
        return True
    size = grow.random.choice([(), (channels, 1, 1), (1, channels, 1, 1)])
    value = grow.floats(*size, scale=0.3) + np.float32(0 if kind in ("Add", "Sub") else 1.2)
    value = np.where(np.abs(value) < 0.3, np.float32(0.5), value).astype(np.float32)
    sources = [source, grow.constant(value)]
    if kind != "Div" and grow.random.random() < 0.3:
        sources.reverse()
    grow.add(kind, sources, shape)
    return True


def combine(grow: Grower) -> bool:
    """Two tensors of one shape (or a vector per channel): Add, Sub, Mul, Max, Min, Sum; Concat on channels."""
    first = grow.pick()
    if first is None:
        return False
    shape = grow.shapes[first]
    same = [name for name, other in grow.shapes.items() if other == shape]
    planes = [name for name, other in grow.shapes.items() if len(other) == 3 and other[1:] == shape[1:]]
    scales = [name for name, other in grow.shapes.items() if other == (shape[0], 1, 1)]
    kind = grow.random.choice(["Add", "Add", "Sub", "Mul", "Max", "Min", "Sum", "Concat", "Concat"])
    if kind == "Concat":
        parts = [first, *(grow.random.choice(planes) for _ in range(grow.random.randint(1, 2)))]
        channels = sum(grow.shapes[part][0] for part in parts)
        if channels * shape[1] * shape[2] > LARGEST:
            return False
        grow.add(kind, parts, (channels, *shape[1:]), axis=grow.random.choice([1, -3]))
        return True
    second = grow.random.choice(scales if scales and grow.random.random() < 0.4 else same)
    kind = "Add" if kind == "Sub" and first == second else kind  # zeros have no scale
    grow.add(kind, [first, second] if grow.random.random() < 0.7 else [second, first], shape)
    return True


def cut(grow: Grower) -> bool:
    """Split, Slice and Pad."""
    source = grow.pick()
    if source is None:
        return False
    shape = grow.shapes[source]
    random = grow.random
    kind = random.choice(["Split", "Slice", "Slice", "Pad"])
    if kind == "Split":
        if shape[0] < 2:
            return False
        first = random.choice([random.randint(1, shape[0] - 1), 8 * (shape[0] // 16) or 1])
        sizes = [first, shape[0] - first]
        parts: list[Shape] = [(size, *shape[1:]) for size in sizes]
        grow.add(kind, [source, grow.constant(np.array(sizes, np.int64))], parts, axis=1)
    elif kind == "Slice":
        axis = random.randrange(3)
        start = random.randrange(shape[axis])
        end = random.randint(start + 1, shape[axis])
        step = random.choice([1, 1, 1, 2])
        fields = [start, end if random.random() < 0.7 else end - shape[axis] or 1 << 40, axis + 1, step]
        size = list(shape)
        size[axis] = -(-(end - start) // step)
        grow.add(kind, [source, *(grow.constant(np.array([f], np.int64)) for f in fields)], tuple(size))
    else:
        pads = [0, 0, *(random.randint(0, 2) for _ in (0, 1)), 0, 0, *(random.randint(0, 2) for _ in (0, 1))]
        size = [shape[0], shape[1] + pads[2] + pads[6], shape[2] + pads[3] + pads[7]]
        grow.add(kind, [source, grow.constant(np.array(pads, np.int64))], tuple(size))
    return True


def normalise(grow: Grower) -> bool:
    """LRN across channels, and Transpose, which only the host does."""
    source = grow.pick()
    if source is None:
        return False
    shape = grow.shapes[source]
    if grow.random.random() < 0.2:
        grow.add("Transpose", [source], (shape[0], shape[2], shape[1]), perm=[0, 1, 3, 2])
        return True
    size, alpha, beta = (
        grow.random.choice([3, 5, 7, 9]),
        grow.random.choice([1e-4, 0.05, 0.5]),
        grow.random.choice([0.5, 0.75]),
    )
    grow.add("LRN", [source], shape, size=size, alpha=alpha, beta=beta, bias=grow.random.choice([1.0, 2.0]))
    return True


def reduce(grow: Grower) -> bool:
    """Global pooling, ReduceMean, Flatten and Reshape to a vector."""
    source = grow.pick()
    if source is None:
        return False
    shape = grow.shapes[source]
    kind = grow.random.choice(["GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "Flatten", "Reshape"])
    if kind == "ReduceMean":
        grow.add(kind, [source, grow.constant(np.array([2, 3], np.int64))], (shape[0], 1, 1), keepdims=1)
    elif kind == "Flatten":
        grow.add(kind, [source], (int(np.prod(shape)),))
    elif kind == "Reshape":
        grow.add(kind, [source, grow.constant(np.array([0, -1], np.int64))], (int(np.prod(shape)),))
    else:
        grow.add(kind, [source], (shape[0], 1, 1))
    return True


def resize(grow: Grower) -> bool:
    """Resize to nearest, SpaceToDepth, DepthToSpace, ConvTranspose."""
    source = grow.pick()
    if source is None:
        return False
    channels, height, width = grow.shapes[source]
    kind = grow.random.choice(["Resize", "SpaceToDepth", "DepthToSpace", "ConvTranspose"])
    if kind == "SpaceToDepth":
        if height % 2 or width % 2:
            return False
        grow.add(kind, [source], (4 * channels, height // 2, width // 2), blocksize=2)
    elif 4 * channels * height * width > LARGEST:
        return False
    elif kind == "DepthToSpace":
        if channels % 4:
            return False
        order = grow.random.choice([{"mode": "DCR"}, {"mode": "CRD"}, {}])  # opsets before 11 know no mode
        grow.add(kind, [source], (channels // 4, 2 * height, 2 * width), blocksize=2, **order)
    elif kind == "Resize":
        scales = grow.constant(np.array([1, 1, 2, 2], np.float32))
        grow.add(
            kind, [source, "", scales], (channels, 2 * height, 2 * width), mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip
    else:
        kernel = grow.random.choice([2, 3, 4])
        kernels = grow.random.randint(1, 12)
        weight = grow.floats(channels, kernels, kernel, kernel, scale=1.4 / (channels * kernel) ** 0.5)
        size = (2 * (height - 1) + kernel, 2 * (width - 1) + kernel)
        grow.add("ConvTranspose", [source, grow.constant(weight)], (kernels, *size), strides=[2, 2])
    return True


def dense(grow: Grower) -> bool:
    """Gemm and MatMul of a vector; Softmax."""
    source = grow.pick(1)
    if source is None:
        return False
    (features,) = grow.shapes[source]
    outputs = grow.random.randint(1, 40)
    kind = grow.random.choice(["Gemm", "Gemm", "MatMul", "Softmax"])
    if kind == "Softmax":
        grow.add(kind, [source], (features,), axis=-1)
        return True
    if features * outputs > 200_000:
        return False
    weight = grow.floats(features, outputs, scale=1.4 / features**0.5)
    if kind == "MatMul":
        grow.add(kind, [source, grow.constant(weight)], (outputs,))
        return True
    transposed = grow.random.random() < 0.5
    sources = [source, grow.constant(weight.T.copy() if transposed else weight)]
    if grow.random.random() < 0.7:
        sources.append(grow.constant(grow.floats(outputs, scale=0.3)))
    grow.add(kind, sources, (outputs,), transB=int(transposed))
    return True

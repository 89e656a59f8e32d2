"""Steps of random networks that move elements, or work on them one by one, in all their forms."""

from __future__ import annotations

import numpy as np

from cocodla.fuzz.grower import Grower

LARGEST = 60_000
"""Most elements such a step may make."""


def spread(grow: Grower) -> bool:
    """ConvTranspose with any kernel, strides, pads, dilations, output_padding and groups."""
    source = grow.pick()
    if source is None:
        return False
    random, (channels, *extent) = grow.random, grow.shapes[source]
    group = random.choice([g for g in (1, 1, 2, 4, channels) if channels % g == 0])
    kernels = group * random.randint(1, 3 if group > 4 else 8)
    stride, kernel, dilation, extra, size = [0, 0], [0, 0], [0, 0], [0, 0], [0, 0]
    pads = [0, 0, 0, 0]
    for axis in (0, 1):
        stride[axis], kernel[axis], dilation[axis] = random.randint(1, 4), random.randint(1, 4), random.randint(1, 2)
        span = (kernel[axis] - 1) * dilation[axis] + 1
        pads[axis], pads[axis + 2] = (random.randint(0, min(2, span - 1)) for _ in (0, 1))
        extra[axis] = random.randint(0, stride[axis] - 1)
        size[axis] = (extent[axis] - 1) * stride[axis] + span + extra[axis] - pads[axis] - pads[axis + 2]
    if min(size) < 1 or kernels * size[0] * size[1] > LARGEST or channels * kernel[0] * kernel[1] > 600:
        return False
    fan = channels // group * kernel[0] * kernel[1] / (stride[0] * stride[1])
    weight = grow.floats(channels, kernels // group, *kernel, scale=1.4 / max(fan, 1) ** 0.5)
    sources = [source, grow.constant(weight)]
    if random.random() < 0.7:
        sources.append(grow.constant(grow.floats(kernels, scale=0.3)))
    grow.add(
        "ConvTranspose", sources, (kernels, size[0], size[1]), group=group, strides=stride, dilations=dilation,
        output_padding=extra, pads=pads,
    )  # fmt: skip
    return True


def join(grow: Grower) -> bool:
    """Concat or Split along rows or columns, nearest Resize by different factors."""
    source = grow.pick()
    if source is None:
        return False
    random, shape = grow.random, grow.shapes[source]
    axis = random.choice([1, 2])
    kind = random.choice(["Concat", "Split", "Resize"])
    if kind == "Split":
        if shape[axis] < 2:
            return False
        first = random.randint(1, shape[axis] - 1)
        sizes = [first, shape[axis] - first]
        parts = [tuple(n if a == axis else m for a, m in enumerate(shape)) for n in sizes]
        grow.add(kind, [source, grow.constant(np.array(sizes, np.int64))], parts, axis=axis + 1)
        return True
    if kind == "Resize":
        factors = (random.randint(1, 4), random.randint(1, 3))
        larger = (shape[0], shape[1] * factors[0], shape[2] * factors[1])
        if int(np.prod(larger)) > LARGEST:
            return False
        scales = grow.constant(np.array([1, 1, *factors], np.float32))
        grow.add(kind, [source, "", scales], larger, coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        return True
    others = [
        name for name, other in grow.shapes.items()
        if len(other) == 3 and all(m == n for a, (m, n) in enumerate(zip(other, shape, strict=True)) if a != axis)
    ]  # fmt: skip
    parts_ = [source, *(random.choice(others) for _ in range(random.randint(1, 3)))]
    size = tuple(sum(grow.shapes[p][axis] for p in parts_) if a == axis else n for a, n in enumerate(shape))
    if int(np.prod(size)) > LARGEST:
        return False
    grow.add(kind, parts_, size, axis=axis + 1)
    return True


def shuffle(grow: Grower) -> bool:
    """Channels, or channels and blocks of pixels, in another order by Reshape and Transpose."""
    source = grow.pick()
    if source is None:
        return False
    random, (channels, height, width) = grow.random, grow.shapes[source]
    block = random.choice([1, 2])
    groups = [g for g in (2, 3, 4, 8) if channels % g == 0]
    if block == 1 and groups:
        group = random.choice(groups)
        steps = [(1, group, channels // group, height, width), (0, 2, 1, 3, 4), (1, channels, height, width)]
    elif block == 2 and channels % 4 == 0 and channels * height * width <= LARGEST:
        steps = [
            (1, channels // 4, 2, 2, height, width), (0, 1, 4, 2, 5, 3), (1, channels // 4, 2 * height, 2 * width),
        ]  # fmt: skip
    elif block == 2 and height % 2 == width % 2 == 0:
        steps = [
            (1, channels, height // 2, 2, width // 2, 2), (0, 3, 5, 1, 2, 4),
            (1, 4 * channels, height // 2, width // 2),
        ]  # fmt: skip
    else:
        return False
    last = source
    for index, step in enumerate(steps):
        before = tuple(steps[index - 1][axis] for axis in step)[1:] if index % 2 else step[1:]
        if index % 2:
            grow.add("Transpose", [last], before, perm=list(step))
        else:
            grow.add("Reshape", [last, grow.constant(np.array(step, np.int64))], before)
        last = list(grow.shapes)[-1]
    return True


def single(grow: Grower) -> bool:
    """Functions and constants of single elements: by element, by position, limits of all kinds."""
    source = grow.pick()
    if source is None:
        return False
    random, shape = grow.random, grow.shapes[source]
    kind = random.choice(["Add", "Sub", "Mul", "Clip", "Abs", "Neg", "Max", "Min", "Sum"])
    if kind in ("Add", "Sub", "Mul"):
        size = tuple(n if random.random() < 0.6 else 1 for n in shape)
        value = grow.floats(*size, scale=0.4) + np.float32(kind == "Mul")
        sources = [source, grow.constant(value)]
        grow.add(kind, sources[:: random.choice([1, -1])], shape)
    elif kind == "Clip":
        low, high = sorted((random.uniform(-2, 1), random.uniform(0, 2)))
        limits = [grow.constant(np.float32(v)) if random.random() < 0.7 else "" for v in (low, high + 0.1)]
        if not any(limits):
            return False
        grow.add(kind, [source, *limits], shape)
    elif kind in ("Max", "Min", "Sum"):
        same = [name for name, other in grow.shapes.items() if other == shape]
        operands = [source, *(random.choice(same) for _ in range(random.randint(0, 2)))]
        operands.append(grow.constant(grow.floats(shape[0], 1, 1, scale=0.3)))
        grow.add(kind, operands, shape)
    else:
        grow.add(kind, [source], shape)
    return True

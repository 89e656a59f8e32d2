"""Steps of random networks about the order of elements and what is around them.

Channels last, channels in another order, padding of all kinds, windows beyond the hardware's limits, operators that
change nothing.
"""

from __future__ import annotations

import numpy as np

from cocodla.fuzz.grower import Grower

LARGEST = 24_000
"""Most elements such a step may make."""
FIRST, LAST = [0, 3, 1, 2], [0, 2, 3, 1]


def _transposed(grow: Grower, source: str, perm: list[int]) -> str:
    shape = grow.shapes[source]
    return grow.add("Transpose", [source], tuple(shape[axis - 1] for axis in perm[1:]), perm=perm)


def channels_last(grow: Grower) -> bool:
    """Operators between Transposes to N x H x W x C and back; now and then only one of the two."""
    source = grow.pick()
    if source is None:
        return False
    random = grow.random
    last = _transposed(grow, source, LAST) if random.random() < 0.8 else source
    for _ in range(random.randint(1, 3)):
        height, width, channels = shape = grow.shapes[last]
        kind = random.choice(["Add", "Mul", "Div", "Relu", "Clip", "Concat", "Pad", "ReduceMean", "Sum", "Sigmoid"])
        if kind in ("Add", "Mul", "Div"):
            value = grow.floats(random.choice([1, channels]), scale=0.3) + np.float32(kind != "Add")
            value = np.where(np.abs(value) < 0.3, np.float32(0.5), value).astype(np.float32)
            last = grow.add(kind, [last, grow.constant(value)], shape)
        elif kind == "Clip":
            limits = [grow.constant(np.float32(-1)), grow.constant(np.float32(random.uniform(0, 2)))]
            last = grow.add(kind, [last, *limits], shape)
        elif kind == "Concat":
            if 2 * height * width * channels > LARGEST:
                return False
            last = grow.add(kind, [last, last], (height, width, 2 * channels), axis=3)
        elif kind == "Pad":
            pads = [0, *(random.randint(0, 2) for _ in (0, 1)), 0, 0, *(random.randint(0, 2) for _ in (0, 1)), 0]
            size = (height + pads[1] + pads[5], width + pads[2] + pads[6], channels)
            last = grow.add(kind, [last, grow.constant(np.array(pads, np.int64))], size)
        elif kind == "ReduceMean":
            axes = grow.constant(np.array([1, 2], np.int64))
            last = grow.add(kind, [last, axes], (1, 1, channels), keepdims=1)
        else:
            last = grow.add(kind, [last, last] if kind == "Sum" else [last], shape)
    if random.random() < 0.8:
        _transposed(grow, last, FIRST)
    return True


def reorder(grow: Grower) -> bool:
    """Channels in another order, backwards or some of them, in all the ways there are."""
    source = grow.pick()
    if source is None:
        return False
    random, (channels, height, width) = grow.random, grow.shapes[source]
    kind = random.choice(["Gather", "Slice", "Split", "batch"])
    if kind == "Gather":
        count = random.choice([channels, random.randint(1, channels)])
        order = random.sample(range(channels), count) if random.random() < 0.8 else [random.randrange(channels)] * 2
        grow.add(kind, [source, grow.constant(np.array(order, np.int64))], (len(order), height, width), axis=1)
    elif kind == "Slice":
        fields = [channels - 1, -(1 << 40), 1, -1]
        grow.add(kind, [source, *(grow.constant(np.array([f], np.int64)) for f in fields)], grow.shapes[source])
    elif kind == "Split":
        parts = random.choice([n for n in (2, 3, 4, channels) if channels % n == 0 and n <= 4] or [1])
        if parts == 1:
            return False
        sizes = grow.constant(np.array([channels // parts] * parts, np.int64))
        first = grow.add(kind, [source, sizes], [(channels // parts, height, width)] * parts, axis=1)
        names = [f"t{int(first[1:]) + index}" for index in range(parts)]
        grow.add("Concat", random.sample(names, parts), (channels, height, width), axis=1)
    else:
        return _merged_with_batch(grow, source)
    return True


def _merged_with_batch(grow: Grower, source: str) -> bool:
    """A shuffle of two groups with the batch among the channels, and both halves of it (valid for one image)."""
    channels, height, width = grow.shapes[source]
    if channels % 4:
        return False
    half = channels // 2
    shapes = [np.array(shape, np.int64) for shape in ((half, 2, height * width), (2, -1, half, height, width))]
    pairs = grow.add("Reshape", [source, grow.constant(shapes[0])], (2, height * width))
    swapped = grow.add("Transpose", [pairs], (half, height * width), perm=[1, 0, 2])
    both = grow.add("Reshape", [swapped, grow.constant(shapes[1])], (1, half, height, width))
    grow.inner |= {pairs, swapped, both}
    for index in (0, 1):
        grow.add("Gather", [both, grow.constant(np.array(index, np.int64))], (half, height, width), axis=0)
    return True


def beyond(grow: Grower) -> bool:
    """A convolution beyond the hardware's kernel, stride, dilation or padding."""
    source = grow.pick()
    if source is None:
        return False
    random, (channels, *extent) = grow.random, grow.shapes[source]
    kernel, stride, dilation, pads = [1, 1], [1, 1], [1, 1], [0, 0, 0, 0]
    axis = random.choice([0, 1])
    kernel[1 - axis] = min(random.choice([1, 1, 3]), extent[1 - axis])
    kind = random.choice(["kernel", "stride", "dilation", "padding"])
    if kind == "kernel":
        kernel[axis] = random.randint(33, 70)
    elif kind == "stride":
        stride[axis], kernel[axis] = random.randint(9, 20), random.choice([1, 3, 10])
    elif kind == "dilation":
        kernel[axis], dilation[axis] = 2, random.randint(33, 50)
    else:
        kernel[axis] = 3
        pads[axis] = random.randint(32, 40)
    missing = (kernel[axis] - 1) * dilation[axis] + 1 - extent[axis] - pads[axis]
    pads[axis] += max(0, missing // 2 + 1)
    pads[axis + 2] += max(0, missing - missing // 2)
    size = [(extent[a] + pads[a] + pads[a + 2] - (kernel[a] - 1) * dilation[a] - 1) // stride[a] + 1 for a in (0, 1)]
    group = random.choice([g for g in (1, 1, channels) if channels % g == 0])
    kernels = group * random.randint(1, max(1, 12 // group))
    if min(size) < 1 or kernels * size[0] * size[1] > LARGEST or channels * kernel[axis] > 1000:
        return False
    fan = channels // group * kernel[0] * kernel[1]
    weight = grow.constant(grow.floats(kernels, channels // group, *kernel, scale=1.4 / fan**0.5))
    window = {"strides": stride, "dilations": dilation, "pads": pads}
    grow.add("Conv", [source, weight], (kernels, size[0], size[1]), group=group, **window)
    return True


def around(grow: Grower) -> bool:
    """Pad with rows and columns of the tensor, or with what maxima never take; linear Resize."""
    source = grow.pick()
    if source is None:
        return False
    random, (channels, height, width) = grow.random, grow.shapes[source]
    kind = random.choice(["reflect", "edge", "lowest", "linear"])
    if kind == "linear":
        factors = (random.randint(1, 3), random.randint(1, 3))
        size = (channels, height * factors[0], width * factors[1])
        if int(np.prod(size)) > LARGEST:
            return False
        counting = random.choice(["half_pixel", "asymmetric", "align_corners"])
        scales = grow.constant(np.array([1, 1, *factors], np.float32))
        grow.add("Resize", [source, "", scales], size, mode="linear", coordinate_transformation_mode=counting)
        return True
    most = min(3, height - 1, width - 1)
    if most < 1:
        return False
    pads = [0, 0, *(random.randint(0, most) for _ in (0, 1)), 0, 0, *(random.randint(0, most) for _ in (0, 1))]
    size = (channels, height + pads[2] + pads[6], width + pads[3] + pads[7])
    amounts = grow.constant(np.array(pads, np.int64))
    if kind != "lowest":
        grow.add("Pad", [source, amounts], size, mode=kind)
        return True
    value = grow.constant(np.float32(random.choice([-np.inf, -1e4, float(np.finfo(np.float32).min)])))
    padded = grow.add("Pad", [source, amounts, value], size)
    kernel = max(pads) + 1
    if min(size[1:]) < kernel:
        return False
    grow.add("MaxPool", [padded], (channels, size[1] - kernel + 1, size[2] - kernel + 1), kernel_shape=[kernel] * 2)
    return True


def nothing(grow: Grower) -> bool:
    """Operators that leave a tensor as it is."""
    source = grow.pick()
    if source is None:
        return False
    shape = grow.shapes[source]
    kind = grow.random.choice(["Concat", "Clip", "Identity", "Pad", "Mul", "Transpose", "MaxPool"])
    if kind == "Concat":
        grow.add(kind, [source], shape, axis=1)
    elif kind == "Pad":
        grow.add(kind, [source, grow.constant(np.zeros(8, np.int64))], shape)
    elif kind == "Mul":
        grow.add(kind, [source, grow.constant(np.float32(1))], shape)
    elif kind == "Transpose":
        grow.add(kind, [source], shape, perm=[0, 1, 2, 3])
    elif kind == "MaxPool":
        grow.add(kind, [source], shape, kernel_shape=[1, 1])
    else:
        grow.add(kind, [source], shape)
    return True

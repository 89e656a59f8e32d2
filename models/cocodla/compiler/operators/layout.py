"""Operators about shapes and padding."""

from __future__ import annotations

import numpy as np

from cocodla.compiler.ir import Pad, Reshape, Shape
from cocodla.compiler.operators.source import Result, Source, Unsupported


def flatten(source: Source) -> Result:
    """Flatten behind the batch axis."""
    axis = source.attributes(axis=1)["axis"]
    shape = source.shape(0)
    if axis not in (1, -len(shape)):
        raise Unsupported(f"axis must be 1 (only the batch stays), it is {axis}")
    return _reshape(source, (int(np.prod(shape)),))


def reshape(source: Source) -> Result:
    """Reshape that leaves the batch axis alone."""
    allow_zero = source.attributes(allowzero=0)["allowzero"]
    target = [int(extent) for extent in source.constant(1, "the shape").reshape(-1)]
    shape = (1, *source.shape(0))
    if not allow_zero:
        target = [shape[axis] if extent == 0 and axis < len(shape) else extent for axis, extent in enumerate(target)]
    known = -int(np.prod(target)) if -1 in target else 0
    target = [int(np.prod(shape)) // known if extent == -1 and known else extent for extent in target]
    if int(np.prod(target)) != int(np.prod(shape)) or len(target) < 2 or target[0] != 1:
        raise Unsupported(f"the batch axis must stay in front: {shape} cannot become {tuple(target)}")
    return _reshape(source, tuple(target[1:]))


def extents_of_one(source: Source) -> Result:
    """Squeeze and Unsqueeze behind the batch axis."""
    attributes = source.attributes(axes=None)
    given = attributes["axes"]
    if given is None and source.has(1):
        given = [int(axis) for axis in source.constant(1, "the axes").reshape(-1)]
    shape = [1, *source.shape(0)]
    if source.node.op_type == "Unsqueeze":
        count = len(shape) + len(given)
        for axis in sorted(axis % count for axis in given):
            shape.insert(axis, 1)
    else:
        dropped = [axis % len(shape) for axis in given or [a for a, n in enumerate(shape) if n == 1]]
        if any(shape[axis] != 1 for axis in dropped):
            raise Unsupported(f"axes {given} of {tuple(shape)} are not all 1")
        shape = [extent for axis, extent in enumerate(shape) if axis not in dropped]
        if 0 in dropped:
            raise Unsupported(f"the batch axis must stay, axes are {given}")
    if shape[0] != 1:
        raise Unsupported(f"the batch axis must stay in front, the result would be {tuple(shape)}")
    return _reshape(source, tuple(shape[1:]))


def transpose(source: Source) -> Result:
    """Transpose that moves nothing but axes of one element."""
    shape = (1, *source.shape(0))
    order = list(source.attributes(perm=None)["perm"] or range(len(shape))[::-1])
    moved = [axis for axis in order if shape[axis] > 1]
    if moved != sorted(moved) or order[0] != 0:
        raise Unsupported(f"perm must keep the order of all axes above 1, it is {order} for {shape}")
    return _reshape(source, tuple(shape[axis] for axis in order[1:]))


def _reshape(source: Source, shape: Shape) -> Result:
    if len(shape) not in (1, 3):
        raise Unsupported(f"the result must be a vector or an image, its shape would be {shape}")
    return Reshape(source.label, [source.tensor(0)], source.output, shape), shape


def pad(source: Source) -> Result:
    """Pad with zeros around each channel."""
    attributes = source.attributes(mode=b"constant", pads=None, value=0.0)
    if attributes["mode"] != b"constant":
        raise Unsupported(f"mode must be constant, it is {attributes['mode'].decode()}")
    shape = source.shape(0, axes=3)
    pads = list(attributes["pads"] or source.constant(1, "the pads").reshape(-1))
    value = float(source.constant(2, "the value").item()) if source.has(2) else float(attributes["value"])
    if source.has(3):
        raise Unsupported("the input axes is not supported")
    if value != 0:
        raise Unsupported(f"the value must be 0, it is {value}")
    if len(pads) != 8 or min(pads) < 0 or pads[0] or pads[1] or pads[4] or pads[5]:
        raise Unsupported(f"only height and width may be padded, pads are {pads}")
    top, left, bottom, right = (int(pads[i]) for i in (2, 3, 6, 7))
    node = Pad(source.label, [source.tensor(0)], source.output, (top, left, bottom, right))
    return node, (shape[0], shape[1] + top + bottom, shape[2] + left + right)

"""Operators about shapes and padding."""

from __future__ import annotations

import numpy as np

from cocodla.compiler.frontend.operators.moving import lines
from cocodla.compiler.frontend.operators.source import Result, Source, Unsupported
from cocodla.compiler.ir import BOUNDLESS, Conv, FloatArray, Pad, Reshape, Shape, Slice


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
    if len(shape) not in (1, 3) and not source.leaves:
        raise Unsupported(f"the result must be a vector or an image, its shape would be {shape}")
    return Reshape(source.label, [source.tensor(0)], source.output, shape), shape


def pad(source: Source) -> list[Result]:
    """Pad with a constant around rows, columns and channels; negative pads cut off."""
    attributes = source.attributes(mode=b"constant", pads=None, value=0.0)
    shape, (before, behind) = source.shape(0, axes=3), _pads(source, attributes["pads"])
    if attributes["mode"] != b"constant":
        return _repeated(source, shape, before, behind, attributes["mode"].decode())
    value = float(source.constant(2, "the value").item()) if source.has(2) else float(attributes["value"])
    if not (np.isfinite(value) or value == -np.inf):
        raise Unsupported(f"the value must be finite, it is {value}")
    results: list[Result] = []
    last = source.tensor(0)
    box = [(max(0, -a), n - max(0, -b)) for a, b, n in zip(before, behind, shape, strict=True)]
    inner = tuple(end - first for first, end in box)
    if min(inner) < 1:
        raise Unsupported(f"nothing is left of {shape} with pads {before} and {behind}")
    if inner != shape:
        last = f"{source.output}/inner"
        part = Slice(f"{source.label}/inner", [source.tensor(0)], last, (box[0], box[1], box[2]))
        results.append((part, inner))
    (front, top, left), (back, bottom, right) = ([max(0, pad) for pad in pads] for pads in (before, behind))
    outer = (inner[0] + front + back, inner[1] + top + bottom, inner[2] + left + right)
    around = (top, left, bottom, right)
    if outer[0] > inner[0]:
        if not abs(value) < BOUNDLESS:
            raise Unsupported(f"the value around channels must be finite, it is {value}")
        name = f"{source.output}/channels" if any(around) else source.output
        results.append(_more_channels(source, last, inner, (front, back), value, name))
        last = name
    if any(around) or outer[0] == inner[0]:
        results.append((Pad(source.label, [last], source.output, around, value), outer))
    return results


def _repeated(source: Source, shape: Shape, before: list[int], behind: list[int], mode: str) -> list[Result]:
    """Pad with rows and columns of the tensor itself."""
    if mode not in ("reflect", "edge", "wrap") or before[0] or behind[0] or min(*before, *behind) < 0:
        raise Unsupported(f"mode {mode!r} with pads {before} and {behind}: only rows and columns, from 0 on")
    results: list[Result] = []
    tensor, extents = source.tensor(0), shape
    padded = [axis for axis in (1, 2) if before[axis] or behind[axis]]
    for axis in padded or [1]:
        indices = np.pad(np.arange(extents[axis]), (before[axis], behind[axis]), mode=mode)  # type: ignore
        output = source.output if axis == (padded or [1])[-1] else f"{source.output}/rows"
        results += lines(source, tensor, extents, axis, indices, output)
        tensor, extents = output, results[-1][1]
    return results


def _pads(source: Source, given: list[int] | None) -> tuple[list[int], list[int]]:
    """(before, behind) of channels, rows and columns."""
    pads = list(given or (int(n) for n in source.constant(1, "the pads").reshape(-1)))
    axes = [int(n) % 4 for n in source.constant(3, "the axes").reshape(-1)] if source.has(3) else [0, 1, 2, 3]
    if len(pads) != 2 * len(axes):
        raise Unsupported(f"there must be two pads for each axis, they are {pads} for axes {axes}")
    sides = [[0, 0, 0, 0], [0, 0, 0, 0]]
    for index, axis in enumerate(axes):
        sides[0][axis], sides[1][axis] = pads[index], pads[index + len(axes)]
    if sides[0][0] or sides[1][0]:
        raise Unsupported(f"the batch cannot be padded, pads are {pads}")
    return sides[0][1:], sides[1][1:]


def _more_channels(
    source: Source, tensor: str, inner: Shape, more: tuple[int, int], value: float, output: str
) -> Result:
    """A convolution that puts channels of `value` before and behind those of a tensor."""
    channels, (front, back) = inner[0], more
    weight = np.zeros((front + channels + back, channels, 1, 1))
    weight[front + np.arange(channels), np.arange(channels)] = 1
    bias: FloatArray = np.full(len(weight), value)
    bias[front : front + channels] = 0
    name = source.label if output == source.output else f"{source.label}/channels"
    node = Conv(name, [tensor], output, weight, bias, (1, 1), (0, 0), (inner[1], inner[2]))
    return node, (len(weight), inner[1], inner[2])

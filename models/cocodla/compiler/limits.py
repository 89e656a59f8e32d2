"""What a hardware layer may look like, as reasons why one is not possible (spec: convolution.md 4, pdp.md 3 and 6)."""

from __future__ import annotations

from cocodla import hw
from cocodla.compiler.ir import (
    Add,
    Concat,
    Conv,
    Curve,
    Custom,
    Host,
    Lrn,
    Mean,
    Move,
    Multiply,
    Node,
    Pair,
    Pointwise,
    Pool,
    PoolFunction,
    Shape,
    Slice,
)
from cocodla.compiler.stack import stack_of
from cocodla.errors import UserError


class Refused(UserError):
    """A node that the accelerator cannot do, and why: the constraint and the value found."""

    def __init__(self, kind: str, node: str, reason: str) -> None:
        super().__init__(f"{kind} {node!r}: {reason}")
        self.kind, self.node, self.reason = kind, node, reason


def pool_fault(function: PoolFunction, extent: Pair, on_the_fly: bool) -> str | None:
    """Why PDP cannot pool an input of `extent` (height, width); None if it can.

    From memory it may work in vertical strips; on the fly its line buffer must hold a whole row.
    """
    behind = [function.covered(axis) - extent[axis] for axis in (0, 1)]
    if max(function.kernel) > hw.PDP_MAX_KERNEL:
        return f"the pooling kernel {function.kernel} is larger than {hw.PDP_MAX_KERNEL}"
    if max(function.stride) > hw.PDP_MAX_STRIDE:
        return f"the pooling stride {function.stride} is larger than {hw.PDP_MAX_STRIDE}"
    if max(*function.pad, *behind) > hw.PDP_MAX_PAD:
        return f"the pooling pads {function.pad} and {tuple(behind)} are larger than {hw.PDP_MAX_PAD}"
    if any(b >= k for b, k in zip(behind, function.kernel, strict=True)):
        return "a pooling window lies wholly in the padding"
    if on_the_fly and function.size[1] > pdp_columns(function):
        return f"the pooled width {function.size[1]} is larger than the line buffer's {pdp_columns(function)}"
    return None


def pdp_columns(function: PoolFunction) -> int:
    """Widest output the line buffer of PDP holds for this kernel and stride (spec: pdp.md section 6)."""
    kernel, stride = function.kernel[0], function.stride[0]
    if stride >= kernel:
        lines = 1
    elif stride == 1:
        lines = kernel
    elif stride == 2:
        lines = hw.ceil_div(kernel, 2)
    else:
        lines = 3 if stride == 3 and kernel > 6 else 2
    return 128 if lines == 1 else 64 if lines == 2 else 32 if lines <= 4 else 16


def check(node: Node, shape: Shape) -> None:
    """Raise Refused if `node` cannot be one hardware layer for an input of `shape` (channels, height, width)."""
    if isinstance(node, Conv):
        reason = _conv_fault(node, shape)
    elif isinstance(node, Mean):
        reason = _mean_fault(node.function, shape)
    elif isinstance(node, (Add, Multiply, Pointwise, Lrn, Curve, Custom, Concat, Slice, Move, Host)):
        reason = None if max(shape) <= hw.MAX_EXTENT else f"an extent of {shape} is larger than {hw.MAX_EXTENT}"
    elif isinstance(node, Pool):
        function = node.function
        covered = (min(shape[1], function.covered(0)), min(shape[2], function.covered(1)))
        reason = pool_fault(function, covered, on_the_fly=False)
    else:
        reason = "there is no hardware layer for it"
    if reason is not None:
        raise Refused(type(node).__name__, node.name, reason)


def _mean_fault(function: PoolFunction, shape: Shape) -> str | None:
    if max(*shape, *function.size) > hw.MAX_EXTENT:
        return f"an extent of {shape} -> {function.size} is larger than {hw.MAX_EXTENT}"
    if stack_of(function, (min(shape[0], hw.ATOM), *shape[1:])) is not None:
        return None
    if max(function.kernel) > hw.MAX_KERNEL:
        return f"the kernel {function.kernel} of its average is larger than {hw.MAX_KERNEL}"
    if max(function.stride) > hw.MAX_STRIDE:
        return f"the stride {function.stride} of its average is larger than {hw.MAX_STRIDE}"
    return None


def _conv_fault(node: Conv, shape: Shape) -> str | None:
    kernel = node.weight.shape[2:]
    if max(kernel) > hw.MAX_KERNEL:
        return f"the kernel {kernel} is larger than {hw.MAX_KERNEL}"
    if max(node.stride) > hw.MAX_STRIDE:
        return f"the stride {node.stride} is larger than {hw.MAX_STRIDE}"
    if max(node.dilation) > hw.MAX_DILATION:
        return f"the dilation {node.dilation} is larger than {hw.MAX_DILATION}"
    if max(node.pad) > hw.MAX_PAD:
        return f"the padding {node.pad} is larger than {hw.MAX_PAD}"
    if max(*shape, *node.size, len(node.weight)) > hw.MAX_EXTENT:
        return f"an extent of {shape} -> {(len(node.weight), *node.size)} is larger than {hw.MAX_EXTENT}"
    return None

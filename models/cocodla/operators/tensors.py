"""Operators from memory to memory: sums, products, poolings, normalisation, moves; in ONNX: domain "cocodla"."""

from __future__ import annotations

from cocodla import hw
from cocodla.compiler.hardware.moves import copies
from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.ir import Loop
from cocodla.operators.integers import addition, normalisation, product
from cocodla.operators.library import DOMAIN
from cocodla.units import BrokenRule, Pool, Sdp, Steps, operator
from cocodla.units.places import written_at


@operator(DOMAIN, "AddRelu", "(x, y) => (z) { s = Add(x, y) z = Relu(s) }")
def add_relu(steps: Steps[Tensor], x: Tensor, y: Tensor, *, to: Tensor) -> None:
    """relu(x + y), each operand in a scale of its own: one pass of SDP."""
    steps(addition(x, y, to, relu=True), to=to)


@operator(DOMAIN, "MaxPool3x3", "(x) => (y) { y = MaxPool <kernel_shape: ints = [3, 3], strides: ints = [2, 2]> (x) }",
          codes="kept", zeros=True)  # fmt: skip
def max_pool_3x3(steps: Steps[Tensor], x: Tensor, *, to: Tensor) -> None:
    """Largest element of 3x3 windows at every second position; PDP works in strips where the image is wide."""
    steps(Pool(3, 2, size=(to.height, to.width), source=x), to=to)


@operator(
    DOMAIN, "Lrn",
    "<size, alpha, beta, bias> (x) => (y) { y = LRN <size: int = @size, alpha: float = @alpha, beta: float = @beta, "
    "bias: float = @bias> (x) }",
)  # fmt: skip
def lrn(steps: Steps[Tensor], x: Tensor, *, to: Tensor, size: int, alpha: float, beta: float, bias: float) -> None:
    """Normalisation over neighbouring channels: both tables of CDP hold the curve, one fine, one coarse."""
    steps(normalisation(x, to, size, alpha, beta, bias), to=to)


@operator(DOMAIN, "Reorg", "<stride> (x) => (y) { y = SpaceToDepth <blocksize: int = @stride> (x) }",
          codes="kept", zeros=True)  # fmt: skip
def reorg(steps: Steps[Tensor], x: Tensor, *, to: Tensor, stride: int = 2) -> None:
    """Blocks of stride x stride pixels become channels: SDP copies atoms, what moves them are the strides."""
    if x.channels % hw.ATOM:
        raise BrokenRule(written_at(), "Reorg.x", f"{x.channels} channels, multiples of {hw.ATOM} can be moved")
    whole = hw.surfaces(x.channels)
    loops = (
        Loop(stride, (0, 1, 0), (stride * whole, 0, 0)), Loop(stride, (0, 0, 1), (whole, 0, 0)),
        Loop(whole, (1, 0, 0), (1, 0, 0)), Loop(to.height, (0, stride, 0), (0, 1, 0)),
        Loop(to.width, (0, 0, stride), (0, 0, 1)),
    )  # fmt: skip
    for source, target in copies(loops, x, to):
        steps(Sdp(source), to=target)


@operator(DOMAIN, "ScaleChannels", "(x, gate) => (y) { y = Mul(x, gate) }")
def scale_channels(steps: Steps[Tensor], x: Tensor, gate: Tensor, *, to: Tensor) -> None:
    """The end of squeeze and excite: x times one value a channel, which BS reads from memory once a surface."""
    steps(product(x, gate, to), to=to)

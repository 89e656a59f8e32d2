"""Ten operators where networks have them, each in three ways: written with `cocodla.operators`, as the compiler lowers
ONNX's operators, and layer by layer.

Layer by layer: every operator of the float model is a layer of its own, from memory to memory through int8, as a
library of single operators does it: a convolution only rescales its sums, bias, activation, sum, pooling are layers
behind it. Every layer ends before the registers of the next one are written, and one image follows the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cocodla.compiler.hardware.tensors import Tensor
from cocodla.nets.builder import Builder
from cocodla.operators import library, tensors
from cocodla.operators.integers import addition, curve, normalisation, product
from cocodla.operators.sequence import Sequence
from cocodla.units import Convolve, Pool, Sdp, Stage

Shape = tuple[int, int, int]
SCALE = 4 / 127
LRN: dict[str, Any] = {"size": 5, "alpha": 1e-4, "beta": 0.75, "bias": 1.0}


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@dataclass
class Hand:
    """Writes one of the sequences: random weights, tensors as they are needed; units of their own for single layers."""

    name: str
    shape: Shape
    fused: bool
    steps: Sequence = field(init=False)
    x: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(1)
        self.steps = Sequence(self.name, 2 if self.fused else 1, overlap=self.fused)
        self.x = self.steps.input("x", self.shape, SCALE)

    def new(self, shape: tuple[int, ...]) -> Tensor:
        channels, height, width = shape
        return self.steps.tensor(f"t{len(self.steps.tensors)}", (channels, height, width), SCALE)

    def floats(self, *shape: int) -> np.ndarray:
        return self.random.normal(size=shape) * 1.5 / np.sqrt(np.prod(shape[1:]) or 1)

    # -- layer by layer ---------------------------------------------------------------------

    def sums(self, x: Tensor, kernels: int, kernel: tuple[int, int] = (1, 1), pad: int = 0) -> Tensor:
        """A convolution alone: its sums, rescaled for the whole tensor."""
        weight = self.random.integers(-127, 128, (kernels, x.channels, *kernel)).astype(np.int8)
        unit = Convolve(x, weight, pad=pad)
        to = self.new(unit.out)
        self.steps(unit, Sdp(scale=16384 // max(1, int(100 * np.sqrt(weight[0].size))), shift=14), to=to)
        return to

    def depthwise_sums(self, x: Tensor, pad: int) -> Tensor:
        """A convolution of each channel alone, eight channels a layer."""
        to = self.new(x.shape)
        for first in range(0, x.channels, 8):
            weight = np.zeros((8, 8, 3, 3), np.int8)
            weight[range(8), range(8)] = self.random.integers(-127, 128, (8, 3, 3))
            part, place = (t.view((first, first + 8), (0, t.height), (0, t.width)) for t in (x, to))
            self.steps(Convolve(part, weight, pad=pad), Sdp(scale=50, shift=14), to=place)
        return to

    def bias(self, x: Tensor) -> Tensor:
        to = self.new(x.shape)
        self.steps(Sdp(x, bs=Stage(self.random.integers(-20, 21, x.channels))), to=to)
        return to

    def relu(self, x: Tensor) -> Tensor:
        to = self.new(x.shape)
        self.steps(Sdp(x, bs=Stage(relu=True)), to=to)
        return to

    def leaky(self, x: Tensor) -> Tensor:
        to = self.new(x.shape)
        self.steps(Sdp(x, bs=Stage(mul=3277, mul_shift=15, prelu=True)), to=to)
        return to

    def max_pool(self, x: Tensor) -> Tensor:
        unit = Pool(3, 2, source=x)
        to = self.new(unit.out(x.shape))
        self.steps(unit, to=to)
        return to

    def mean(self, x: Tensor) -> Tensor:
        to = self.new((x.channels, 1, 1))
        library.global_average(self.steps, x, to=to)
        return to

    def by(self, unit: Any, like: Tensor) -> Tensor:
        """A layer of one unit: unit(to)."""
        to = self.new(like.shape)
        self.steps(unit(to), to=to)
        return to


@dataclass(frozen=True)
class OperatorCase:
    """One operator. where: the network it stands in; shape: of its input; small: for tests.

    written: with operators, on a Hand; lowered: ONNX nodes; apart: layer by layer, on a Hand. alone: the operator
    without the layers around it: nothing can be fused, what is left is that layers overlap.
    """

    name: str
    where: str
    shape: Shape
    small: Shape
    written: Callable[[Hand], object]
    lowered: Callable[[Builder], object]
    apart: Callable[[Hand], object]
    alone: bool = False

    def sequence(self, fused: bool, small: bool = False) -> Sequence:
        """As written with operators (fused), or layer by layer."""
        hand = Hand(self.name, self.small if small else self.shape, fused)
        (self.written if fused else self.apart)(hand)
        return hand.steps

    def model(self, small: bool = False) -> Builder:
        """As a model for the compiler."""
        builder = Builder(self.small if small else self.shape, seed=1)
        self.lowered(builder)
        return builder


PADS = (1, 1, 1, 1)


def _conv(hand: Hand, made: Any, kernels: int, x: Tensor | None = None, size: int = 1, **more: Any) -> Tensor:
    """An operator with a convolution in it, whose result has the extent of its input unless `to` is given."""
    x = x or hand.x
    to = more.pop("to", None) or hand.new((kernels, *x.shape[1:]))
    made(hand.steps, x, hand.floats(kernels, x.channels, size, size), hand.floats(kernels), to=to, **more)
    return to


def _pooled(hand: Hand) -> Tensor:
    height, width = ((extent - 3) // 2 + 1 for extent in hand.shape[1:])
    return _conv(hand, library.conv_relu_max_pool, 64, to=hand.new((64, height, width)))


def _then(hand: Hand, made: Any, x: Tensor, shape: tuple[int, ...] | None = None, **more: Any) -> Tensor:
    to = hand.new(shape or x.shape)
    made(hand.steps, x, to=to, **more)
    return to


def _squeezed(hand: Hand) -> None:
    mean = _then(hand, library.global_average, hand.x, (hand.shape[0], 1, 1))
    small = _conv(hand, library.conv_relu, 24, mean)
    logits = hand.new((hand.shape[0], 1, 1))
    library.fully_connected(hand.steps, small, hand.floats(hand.shape[0], 24), hand.floats(hand.shape[0]), to=logits)
    gate = hand.by(lambda to: curve(logits, to, sigmoid), logits)
    scaled = hand.new(hand.shape)
    tensors.scale_channels(hand.steps, hand.x, gate, to=scaled)
    _conv(hand, library.conv_relu, 40, scaled)


def _squeezed_apart(hand: Hand) -> None:
    small = hand.relu(hand.bias(hand.sums(hand.mean(hand.x), 24)))
    logits = hand.bias(hand.sums(small, hand.shape[0]))
    gate = hand.by(lambda to: curve(logits, to, sigmoid), logits)
    scaled = hand.by(lambda to: product(hand.x, gate, to), hand.x)
    hand.relu(hand.bias(hand.sums(scaled, 40)))


def _squeezed_model(builder: Builder) -> None:
    start, channels = builder.last, builder.channels
    builder.node("GlobalAveragePool").conv(24, (1, 1)).node("Relu").conv(channels, (1, 1)).node("Sigmoid")
    builder.node("Mul", inputs=[start, builder.last]).conv(40, (1, 1)).node("Relu")


def _halves(x: Tensor) -> tuple[Tensor, Tensor]:
    half = x.channels // 2
    first, second = ((0, half), (half, x.channels))
    return x.view(first, (0, x.height), (0, x.width), "first"), x.view(second, (0, x.height), (0, x.width), "second")


def _added(hand: Hand) -> None:
    first, second = _halves(hand.x)
    tensors.add_relu(hand.steps, first, second, to=hand.new(first.shape))


def _added_apart(hand: Hand) -> None:
    first, second = _halves(hand.x)
    hand.relu(hand.by(lambda to: addition(first, second, to), first))


def _added_model(builder: Builder) -> None:
    builder.node("Split", axis=1)
    builder.nodes[-1].output.append("second")
    builder.node("Add", "second").node("Relu")


def _moved(hand: Hand, x: Tensor) -> Tensor:
    return _then(hand, tensors.reorg, x, (4 * x.channels, x.height // 2, x.width // 2))


def _projected(hand: Hand) -> None:
    first, second = _halves(hand.x)
    to = hand.new(first.shape)
    library.token_projection(
        hand.steps, first, second, hand.floats(first.channels, first.channels), hand.floats(first.channels), to=to
    )


def _projected_apart(hand: Hand) -> None:
    first, second = _halves(hand.x)
    made = hand.bias(hand.sums(first, first.channels))
    hand.by(lambda to: addition(made, second, to), made)


def _projected_model(builder: Builder) -> None:
    half = builder.channels // 2
    builder.node("Split", axis=1)
    builder.nodes[-1].output.append("second")
    builder.channels = half
    builder.conv(half, (1, 1)).node("Add", "second")


def _tokens(hand: Hand) -> None:
    to = hand.new((96, *hand.shape[1:]))
    library.token_matmul(hand.steps, hand.x, hand.floats(hand.shape[0], 96), to=to)


def _dense(hand: Hand) -> None:
    _conv(hand, library.conv_relu, 84, size=1)


CASES = (
    OperatorCase(
        "conv + bias + ReLU", "SqueezeNet fire2/expand1x1, 16 to 64 channels", (16, 55, 55), (16, 7, 7),
        lambda h: _conv(h, library.conv_relu, 64), lambda b: b.conv(64, (1, 1)).node("Relu"),
        lambda h: h.relu(h.bias(h.sums(h.x, 64))),
    ),
    OperatorCase(
        "depthwise 3x3 + ReLU", "MobileNet 0.25, 32 channels", (32, 28, 28), (16, 6, 6),
        lambda h: _then(
            h, library.depthwise_relu, h.x, w=h.floats(h.shape[0], 1, 3, 3), b=h.floats(h.shape[0]), pads=PADS,
            group=h.shape[0],
        ),
        lambda b: b.conv(b.channels, (3, 3), group=b.channels, pads=PADS).node("Relu"),
        lambda h: h.relu(h.bias(h.depthwise_sums(h.x, 1))),
    ),
    OperatorCase(
        "fully connected + ReLU", "LeNet-5 F6, 120 to 84", (120, 1, 1), (24, 1, 1),
        _dense, lambda b: b.conv(84, (1, 1)).node("Relu"), lambda h: h.relu(h.bias(h.sums(h.x, 84))),
    ),
    OperatorCase(
        "residual add + ReLU", "ResNet-18 stage 2, 128 channels", (256, 28, 28), (32, 5, 5),
        _added, _added_model, _added_apart,
    ),
    OperatorCase(
        "max pooling 3x3 s2", "SqueezeNet fire3/expand1x1 and pool3", (16, 55, 55), (16, 9, 9),
        _pooled, lambda b: b.conv(64, (1, 1)).node("Relu").node("MaxPool", kernel_shape=[3, 3], strides=[2, 2]),
        lambda h: h.max_pool(h.relu(h.bias(h.sums(h.x, 64)))),
    ),
    OperatorCase(
        "global average", "last 1x1 convolution of a small MobileNet, 32 to 128", (32, 8, 8), (16, 4, 4),
        lambda h: _then(h, library.global_average, _conv(h, library.conv_relu, 128), (128, 1, 1)),
        lambda b: b.conv(128, (1, 1)).node("Relu").node("GlobalAveragePool"),
        lambda h: h.mean(h.relu(h.bias(h.sums(h.x, 128)))),
    ),
    OperatorCase(
        "LRN", "behind a 1x1 convolution and ReLU, 16 to 64", (16, 28, 28), (16, 5, 5),
        lambda h: _then(h, tensors.lrn, _conv(h, library.conv_relu, 64), **LRN),
        lambda b: b.conv(64, (1, 1)).node("Relu").node("LRN", **LRN),
        lambda h: _normalised(h, h.relu(h.bias(h.sums(h.x, 64)))),
    ),
    OperatorCase(
        "leaky ReLU", "Darknet bottleneck 1x1, 32 to 16", (32, 52, 52), (16, 5, 5),
        lambda h: _conv(h, library.conv_leaky_relu, 16),
        lambda b: b.conv(16, (1, 1)).node("LeakyRelu", alpha=0.1),
        lambda h: h.leaky(h.bias(h.sums(h.x, 16))),
    ),
    OperatorCase(
        "reorg", "as YOLOv2's passthrough: 1x1 convolution to 64 channels, leaky ReLU", (32, 26, 26), (16, 4, 6),
        lambda h: _moved(h, _conv(h, library.conv_leaky_relu, 64)),
        lambda b: b.conv(64, (1, 1)).node("LeakyRelu", alpha=0.1).node("SpaceToDepth", blocksize=2),
        lambda h: _moved(h, h.leaky(h.bias(h.sums(h.x, 64)))),
    ),
    OperatorCase(
        "squeeze and excite", "MobileNetV3 small, 96 channels, with its projection", (96, 14, 14), (32, 4, 4),
        _squeezed, _squeezed_model, _squeezed_apart,
    ),
    OperatorCase(
        "matmul of tokens", "projection of a Swin window: 49 tokens, 32 features, bias, shortcut",
        (64, 1, 49), (32, 1, 5), _projected, _projected_model, _projected_apart,
    ),
    OperatorCase(
        "matmul of tokens", "alone: 32 features to 96", (32, 1, 49), (16, 1, 5),
        _tokens, lambda b: b.conv(96, (1, 1), bias=False), lambda h: h.sums(h.x, 96), alone=True,
    ),
    OperatorCase(
        "reorg", "alone: 64 channels", (64, 26, 26), (16, 4, 6),
        lambda h: _moved(h, h.x), lambda b: b.node("SpaceToDepth", blocksize=2), lambda h: _moved(h, h.x), alone=True,
    ),
    OperatorCase(
        "max pooling 3x3 s2", "alone: 64 channels", (64, 27, 27), (16, 7, 7),
        lambda h: h.max_pool(h.x), lambda b: b.node("MaxPool", kernel_shape=[3, 3], strides=[2, 2]),
        lambda h: h.max_pool(h.x), alone=True,
    ),
    OperatorCase(
        "LRN", "alone: 64 channels", (64, 14, 14), (16, 5, 5),
        lambda h: _then(h, tensors.lrn, h.x, **LRN), lambda b: b.node("LRN", **LRN), lambda h: _normalised(h, h.x),
        alone=True,
    ),
)  # fmt: skip


def _normalised(hand: Hand, x: Tensor) -> Tensor:
    return hand.by(lambda to: normalisation(x, to, **LRN), x)

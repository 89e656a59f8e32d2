"""What the compiler does another way for the official driver: nothing for the host, one source of operands a stage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.errors import UserError
from cocodla.fuzz.check import draw_images
from cocodla.fuzz.networks import random_network
from cocodla.fuzz.quantised import quantised
from cocodla.loadable.export import export_network
from cocodla.nets.builder import Builder
from cocodla.runtime import rtl

from .compiled import FAST, grown, outputs

Grow = Callable[[Builder], object]


def ends_with(*kinds: str) -> Grow:
    """A convolution and functions behind it."""

    def grow(builder: Builder) -> None:
        builder.conv(8, (3, 3))
        for kind in kinds:
            builder.node(kind)

    return grow


def mish(builder: Builder) -> None:
    """A function of one number of several nodes, one of which reads the tensor again."""
    start = builder.conv(8, (3, 3)).last
    builder.node("Softplus").node("Tanh").node("Mul", start)


def heads(builder: Builder) -> None:
    """A function behind one of two outputs, and a join of both."""
    start = builder.conv(16, (3, 3)).last
    boxes, scores = builder.conv(8, (1, 1)).last, ""
    builder.last, builder.channels = start, 16
    scores = builder.conv(8, (1, 1)).node("Sigmoid").last
    builder.node("Concat", inputs=[boxes, scores], axis=1)


ENDS = (("Sigmoid",), ("Tanh", "Exp"), ("Softplus",), ("Relu", "Sqrt"))


@pytest.mark.parametrize("grow", [*(ends_with(*kinds) for kinds in ENDS), mish, heads])
def test_functions_behind_the_last_layer_are_tables(tmp_path: Path, grow: Grow) -> None:
    """The host computes them in float for a driver of ours: an official one has no such host."""
    assert grown(tmp_path, grow, target="direct").host
    network = grown(tmp_path, grow)
    assert not network.host and any("CDP" in layer.units for layer in network.layers)
    outputs(network)


# -- products ----------------------------------------------------------------------------------


def branch(builder: Builder, start: str, channels: int, *kinds: str) -> str:
    """A convolution of an earlier tensor and functions behind it."""
    builder.last, builder.channels = start, channels
    builder.conv(channels, (1, 1))
    for kind in kinds:
        builder.node(kind)
    return builder.last


def product(first: tuple[str, ...], second: tuple[str, ...], behind: str = "Identity", pooled: bool = False) -> Grow:
    """The product of two tensors behind some functions; pooled: the second one is one value a channel."""

    def grow(builder: Builder) -> None:
        start = builder.conv(16, (3, 3)).last
        one = branch(builder, start, 16, *first)
        if pooled:
            builder.last = start
            start = builder.node("GlobalAveragePool").last
        other = branch(builder, start, 16, *second)
        builder.node("Mul", inputs=[one, other]).node(behind).conv(8, (3, 3))

    return grow


ELU, GATE, RAW = ("Elu",), ("Sigmoid",), ()
PRODUCTS = {
    "gate of channels": product(ELU, GATE, pooled=True),
    "raw gate of channels": product(RAW, RAW, pooled=True),
    "gate of elements": product(ELU, GATE),
    "two gates": product(GATE, GATE),
    "two convolutions": product(RAW, RAW),
    "relu behind": product(ELU, GATE, behind="Relu"),
    "relu behind a gate of channels": product(RAW, GATE, behind="Relu", pooled=True),
    "pooled": lambda builder: product(ELU, GATE, pooled=True)(builder.node("MaxPool", kernel_shape=[2, 2])),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products(tmp_path: Path, name: str) -> None:
    """Equal bytes; one factor has no zero point, and that costs less than what its range's sign bit is worth."""
    noise = {}
    for target in ("direct", "official"):
        network = grown(tmp_path, PRODUCTS[name], target=target)
        noise[target] = min(layer["sqnr"] for layer in network.meta["quantisation"]["layers"])
    outputs(network)
    (made,) = (layer for layer in network.layers if layer.operation.startswith("multiply"))
    assert any(network.tensors[source].zero == 0 for source in made.sources)
    assert noise["official"] > noise["direct"] - 4.0


def test_squares(tmp_path: Path) -> None:
    """Both factors are one tensor, which then has no zero point."""

    def grow(builder: Builder) -> None:
        start = builder.conv(16, (3, 3)).node("Elu").last
        builder.node("Mul", inputs=[start, start]).conv(8, (3, 3))

    outputs(grown(tmp_path, grow))


def coded(zeros: tuple[int, int], pooled: bool) -> Grow:
    """A product of two tensors whose codes the model fixes."""

    def codes(builder: Builder, scale: float, zero: int) -> str:
        parameters = [builder.constant(np.float32(scale)), builder.constant(np.int8(zero))]
        return builder.node("QuantizeLinear", *parameters).node("DequantizeLinear", *parameters).last

    def grow(builder: Builder) -> None:
        codes(builder, 0.03, 0)
        builder.conv(16, (3, 3))
        start = codes(builder, 0.02, -20)
        branch(builder, start, 16)
        one = codes(builder, 0.02, zeros[0])
        builder.last = start
        start = builder.node("GlobalAveragePool").last if pooled else start
        branch(builder, start, 16, "Sigmoid")
        other = codes(builder, 1 / 255, zeros[1])
        builder.node("Mul", inputs=[one, other])
        codes(builder, 0.02, -5)

    return grow


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("zeros", [(0, -128), (-7, 0), (-7, -128), (0, 0)])
def test_products_of_codes_that_the_model_fixes(tmp_path: Path, zeros: tuple[int, int], pooled: bool) -> None:
    """Where both have a zero point, one is copied to codes without."""
    network = grown(tmp_path, coded(zeros, pooled))
    outputs(network)
    copied = any(name.endswith("/factor") for name in network.tensors)
    assert copied == (0 not in zeros)


# -- other operands of a stage -------------------------------------------------------------------


def plane(builder: Builder) -> None:
    """One factor, a summand for each position; then a factor for each position, one summand."""
    builder.conv(16, (3, 3)).node("Relu").node("MaxPool", kernel_shape=[3, 3])
    builder.node("Add", builder.constant(builder.floats(1, 16, 8, 8)))
    builder.node("Relu").node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    builder.node("Mul", builder.constant(builder.floats(1, 1, 4, 4))).node("Relu")


def divisors(builder: Builder) -> None:
    """Averages whose windows have fewer elements at the rim, of a tensor with a zero point."""
    builder.conv(8, (3, 3)).node("Elu")
    builder.node("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]).node("AveragePool", kernel_shape=[10, 10])


@pytest.mark.parametrize("grow", [plane, divisors])
def test_operands_of_a_stage_have_one_source(tmp_path: Path, grow: Grow) -> None:
    outputs(grown(tmp_path, grow))


def everything(builder: Builder) -> None:
    """All that only the official target programs."""
    product(ELU, GATE, pooled=True)(builder)
    start = builder.node("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]).last
    builder.node("Add", builder.constant(builder.floats(1, 8, 8, 8)))
    other = branch(builder, start, 8, "Elu")
    one = branch(builder, start, 8, "Elu")
    builder.node("Mul", inputs=[one, other]).node("Tanh")


def test_all_of_it_on_the_rtl(tmp_path: Path) -> None:
    network = grown(tmp_path, everything)
    outputs(network, rtl.Simulation(seed=4, memory=rtl.MemoryModel.random(Random(4))))


# -- buffers -------------------------------------------------------------------------------------


def sliced(builder: Builder) -> None:
    """Two halves of a tensor are outputs."""
    builder.conv(16, (3, 3)).node("Split", axis=1)
    builder.nodes[-1].output.append("half")


def joined(builder: Builder) -> None:
    """A part of a Concat is an output besides."""
    start = builder.conv(8, (3, 3)).last
    other = builder.node("Relu").last
    builder.node("Concat", inputs=[start, other], axis=1)
    builder.channels = 16


@pytest.mark.parametrize(("grow", "more"), [(sliced, "half"), (joined, "t0")])
def test_outputs_that_are_parts_of_tensors_are_copied(tmp_path: Path, grow: Grow, more: str) -> None:
    """The application brings a buffer for each output."""
    networks = {}
    for target in ("direct", "official"):
        builder = Builder((8, 12, 12), 5)
        grow(builder)
        model = builder.model()
        model.graph.output.append(type(model.graph.output[0])())
        model.graph.output[-1].CopyFrom(model.graph.output[0])
        model.graph.output[-1].name = more
        path = tmp_path / f"{target}.onnx"
        path.write_bytes(model.SerializeToString())
        values = np.random.default_rng(2).normal(size=(8, 8, 12, 12)).astype(np.float32)
        networks[target] = compile_model(path, values, CompileOptions(effort="fast", target=target))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="is a part of tensor"):
        export_network(networks["direct"])
    outputs(networks["official"])


def test_a_network_without_constants(tmp_path: Path) -> None:
    """The file has a memory for them all the same."""
    network = grown(tmp_path, lambda builder: builder.node("MaxPool", kernel_shape=[3, 3]), channels=16)
    assert not network.memory
    outputs(network)


# -- random networks -----------------------------------------------------------------------------


def drawn(seed: int, folder: Path) -> Network:
    """A random network for the official driver; each fourth brings scales of its own."""
    model = random_network(seed)
    images = draw_images(model, seed)
    model = quantised(model, images, seed) if seed % 4 == 2 else model
    path = folder / f"random{seed}.onnx"
    path.write_bytes(model.SerializeToString())
    return compile_model(path, images, FAST)


NEEDS_THE_HOST = ("the host runs ", "the host makes ")


@pytest.mark.parametrize("seed", range(92, 116))
def test_random_networks(tmp_path: Path, seed: int) -> None:
    """Whatever needs no host can be a loadable, and gives equal bytes."""
    network = drawn(seed, tmp_path)
    try:
        outputs(network)
    except UserError as error:
        assert network.host or network.steps
        assert str(error).partition("cannot be a loadable: ")[2].startswith(NEEDS_THE_HOST)

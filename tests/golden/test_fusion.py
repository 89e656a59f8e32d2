"""Depthwise layers that a batch computes as one: as many bits as before."""

from pathlib import Path

import numpy as np
import pytest

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.hardware.emit import emit
from cocodla.golden import run
from cocodla.golden.batch import Batch
from cocodla.golden.work import SdpWork
from cocodla.nets.builder import Builder

SHAPE = (16, 9, 11)


def network(folder: Path, grow: Builder) -> tuple[Network, np.ndarray]:
    images = np.random.default_rng(3).normal(size=(6, *SHAPE)).astype(np.float32)
    return compile_model(grow.save(folder / "net.onnx"), images, CompileOptions()), images


def batch_of(net: Network, images: np.ndarray) -> Batch:
    data = net.input_bytes(images[:1])
    return Batch(emit(net, data), {net.tensors[net.input.tensor].address: data})


def joined(batch: Batch) -> list[int]:
    """How many layers each joined one stands for."""
    return [len(step.parts) for step in batch.steps if isinstance(step, SdpWork) and step.parts]


@pytest.mark.parametrize(("channels", "stride", "bias"), [(40, 1, True), (40, 2, True), (48, 1, False), (24, 1, True)])
def test_joined_layers_give_the_bits_of_the_device(tmp_path: Path, channels: int, stride: int, bias: bool) -> None:
    builder = Builder(SHAPE).conv(channels, (1, 1)).node("Relu")
    builder.conv(channels, (3, 3), group=channels, bias=bias, strides=[stride] * 2, pads=[1] * 4)
    net, images = network(tmp_path, builder.node("Relu").conv(8, (1, 1)))
    assert joined(batch_of(net, images)) == [channels // 8]
    single = net.decode(run(net.program(images)), len(images))
    assert np.array_equal(net.golden_batch(images), single)
    assert np.array_equal(net.golden_batch(images[:1]), single[:1])
    assert np.array_equal(net.golden_batch(images[::-1]), single[::-1])


def test_other_groups_are_not_joined(tmp_path: Path) -> None:
    """Groups of 8 channels that all read each other."""
    net, images = network(tmp_path, Builder(SHAPE).conv(32, (1, 1)).conv(32, (3, 3), group=4, pads=[1] * 4))
    assert joined(batch_of(net, images)) == []
    assert np.array_equal(net.golden_batch(images), net.decode(run(net.program(images)), len(images)))


def test_what_idle_registers_hold_does_not_matter(tmp_path: Path) -> None:
    """Layers without a bias behind ones whose ALU adds a number: the group's register still holds it."""
    net, images = network(tmp_path, Builder(SHAPE).conv(24, (3, 3), group=1).conv(24, (3, 3), group=24, pads=[1] * 4))
    depthwise = [layer for layer in net.layers if layer.operation.startswith("conv3x3g3")]
    assert len(depthwise) == 3
    for number, layer in enumerate(depthwise):
        layer.registers["SDP.D_DP_BS_ALU_SRC_VALUE"] = 100 + number
        layer.registers["SDP_RDMA.D_SRC_LINE_STRIDE"] = 64 * number
        layer.registers["SDP_RDMA.D_BS_LINE_STRIDE"] = 64 * number
    assert joined(batch_of(net, images)) == [3]
    assert np.array_equal(net.golden_batch(images), net.decode(run(net.program(images)), len(images)))

"""Compiled networks as loadables: the same results, by the driver's scheduling, or one line that says why not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest

from cocodla import zoo
from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.errors import UserError
from cocodla.loadable.descriptors import Link, Place, Signal
from cocodla.loadable.export import export_network
from cocodla.loadable.export.graph import Needed, Order, link
from cocodla.loadable.export.operations import steps_of
from cocodla.loadable.export.places import place
from cocodla.loadable.export.proof import check_order
from cocodla.loadable.machine import Machine, Running
from cocodla.loadable.schedule import Firmware
from cocodla.loadable.stages import Stage
from cocodla.loadable.task import Operation, Task
from cocodla.nets.builder import Builder
from cocodla.program.commands import Mark, WriteRegister
from cocodla.registers import MAP
from cocodla.runtime import rtl
from cocodla.runtime.loadables import run_image

from .compiled import FAST, grown, loaded, outputs


@pytest.fixture(scope="module")
def lenet5() -> Network:
    return zoo.lenet5()


@pytest.fixture(scope="module")
def residual() -> Network:
    pictures = np.random.default_rng(1).integers(0, 256, (16, 1, 28, 28)).astype(np.uint8)
    return compile_model(zoo.FOLDER / "residual.onnx", pictures, FAST)


@pytest.mark.parametrize("name", ["lenet5", "residual"])
def test_a_network_gives_the_same_bytes(name: str, request: pytest.FixtureRequest) -> None:
    outputs(request.getfixturevalue(name))


def test_a_network_on_the_rtl(lenet5: Network) -> None:
    outputs(lenet5, rtl.Simulation(seed=2, memory=rtl.MemoryModel.random(Random(2))))


def test_the_same_network_is_the_same_file(lenet5: Network) -> None:
    assert export_network(lenet5) == export_network(lenet5)


def leaky(builder: Builder) -> None:
    builder.conv(8, (3, 3)).node("LeakyRelu", alpha=0.1).conv(4, (3, 3))


def average(builder: Builder) -> None:
    builder.conv(8, (3, 3), pads=[1, 1, 1, 1]).node("AveragePool", kernel_shape=[2, 2], strides=[2, 2])
    builder.conv(8, (3, 3), pads=[1, 1, 1, 1]).node("AveragePool", kernel_shape=[1, 3], strides=[1, 3])


def forked(builder: Builder) -> None:
    """One result is read by three convolutions, whose results are read again by a sum and another layer."""
    builder.conv(8, (3, 3), pads=[1, 1, 1, 1])
    trunk = builder.last
    names = []
    for kernel in (1, 3, 5):
        builder.conv(8, (kernel, kernel), pads=[kernel // 2] * 4)
        names.append(builder.last)
        builder.last = trunk
    builder.node("Concat", inputs=names, axis=1)
    builder.channels = 24
    builder.conv(8, (1, 1)).node("Add", trunk).node("Relu").conv(4, (3, 3))


def normalised(builder: Builder) -> None:
    """Two look-up tables."""
    builder.conv(8, (3, 3)).node("LRN", size=5).conv(8, (3, 3)).node("Sigmoid").conv(4, (1, 1))


def pooled(builder: Builder) -> None:
    builder.node("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]).conv(9, (3, 3)).node("Relu")
    builder.gemm(9 * 4 * 4, 10)


def summed(builder: Builder) -> None:
    """A sum that no convolution takes in, of two readers of one tensor."""
    builder.conv(8, (3, 3))
    trunk = builder.last
    builder.node("MaxPool", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    other = builder.last
    builder.node("Min", inputs=[trunk, other]).conv(4, (1, 1))


@pytest.mark.parametrize("grow", [leaky, average, forked, normalised, pooled, summed])
def test_kinds_of_layers(tmp_path: Path, grow: Callable[[Builder], object]) -> None:
    outputs(grown(tmp_path, grow))


@pytest.mark.parametrize("grow", [leaky, average, summed])
def test_the_official_target_costs_no_accuracy(tmp_path: Path, grow: Callable[[Builder], object]) -> None:
    """What is done another way is as near to the float network."""
    noise = []
    for target in ("direct", "official"):
        network = grown(tmp_path, grow, target=target)
        noise.append(min(layer["sqnr"] for layer in network.meta["quantisation"]["layers"]))
    assert noise[1] > noise[0] - 1.0


def test_colour_pictures(tmp_path: Path) -> None:
    """Three channels lie in two planes, which no tensor of a loadable has: for the official target they are a cube."""

    def grow(builder: Builder) -> None:
        builder.conv(8, (3, 3)).node("Relu").conv(4, (3, 3))

    builder = Builder((3, 12, 12), 5)
    grow(builder)
    path = builder.save(tmp_path / "colours.onnx")
    pictures = np.random.default_rng(1).integers(0, 256, (8, 3, 12, 12)).astype(np.uint8)
    direct, official = (
        compile_model(path, pictures, CompileOptions(effort="fast", target=target)) for target in ("direct", "official")
    )
    with pytest.raises(UserError, match=r"colours cannot be a loadable: .* 3 channels in 2 planes"):
        export_network(direct)
    outputs(official)


def test_softmax_is_a_task_of_the_cpu(tmp_path: Path) -> None:
    network = grown(tmp_path, lambda b: (b.conv(4, (3, 3)).gemm(400, 10), b.node("Softmax", axis=1)))
    found = loaded(network)
    assert [type(stage).__name__ for stage in found.stages] == ["Stage", "EmuTask"]
    values = np.random.default_rng(5).normal(size=(1, 8, 12, 12)).astype(np.float32)
    feeds = {network.input.tensor: network.input_bytes(values)}
    codes = run_image(found, {found.inputs[0].name: feeds[network.input.tensor][0].tobytes()}).buffers
    wanted = network.golden_batch(values)[0]
    got = np.frombuffer(codes[network.outputs[0].name], np.int8)[:10] / 127
    np.testing.assert_allclose(got, wanted, atol=1 / 127 + 0.004)  # cut off, scores in half precision


# -- what cannot be a loadable -----------------------------------------------------------------


def changed(network: Network, path: str, word: int, layer: int = 0) -> Network:
    """The network with another word in a register of a layer."""
    other = copy.deepcopy(network)
    other.layers[layer].registers[path] = word
    return other


@pytest.mark.parametrize(
    ("path", "word", "told"),
    [
        ("CDMA.D_PIXEL_OFFSET", 1, "CDMA.D_PIXEL_OFFSET.PIXEL_X_OFFSET is 0x1, the driver leaves 0x0"),
        ("PDP.D_POOLING_KERNEL_CFG", 0x8800101, "a pooling with a stride of 9; the driver takes 1 to 8"),
        ("PDP.D_OPERATION_MODE_CFG", 0, "PDP.D_RECIP_KERNEL_WIDTH.RECIP_KERNEL_WIDTH is 0x0, the driver writes 0x8000"),
        ("SDP.D_DP_BN_CFG", 0x8, "stage BN takes one operand from memory, one from a register"),
        ("CSC.D_WEIGHT_BYTES", 0x90, "CSC.D_WEIGHT_BYTES.WEIGHT_BYTES is 0x90, the driver writes 0x98"),
        ("SDP_RDMA.D_DATA_CUBE_CHANNEL", 4, "SDP_RDMA.D_DATA_CUBE_CHANNEL.CHANNEL is 0x4, the driver writes 0x5"),
    ],
)
def test_what_no_descriptor_says_is_refused(lenet5: Network, path: str, word: int, told: str) -> None:
    with pytest.raises(UserError) as caught:
        export_network(changed(lenet5, path, word))
    assert str(caught.value).startswith("lenet5 cannot be a loadable: layer 'conv0': ") and told in str(caught.value)


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("SDP.D_CVT_SCALE", 0xFFFF), ("SDP.D_CVT_OFFSET", 0xFFFFFF00), ("SDP.D_DP_BS_MUL_CFG", 0x1F01),
        ("CDMA.D_CVT_OFFSET", 0x7F), ("CDMA.D_CVT_CFG", 0x31), ("CDMA.D_ZERO_PADDING_VALUE", 0x8000),
        ("CDMA.D_ZERO_PADDING", 0x1020304), ("CDMA.D_BANK", 0x1C0002), ("PDP.D_POOLING_PADDING_CFG", 0x1111),
        ("PDP.D_POOLING_PADDING_VALUE_3_CFG", 0x7FFFF),
    ],
)  # fmt: skip
def test_what_a_layer_says_is_what_the_driver_writes(lenet5: Network, path: str, word: int) -> None:
    other = changed(lenet5, path, word)
    if path == "CDMA.D_BANK":
        other = changed(other, "CSC.D_BANK", word)
    if path == "CDMA.D_ZERO_PADDING":
        other = changed(other, "CSC.D_ZERO_PADDING", 0x30004 & 0xFFFF | 0x20000)
    if path == "CDMA.D_ZERO_PADDING_VALUE":
        other = changed(other, "CSC.D_ZERO_PADDING_VALUE", word)
    (stage,) = loaded(other).stages
    assert isinstance(stage, Stage)
    written = [c.value for c in stage.commands if isinstance(c, WriteRegister) and c.address == MAP[path].address]
    mask = MAP[path].write_mask
    assert written[0] & mask == word & mask


def test_a_host_in_between_is_refused(tmp_path: Path) -> None:
    network = grown(tmp_path, lambda b: b.conv(4, (3, 3)).node("Softmax", axis=1).conv(4, (3, 3)))
    assert network.steps
    with pytest.raises(UserError, match="grown cannot be a loadable: the host makes t1 before or between its 2 stages"):
        export_network(network)


# -- order -------------------------------------------------------------------------------------


def graph_of(network: Network) -> tuple[list[Operation], list[Needed]]:
    places = place(network)
    steps, _ = steps_of(network.layers, places)
    needed = link(network, steps)
    return [operation for step in steps for operation in step.operations], needed


class AnyOrder(Machine):
    """Layers end in any order that the hardware allows, and the interrupts of a layer come apart or together."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.random = random
        self.late: list[Running] = []

    def interrupts(self) -> int:
        """Bits that may come next; a convolution's come before those of the units behind it."""
        chains = [chain for entry in self.running if (chain := self._chain(entry))]
        ready = [chain for chain in chains if not any(part in self.late for part in chain)]
        if self.late and (not ready or self.random.random() < 0.5):
            return self.late.pop(0).interrupts
        if not ready:
            return 0
        chain = self.random.choice(ready)
        if self.late or self.random.random() < 0.5:
            return sum(part.interrupts for part in chain)
        self.late = chain[1:]
        return chain[0].interrupts


class Watched(Firmware):
    """Notes for each enabled operation what had completed."""

    def __init__(self, task: Task, machine: Machine) -> None:
        super().__init__(task, machine, lambda operation: Mark(str(operation)))
        self.seen: dict[int, set[int]] = {}

    def _enable(self, operation: Operation) -> None:
        active = self._state(operation).active
        done = {index for index, state in enumerate(self.states) if state.done}
        super()._enable(operation)
        if self._state(operation).active and not active:
            self.seen.setdefault(operation.index, done)


@pytest.mark.parametrize("seed", range(20))
def test_no_operation_is_enabled_before_its_inputs(residual: Network, tmp_path: Path, seed: int) -> None:
    for network in (residual, grown(tmp_path, forked)) if seed == 0 else (residual,):
        _, needed = graph_of(network)
        (stage,) = loaded(network).stages
        assert isinstance(stage, Stage)
        for draw in range(10):
            watched = Watched(stage.tasks[0], AnyOrder(Random(100 * seed + draw)))
            watched.run()
            for before, index in needed:
                assert before in watched.seen[index], (seed, draw, before, index)


def test_every_wait_is_needed_and_looked_for(residual: Network) -> None:
    """Each wait for a completion taken away, or moved to an earlier event, is found."""
    operations, needed = graph_of(residual)
    check_order(operations, needed)
    waits = 0
    for operation in operations:
        for kind, found in enumerate(operation.common.consumers):
            if found.index < 0 or found.event != Signal.COMPLETED:
                continue
            kept = operation.common.consumers
            changed_links = list(kept)
            changed_links[kind] = Link(found.index, Signal.PROGRAMMED)
            operation.common.consumers = tuple(changed_links)
            with pytest.raises(UserError, match="may be enabled before operation"):
                check_order(operations, needed)
            operation.common.consumers = kept
            waits += 1
    assert waits >= 5


def test_order_knows_what_the_driver_does() -> None:
    """Of three operations of SDP the third is programmed when the first has completed, the second may be before."""
    from .test_checklist import copies

    operations = copies(3)
    order = Order(operations)
    assert order.ensures(0, 2) and not order.ensures(0, 1) and not order.ensures(1, 2)
    assert all(operation.src.type == Place.MEMORY for operation in operations)

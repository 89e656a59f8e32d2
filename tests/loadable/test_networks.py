"""Loadables of our own making, in both layouts, against plain numpy; and their order of register accesses."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest

from cocodla.errors import UserError
from cocodla.loadable.network import LoadedNetwork, open_network
from cocodla.loadable.records import Layout
from cocodla.loadable.schema import INPUT, OUTPUT, Version
from cocodla.program import Execution, Observation, Program, ReadRegister, WriteRegister, compare
from cocodla.registers import MAP
from cocodla.runtime import rtl
from cocodla.runtime.loadables import elements, run_image

from .builder import Builder
from .networks import chain, classifier, convolved, shifted, table

FORMS = [(Layout.NEW, False), (Layout.OLD, False), (Layout.OLD, True)]
"""Layout, and whether the file is like those of the regression."""


def opened(builder: Builder, version: Version | None = None) -> LoadedNetwork:
    return open_network(Path("net.nvdla"), builder.data(version))


def output(network: LoadedNetwork, given: np.ndarray | None = None) -> np.ndarray:
    port = network.inputs[0] if network.inputs else None
    inputs = {port.name: port.form.pack(given, port.size)} if port and given is not None else {}
    found: np.ndarray = next(iter(elements(network, [run_image(network, inputs)]).values()))[0]
    return found


@pytest.mark.parametrize(("layout", "regression"), FORMS)
@pytest.mark.parametrize("seed", range(20))
def test_random_networks_give_what_numpy_says(seed: int, layout: Layout, regression: bool) -> None:
    builder, given, expected = chain(seed, layout, regression)
    np.testing.assert_array_equal(output(opened(builder), given), expected)


def test_random_networks_on_the_rtl() -> None:
    """The order of accesses is fixed, the memory fast or slow: waits hold it together."""
    for seed in (3, 7, 11):
        builder, given, expected = chain(seed)
        network = opened(builder)
        port = network.inputs[0]
        simulation = rtl.Simulation(seed=seed, memory=rtl.MemoryModel.random(Random(seed)))
        done = run_image(network, {port.name: port.form.pack(given, port.size)}, simulation)
        assert done.passed and done.tensors and done.cycles > 0
        np.testing.assert_array_equal(elements(network, [done])["out"][0], expected)


def test_layouts_give_the_same_accesses() -> None:
    programs = []
    for layout in Layout:
        builder, _, _ = chain(5, layout)
        programs.append(list(opened(builder).program({})))
    assert programs[0] == programs[1]


def test_two_tables_are_loaded_one_after_the_other() -> None:
    """CDP's tables are shared by its groups: the second operation is prepared, and programmed when the first ends."""
    builder = Builder()
    source = builder.cube(8, 4, 4, data=np.arange(128).astype(np.int8).reshape(8, 4, 4))
    middle, target = builder.cube(8, 4, 4), builder.cube(8, 4, 4, OUTPUT, name="out")
    other = table()
    other.le = tuple(reversed(other.le))
    builder.luts += [table(), other]
    first = builder.cdp(source, middle, 0)
    builder.cdp(middle, target, 1, [first])
    network = opened(builder)
    writes = [c for c in network.program({}) if isinstance(c, WriteRegister)]
    names = [MAP.at(c.address).path for c in writes]
    enables = [n for n, name in enumerate(names) if name == "CDP.D_OP_ENABLE"]
    loads = [n for n, name in enumerate(names) if name == "CDP.S_LUT_ACCESS_DATA"]
    assert len(loads) == 2 * (65 + 257) and len(enables) == 2
    assert loads[321] < enables[0] < loads[322] < enables[1]
    np.testing.assert_array_equal([w.value for w in (writes[n] for n in loads[322:387])], other.le)
    assert output(network).shape == (8, 4, 4)


def test_softmax_of_equal_scores_on_the_cpu() -> None:
    """0.1 * 127 = 12.7, cut to 12 (spec: loadable.md section 10)."""
    for layout in Layout:
        builder, _ = classifier(layout)
        network = opened(builder)
        expected = 12 if layout is Layout.NEW else 0  # without scales a tenth is less than one
        np.testing.assert_array_equal(output(network, np.zeros((4, 3, 3), np.int8)), np.full((10, 1, 1), expected))
        with pytest.raises(UserError, match="operation 0"):
            builder.emu[0][1].src.address = 99
            opened(builder)


def test_power_on_the_cpu() -> None:
    builder = Builder()
    source = builder.cube(3, 2, 2, INPUT, name="data")
    builder.power(source, builder.cube(3, 2, 2, OUTPUT, name="out"), 2.0, 0.5, 1.0)
    given = np.array([0, 1, -3, 10, -20, 7, 2, 4, 5, 6, 8, 30], np.int8).reshape(3, 2, 2)
    expected = np.clip((1 + given / 2) ** 2, -128, 127).astype(np.int8)
    np.testing.assert_array_equal(output(opened(builder), given), expected)


@pytest.mark.parametrize("layout", Layout)
def test_images_of_four_bytes_a_pixel(layout: Layout) -> None:
    random = np.random.default_rng(2)
    builder, given = Builder(layout), random.integers(-128, 128, (4, 6, 9)).astype(np.int8)
    weights = random.integers(-128, 128, (5, 4, 3, 3)).astype(np.int8)
    conv = builder.pixels(builder.image(4, 6, 9), weights)
    target = builder.cube(5, 4, 7, OUTPUT, name="out")
    builder.sdp(builder.behind(conv), target, conv, np.arange(5) * 100, True, 8)
    expected = shifted(np.maximum(convolved(given, weights, 0) + np.arange(5)[:, None, None] * 100, 0), 8)
    np.testing.assert_array_equal(output(opened(builder), given), expected)


def two_tasks(cpu: bool) -> tuple[Builder, np.ndarray, np.ndarray]:
    """Three operations of SDP in one task, one in another, so that the groups do not start at 0; input, output."""
    builder = Builder()
    given = np.random.default_rng(4).integers(-128, 128, (8, 3, 3)).astype(np.int8)
    cube, value, last = builder.cube(8, 3, 3, INPUT, name="data"), given.astype(np.int64), None
    for step in range(3):
        target = builder.cube(8, 3, 3)
        last = builder.sdp(cube, target, relu=step == 1, shift=1, after=[] if last is None else [last])
        cube, value = target, shifted(np.maximum(value, 0) if step == 1 else value, 1)
    builder.cut(cpu)
    if cpu:
        target = builder.cube(8, 3, 3)
        builder.power(cube, target, 1.0, 2.0, -3.0)
        cube, value = target, np.clip(2 * value - 3, -128, 127)
    builder.sdp(cube, builder.cube(8, 3, 3, OUTPUT, name="out"), shift=1)
    return builder, given, shifted(value, 1)


@pytest.mark.parametrize("cpu", [False, True])
def test_tasks_one_after_the_other(cpu: bool) -> None:
    """Without the CPU between them the groups go on where the first task has left them."""
    builder, given, expected = two_tasks(cpu)
    network = opened(builder)
    np.testing.assert_array_equal(output(network, given), expected)
    if cpu:
        assert len(network.stages) == 3
        with pytest.raises(UserError, match="the CPU works before or between"):
            network.program({})
    else:
        pointers = [c.value for c in network.program({}) if c == WriteRegister(MAP["SDP.S_POINTER"].address, 1)]
        assert len(network.stages) == 1 and len(pointers) == 4  # two operations, programmed and enabled


def test_what_the_driver_reads_of_the_interrupts_behind_the_wait_depends_on_timing() -> None:
    """Bits of a convolution that is fetched ahead may have come: the firmware looks at them at its next interrupt."""
    status = MAP["GLB.S_INTR_STATUS"].address
    program = Program([ReadRegister(status, 0, 0), ReadRegister(status, 0xFFFF, 0)])
    runs = [
        Execution(backend, [Observation(n, "GLB.S_INTR_STATUS", value.to_bytes(4, "little")) for n in range(2)])
        for backend, value in (("golden", 0), ("rtl", 0x50000))
    ]
    assert compare(program, *runs) == []
    runs[1].observations[1] = Observation(1, "GLB.S_INTR_STATUS", (1).to_bytes(4, "little"))
    assert [mismatch.index for mismatch in compare(program, *runs)] == [1]

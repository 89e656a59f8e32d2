"""Loadables that say the same in other ways: submits, events, memories, entries that nobody reads, another writer."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cocodla.errors import UserError
from cocodla.loadable import schema, write_loadable
from cocodla.loadable.container import _shapes
from cocodla.loadable.descriptors import ConvolutionDescriptor, Kind, Link, NetworkDescriptor, Signal
from cocodla.loadable.network import LoadedNetwork, open_network
from cocodla.loadable.records import Layout
from cocodla.loadable.schema import INPUT, OUTPUT, Loadable, Version
from cocodla.runtime.loadables import elements, run_image

from .builder import Builder
from .networks import chain, classifier, convolved, shifted, table
from .test_networks import two_tasks

PATH = Path("net.nvdla")


def opened(data: bytes) -> LoadedNetwork:
    return open_network(PATH, data)


def output(network: LoadedNetwork, given: np.ndarray | None = None) -> np.ndarray:
    inputs = {port.name: port.form.pack(given, port.size) for port in network.inputs if given is not None}
    found: np.ndarray = next(iter(elements(network, [run_image(network, inputs)]).values()))[0]
    return found


# -- tables that say the same ------------------------------------------------------------------


def one_memory(loadable: Loadable) -> None:
    """All that the runtime allocates is one memory, in which blobs and data lie one behind the other."""
    whole = schema.Memory(0, 0, 3, 0, 4096)
    kept, numbers = [whole], {}
    for memory in loadable.memory_list:
        if memory.bindable:
            numbers[memory.id], memory.id = (len(kept), 0), len(kept)
            kept.append(memory)
        else:
            numbers[memory.id] = 0, whole.size
            for name in memory.contents:
                whole.contents.append(name)
                whole.offsets.append(whole.size)
            whole.size += -(-memory.size // 64) * 64
    for address in loadable.address_list:
        address.mem_id, begin = numbers[address.mem_id]
        address.offset += begin
    for tensor in loadable.tensor_desc_list:
        tensor.mem_id = numbers[tensor.mem_id][0]
    loadable.memory_list = kept


def network_of(**changed: Any) -> Callable[[Loadable], None]:
    """Other fields of the network descriptor."""

    def change(loadable: Loadable) -> None:
        blob = next(blob for blob in loadable.blobs if blob.name in ("m_network", "task-0-addr0"))
        record = NetworkDescriptor.read(bytes(blob.data), Layout.NEW)
        for name, value in changed.items():
            setattr(record, name, value)
        blob.data = record.write(Layout.NEW)

    return change


def unused(loadable: Loadable) -> None:
    """What the runtime ignores: actions, events, sizes of addresses, alignments, names at bound memories, bits."""
    for task in loadable.task_list:
        task.instance, task.pre_actions, task.post_actions = 0, [7], []
    loadable.event_list = [schema.Event(9, 3, 4, 5, 0)]
    loadable.reloc_list = [schema.Reloc(1, 2, 14, 1, 4, 2)]
    for address in loadable.address_list:
        address.size = 0
    for memory in loadable.memory_list:
        memory.alignment, memory.flags = 0, memory.flags | 16
        if memory.bindable:
            memory.contents = [""]
    loadable.blobs.reverse()


SAME: dict[str, Callable[[Loadable], None]] = {
    "one memory": one_memory,
    "what the runtime ignores": unused,
    "statistics and regions": network_of(statistics=3, roi_surface=2, rois=1, input_layer=-1, num_addresses=0),
    "format": lambda loadable: setattr(loadable, "version", Version(0, 0, 0)),
}


@pytest.mark.parametrize("regression", [False, True])
@pytest.mark.parametrize("name", SAME)
def test_tables_that_say_the_same(name: str, regression: bool) -> None:
    for seed in range(4):
        builder, given, expected = chain(seed, Layout.OLD if regression else Layout.NEW, regression)
        loadable = builder.loadable()
        SAME[name](loadable)
        np.testing.assert_array_equal(output(opened(write_loadable(loadable)), given), expected)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"num_rois": 4}, "num_rois is 4; nv_small takes 1 only"), ({"dynamic_roi": 1}, "dynamic_roi is 1"),
        ({"heads": (-1, 9, -1, -1, -1, -1)}, r"op_head\[1\] is 9, there are"), ({"num_operations": 0}, "no operations"),
        ({"operations": -1}, "the operation list: its index is -1"), ({"graph": 99}, "graph: its index is 99"),
    ],
)  # fmt: skip
def test_network_descriptors_that_cannot_be(changed: dict[str, Any], told: str) -> None:
    loadable = chain(1)[0].loadable()
    network_of(**changed)(loadable)
    with pytest.raises(UserError, match=told):
        opened(write_loadable(loadable))


# -- submits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("cpu", [False, True])
def test_tasks_in_submits_of_their_own(cpu: bool) -> None:
    builder, given, expected = two_tasks(cpu)
    loadable = builder.loadable()
    (submit,) = loadable.submit_list
    loadable.submit_list = [schema.Submit(number, [task]) for number, task in enumerate(submit.task_id)]
    np.testing.assert_array_equal(output(opened(write_loadable(loadable)), given), expected)


def test_the_cpu_first() -> None:
    """Two operations of the CPU, then the accelerator."""
    builder = Builder()
    given = np.arange(-12, 12).astype(np.int8).reshape(2, 3, 4)
    source, middle, scaled = builder.cube(2, 3, 4, INPUT, name="data"), builder.cube(2, 3, 4), builder.cube(2, 3, 4)
    builder.power(source, middle, 1.0, 3.0, 0.0)
    builder.power(middle, scaled, 2.0, 0.25, 1.0)
    builder.sdp(scaled, builder.cube(2, 3, 4, OUTPUT, name="out"), shift=1)
    builder.emu_place = 0
    network = opened(builder.data())
    assert [type(stage).__name__ for stage in network.stages] == ["EmuTask", "Stage"]
    powers = np.clip((1 + 0.25 * (given * 3.0)) ** 2, -128, 127).astype(np.int64)
    np.testing.assert_array_equal(output(network, given), shifted(powers, 1))


def test_a_softmax_looks_at_its_channels_only() -> None:
    """Width, height and strides of its cubes may be anything (spec: loadable.md section 10)."""
    wanted = None
    for width, height, stride in ((1, 1, 8), (0, 0, 0), (7, 5, 1 << 20)):
        builder, _ = classifier()
        for cube in (builder.emu[0][1].src, builder.emu[0][1].dst):
            cube.width, cube.height, cube.line_stride, cube.surf_stride = width, height, stride, stride
        found = output(opened(builder.data()), np.arange(36).astype(np.int8).reshape(4, 3, 3))
        wanted = found if wanted is None else wanted
        np.testing.assert_array_equal(found, wanted)
    assert wanted is not None and wanted.max() > 20


# -- events ------------------------------------------------------------------------------------


@pytest.mark.parametrize("signal", list(Signal))
def test_every_event_lets_another_engine_go_on(signal: Signal) -> None:
    """CDP waits for any event of a convolution, whose SDP it does not read."""
    random, builder = np.random.default_rng(int(signal)), Builder()
    given, weights = random.integers(-128, 128, (2, 8, 5, 5)).astype(np.int8), np.ones((8, 8, 1, 1), np.int8)
    source = builder.cube(8, 5, 5, INPUT, name="data")
    conv = builder.convolution(source, weights)
    sums = builder.cube(8, 5, 5, OUTPUT, name="sums")
    builder.sdp(builder.behind(conv), sums, conv, shift=4)
    builder.luts.append(table())
    builder.cdp(builder.cube(8, 5, 5, data=given[1]), builder.cube(8, 5, 5, OUTPUT, name="out"), 0)
    graph = builder.common()
    links = list(graph[conv].consumers)
    links[Kind.CDP] = Link(2, signal)
    graph[conv].consumers, graph[2].dependency_count = tuple(links), 1
    builder.common = lambda *_: graph  # type: ignore[method-assign]
    network = opened(builder.data())
    done = run_image(network, {"data": network.inputs[0].form.pack(given[0], network.inputs[0].size)})
    found = elements(network, [done])
    np.testing.assert_array_equal(found["sums"][0], shifted(convolved(given[0], weights, 0), 4))
    alone = Builder()
    alone.luts.append(table())
    alone.cdp(alone.cube(8, 5, 5, data=given[1]), alone.cube(8, 5, 5, OUTPUT, name="out"), 0)
    np.testing.assert_array_equal(found["out"][0], output(opened(alone.data())))


def test_a_queue_that_waits_for_enabling() -> None:
    """Event 3 of the operation before, of the same engine (export makes such links)."""
    builder = Builder()
    given = np.arange(64).astype(np.int8).reshape(4, 4, 4)
    for name in ("one", "two", "three"):
        builder.sdp(builder.cube(4, 4, 4, data=given), builder.cube(4, 4, 4, OUTPUT, name=name), shift=1)
    graph = builder.common()
    for operation in graph[:2]:
        links = list(operation.consumers)
        links[Kind.SDP] = Link(links[Kind.SDP].index, Signal.ENABLED)
        operation.consumers = tuple(links)
    builder.common = lambda *_: graph  # type: ignore[method-assign]
    network = opened(builder.data())
    found = elements(network, [run_image(network, {})])
    for name in ("one", "two", "three"):
        np.testing.assert_array_equal(found[name][0], shifted(given.astype(np.int64), 1))


# -- buffers that are kept -----------------------------------------------------------------------


@pytest.mark.parametrize("kept", ["weight", "data"])
def test_weights_or_data_stay_in_the_buffer(kept: str) -> None:
    """The second convolution reuses what the first one has fetched: what memory has there is not read."""
    random, builder = np.random.default_rng(3), Builder()
    given = random.integers(-128, 128, (2, 8, 4, 4)).astype(np.int8)
    weights = random.integers(-128, 128, (2, 8, 8, 3, 3)).astype(np.int8)
    for step in range(2):
        conv = builder.convolution(builder.cube(8, 4, 4, data=given[step]), weights[step])
        op = builder.ops[conv].descriptor
        assert isinstance(op, ConvolutionDescriptor)
        setattr(op, f"{kept}_reuse" if step else f"skip_{kept}_rls", 1)
        builder.sdp(builder.behind(conv), builder.cube(8, 2, 2, OUTPUT, name=f"out{step}"), conv, shift=7)
    network = opened(builder.data())
    found = elements(network, [run_image(network, {})])
    pairs = [(given[0], weights[0]), (given[0], weights[1]) if kept == "data" else (given[1], weights[0])]
    for step, (value, kernel) in enumerate(pairs):
        np.testing.assert_array_equal(found[f"out{step}"][0], shifted(convolved(value, kernel, 0), 7))


# -- another writer ----------------------------------------------------------------------------


def forwards(loadable: Loadable) -> bytes:
    """A file as another writer may make it: tables before their vtables, children in their order, nothing shared, no
    identifier, no filling at the end; fields of 0 left out, and vtables that end early.
    """
    data = bytearray(4)

    def refer(place: int, target: int) -> None:
        struct.pack_into("<I", data, place, target - place)

    def align(width: int) -> None:
        data.extend(bytes(-len(data) % width))

    def write(entry: Any) -> int:
        shapes = [shape for _, shape in _shapes(type(entry))]
        values = [getattr(entry, field.name) for field in fields(entry)]
        kept = [not (isinstance(value, int) and value == 0) for value in values]
        while kept and not kept[-1]:
            kept.pop()
        align(8)
        start = len(data)
        data.extend(bytes(4))
        slots = []
        for used, shape, value in zip(kept, shapes, values, strict=False):
            width = getattr(shape, "bytewidth", 1 if shape is Version else 4)
            if used:
                align(width)
            slots.append(len(data) - start if used else 0)
            if used and shape is Version:
                data.extend((value.major, value.minor, value.sub_minor))
            elif used and hasattr(shape, "bytewidth"):
                data.extend(struct.pack(f"<{shape.packer_type.format.lstrip('<')}", value))
            elif used:
                data.extend(bytes(4))
        size = len(data) - start
        align(2)
        struct.pack_into("<i", data, start, start - len(data))
        data.extend(struct.pack(f"<HH{len(slots)}H", 4 + 2 * len(slots), size, *slots))
        for slot, shape, value in zip(slots, shapes, values, strict=False):
            if slot and shape is not Version and not hasattr(shape, "bytewidth"):
                align(8 if isinstance(shape, list) else 4)
                refer(start + slot, child(shape, value))
        return start

    def child(shape: Any, value: Any) -> int:
        if shape is str or shape is bytes:
            raw = value.encode() if shape is str else bytes(value)
            start = len(data)
            data.extend(struct.pack("<I", len(raw)) + raw + (b"\0" if shape is str else b""))
            return start
        width = getattr(shape[0], "bytewidth", 4)
        if width == 8:
            data.extend(bytes(4))
        start = len(data)
        data.extend(struct.pack("<I", len(value)) + bytes(width * len(value)))
        for number, entry in enumerate(value):
            place = start + 4 + width * number
            if hasattr(shape[0], "bytewidth"):
                struct.pack_into(f"<{'BHIQ'[width.bit_length() - 1]}", data, place, entry)
            else:
                align(4)
                refer(place, child(str, entry) if shape[0] is str else write(entry))
        return start

    refer(0, write(loadable))
    return bytes(data)


@pytest.mark.parametrize("regression", [False, True])
def test_files_of_another_writer(regression: bool) -> None:
    lengths = set()
    for seed in range(6):
        builder, given, expected = chain(seed, Layout.OLD if regression else Layout.NEW, regression)
        data = forwards(builder.loadable())
        lengths.add(len(data) % 8)
        np.testing.assert_array_equal(output(opened(data), given), expected)
    assert lengths != {0}

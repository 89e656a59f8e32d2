"""What a loadable gets wrong is told in one line: the thing, the rule, the value."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cocodla.errors import UserError
from cocodla.loadable import schema, write_loadable
from cocodla.loadable.container import parse_loadable
from cocodla.loadable.descriptors import Kind, Link
from cocodla.loadable.network import open_network
from cocodla.loadable.records import Layout
from cocodla.loadable.schema import INPUT, OUTPUT, Version

from .builder import Builder
from .networks import table

PATH = Path("net.nvdla")


def small(layout: Layout = Layout.NEW) -> Builder:
    """A convolution with bias (0, 1), a pooling (2), a table (3)."""
    builder = Builder(layout)
    source = builder.cube(3, 6, 6, INPUT, name="data")
    conv = builder.convolution(source, np.ones((8, 3, 3, 3), np.int8))
    middle, behind = builder.cube(8, 4, 4), builder.cube(8, 2, 2)
    sdp = builder.sdp(builder.behind(conv), middle, conv, np.arange(8))
    pool = builder.pdp(middle, behind, 2, None, [sdp])
    builder.luts.append(table())
    builder.cdp(behind, builder.cube(8, 2, 2, OUTPUT, name="out"), 0, [pool])
    return builder


def refusal(data: bytes) -> str:
    """The one line that opening ends with."""
    with pytest.raises(UserError) as caught:
        open_network(PATH, data)
    line = str(caught.value)
    assert line.startswith("net.nvdla: ") and "\n" not in line and len(line) < 600
    return line


OPERATIONS: list[tuple[int, str, Any, str]] = [
    (0, "descriptor.conv_mode", 1, r"operation 0 \(convolution\): conv_mode is 1; nv_small takes 0 only"),
    (0, "descriptor.in_precision", 2, "in_precision is 2"),
    (0, "descriptor.weight_format", 1, "weight_format is 1"),
    (0, "descriptor.batch", 2, "batch is 2; nv_small takes 1 only"),
    (0, "descriptor.data_format", 37, "data_format is 37, not 0 to 36"),
    (0, "descriptor.kernel_width_csc", 0, "kernel_width_csc is 0"),
    (0, "descriptor.kernel_width_csc", 77, "WEIGHT_WIDTH_EXT"),
    (0, "descriptor.out_cvt.scale", 2, "out_cvt.scale is 2"),
    (0, "surfaces.src.type", 1, r"src: type is 1 \(SRAM\)"),
    (0, "surfaces.src.address", 99, "src: its address is 99"),
    (0, "surfaces.src.address", -1, "its type is 0 .memory., its address -1"),
    (0, "surfaces.src.offset", 4, "multiple of 8"),
    (0, "surfaces.src.offset", 1 << 20, "src: it ends at"),
    (0, "surfaces.src.line_stride", 1 << 31, "src: it ends at"),
    (0, "surfaces.weight.size", 1 << 20, "weight: it ends at"),
    (0, "surfaces.src.reserved", 3, "reserved halfword"),
    (1, "descriptor.y_op.enable", 1, r"operation 1 \(SDP\): y_op.enable is 1"),
    (1, "descriptor.lut_index", 0, "lut_index is 0"),
    (1, "descriptor.x1_op.act", 2, "x1_op.act is 2 .look-up table."),
    (1, "descriptor.x1_op.mode", 5, "x1_op.mode is 5"),
    (1, "surfaces.dst.type", 3, "dst: type 3 is unknown"),
    (2, "descriptor.split_num", 0, "split_num is 0"),
    (2, "descriptor.pool_width", 8, "pool_width is 8, not 0 to 7"),
    (2, "surfaces.dst.width", 0, "a cube of 0 x 2 x 8"),
    (3, "descriptor.lut_index", 1, r"operation 3 \(CDP\): lut_index is 1, not -1 to 0"),
    (3, "descriptor.local_size", 4, "local_size % 2 is 0"),
]


@pytest.mark.parametrize(
    ("layout", "index", "path", "value", "reason"),
    [(layout, *case) for layout in Layout for case in OPERATIONS if layout is Layout.NEW or ".offset" not in case[1]],
)
def test_operations_that_nv_small_cannot_do(layout: Layout, index: int, path: str, value: Any, reason: str) -> None:
    builder = small(layout)
    target: Any = builder.ops[index]
    *outer, name = path.split(".")
    for part in outer:
        target = getattr(target, part)
    setattr(target, name, value)
    assert re.search(reason, refusal(builder.data()))


TABLES: list[tuple[Callable[[schema.Loadable], None], str]] = [
    (lambda t: setattr(t, "version", Version(9, 0, 0)), "version 9.0.0"),
    (lambda t: t.task_list.clear(), "task_list is empty"),
    (lambda t: t.submit_list.clear(), "submit_list is empty"),
    (lambda t: setattr(t.memory_list[1], "id", 5), r"memory_list\[1\]: id is 5"),
    (lambda t: setattr(t.memory_list[1], "domain", 1), r"memory_list\[1\]: domain 1"),
    (lambda t: setattr(t.memory_list[0], "size", 1 << 63), "size is 9,223,372,036,854,775,808 bytes"),
    (lambda t: setattr(t.memory_list[2], "offsets", [1 << 63]), "blob 'tb-2' at 0x8000000000000000"),
    (lambda t: setattr(t.memory_list[2], "offsets", []), "1 contents, but 0 offsets"),
    (lambda t: setattr(t.memory_list[2], "contents", ["nosuch"]), "there is no blob 'nosuch'"),
    (lambda t: setattr(t.memory_list[1], "bind_id", 3), r"bind ids of the inputs are \[3\]"),
    (lambda t: setattr(t.memory_list[1], "tensor_desc_id", 7), "tensor_desc_id is 7, there are 2 tensors"),
    (lambda t: setattr(t.address_list[1], "mem_id", 999), "memory 999"),
    (lambda t: setattr(t.address_list[1], "offset", 1 << 40), "the offset 0x10000000000 is outside memory 1"),
    (lambda t: setattr(t.task_list[0], "address_list", [0, 60000]), r"address_list\[1\] is 60000"),
    (lambda t: setattr(t.task_list[0], "interface", 3), "task 0: interface 3"),
    (lambda t: setattr(t.submit_list[0], "task_id", [4]), "submit 0: task 4"),
    (lambda t: setattr(t.submit_list[0], "task_id", [0, 0]), "submitted more than once"),
    (lambda t: setattr(t.tensor_desc_list[1], "data_type", 1), "tensor 'out': data_type is 1"),
    (lambda t: setattr(t.tensor_desc_list[1], "w", 1 << 30), "tensor 'out': 8 x 2 x 1073741824 elements"),
    (lambda t: setattr(t.tensor_desc_list[1], "stride_1", 1 << 31), "tensor 'out': its last element is byte 2,147,483"),
    (lambda t: t.blobs.append(t.blobs[0]), "is there twice"),
    (lambda t: setattr(t.blobs[0], "size", 3), "size is 3, its data have"),
]


@pytest.mark.parametrize(("change", "reason"), TABLES)
def test_tables_that_no_runtime_takes(change: Callable[[schema.Loadable], None], reason: str) -> None:
    tables = small().loadable()
    change(tables)
    assert re.search(reason, refusal(write_loadable(tables)))


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        (Version(0, 13, 0), "descriptors of version 0.13.0 are unknown"),
        (Version(2, 0, 0), "descriptors of version 2.0.0 are unknown"),
        (Version(0, 11, 0), "they make sense in layout 0.12 only"),
    ],
)
def test_versions(version: Version, reason: str) -> None:
    assert reason in refusal(small().data(version))


def test_kinds_that_nv_small_lacks() -> None:
    for kind, name in ((Kind.BDMA, "BDMA"), (Kind.RUBIK, "RUBIK"), (17, "type 17")):
        builder = small()
        graph = builder.common()
        graph[3].op_type = int(kind)
        builder.common = lambda graph=graph: graph  # type: ignore[method-assign, misc]
        assert f"operation 3 is {name}, which nv_small does not have" in refusal(builder.data())


def test_graphs_that_do_not_finish() -> None:
    changes: list[tuple[Callable[[list[Any]], None], str]] = [
        (lambda graph: setattr(graph[2], "dependency_count", 9), r"operation 2 (PDP): 8 events missing; operation 3"),
        (lambda graph: setattr(graph[1], "dependency_count", 0), "operation 1 (SDP): 1 events too many"),
        (lambda graph: setattr(graph[2], "consumers", (*graph[2].consumers[:3], Link(2, 2), *graph[2].consumers[4:])),
         "queued twice"),
        (lambda graph: setattr(graph[2], "consumers", (*graph[2].consumers[:4], Link(1, 1), Link())),
         "consumers[4] is operation 1, which is SDP"),
        (lambda graph: setattr(graph[2], "consumers", (*graph[2].consumers[:4], Link(77, 1), Link())),
         "consumers[4] is 77, there are 4 operations"),
        (lambda graph: setattr(graph[1], "fused_parent", Link(3, 3)), "fused_parent is operation 3, which is CDP"),
    ]  # fmt: skip
    for change, reason in changes:
        builder = small()
        graph = builder.common()
        change(graph)
        builder.common = lambda graph=graph: graph  # type: ignore[method-assign, misc]
        assert reason in refusal(builder.data())


def test_networks_for_nv_large() -> None:
    """Atoms of 32 bytes: lines of 32 * width in every cube."""
    builder = Builder()
    size = 32 * 6 * 6
    source, target = builder.cube(32, 6, 6, data=np.zeros((32, 6, 6), np.int8)), builder.cube(32, 6, 6)
    for cube in (source, target):
        cube.line_stride, cube.surf_stride = 32 * 6, size
    builder.sdp(source, target)
    line = refusal(builder.data())
    assert "lines of 192 bytes for 6 columns: made for atoms of 32 bytes (nv_full, nv_large)" in line


def test_containers_that_lead_outside() -> None:
    whole = small().data()
    for place, value in ((0, 1 << 31), (0, len(whole)), (0, len(whole) - 2)):
        data = bytearray(whole)
        struct.pack_into("<I", data, place, value)
        assert "not a loadable, or damaged" in refusal(bytes(data))


def test_lists_that_refer_to_one_thing_often_end_early() -> None:
    """A file of a megabyte whose lists stand for a hundred million tables."""
    tables = schema.Loadable(task_list=[schema.Task(0)] * 4)
    data = bytearray(write_loadable(tables))
    data += bytes(-len(data) % 4)
    count = 200_000
    vector = len(data)
    root = struct.unpack_from("<I", data, 0)[0]
    vtable = root - struct.unpack_from("<i", data, root)[0]
    for slot in range(1, 9):
        field = root + struct.unpack_from("<H", data, vtable + 4 + 2 * slot)[0]
        struct.pack_into("<I", data, field, vector - field)
    data += struct.pack("<I", count) + b"".join(
        struct.pack("<I", count * 4 + 4 - 4 * (n + 1)) for n in range(count)
    )
    data += struct.pack("<iHHHH", -4, 4, 4, 0, 0)
    with pytest.raises(UserError, match=r"more than 1,000,000 entries|id is"):
        parse_loadable(bytes(data), PATH)


def test_places_of_memories() -> None:
    data = small().data()
    network = open_network(PATH, data, 0x1000_0000, {1: 0xC000_0000})
    assert network.inputs[0].address == 0xC000_0000 and network.outputs[0].address < 0x2000_0000
    for places, reason in (({99: 0}, "no buffer of that number"), ({1: 4}, "multiple of 8")):
        with pytest.raises(UserError, match=reason):
            open_network(PATH, data, 0x1000_0000, places)
    with pytest.raises(UserError, match="overlaps"):
        open_network(PATH, data, 0x1000_0000, {1: 0x1000_0000})
    with pytest.raises(UserError, match="outside the 32-bit memory"):
        open_network(PATH, data, 0xFFFF_F000)


def test_beginnings_of_a_file() -> None:
    """Each is refused that lacks more than what fills the file up (scripts/damage.py loadables tries all of them)."""
    whole = small().data()
    content = len(whole.rstrip(b"\0")) + 1  # a name ends with a zero
    for length in (*range(0, content, 97), *range(content - 9, content)):
        refusal(whole[:length])
    for length in range(content, len(whole) + 9):  # other writers fill up less, or more
        assert open_network(PATH, whole[:length] + bytes(max(0, length - len(whole)))).outputs

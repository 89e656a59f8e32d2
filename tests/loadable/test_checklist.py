"""Every item of the checklist for official drivers, with files that break it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from cocodla import zoo
from cocodla.errors import UserError
from cocodla.loadable import Loadable, parse_loadable, write_loadable
from cocodla.loadable.checklist import RULES, check_file, complaints
from cocodla.loadable.descriptors import (
    SHAPES,
    CommonDescriptor,
    ConvolutionDescriptor,
    Cube,
    Kind,
    Link,
    NetworkDescriptor,
    Place,
    SdpDescriptor,
    SdpSurfaces,
    Signal,
)
from cocodla.loadable.export import export_network
from cocodla.loadable.export.graph import _chain
from cocodla.loadable.records import Layout, Record
from cocodla.loadable.schema import Version
from cocodla.loadable.task import Operation


def copies(count: int) -> list[Operation]:
    """Operations of SDP from memory to memory in a row."""
    parts = [(SdpDescriptor(), SdpSurfaces(Cube(Place.MEMORY))) for _ in range(count)]
    found = [Operation(n, Kind.SDP, CommonDescriptor(n), *part) for n, part in enumerate(parts)]
    _chain(found)
    return found


@pytest.fixture(scope="module")
def data() -> bytes:
    return export_network(zoo.lenet5()).data


def blob_of(loadable: Loadable, name: str) -> Any:
    return next(blob for blob in loadable.blobs if blob.name == name)


def described(name: str, kind: type[Record], index: int, change: Callable[[Any], None]) -> Callable[[Loadable], None]:
    """A change of a descriptor in a blob."""

    def apply(loadable: Loadable) -> None:
        blob, size = blob_of(loadable, name), kind.length(Layout.NEW)
        record = kind.read(bytes(blob.data), Layout.NEW, index * size)
        change(record)
        data = bytearray(blob.data)
        data[index * size : (index + 1) * size] = record.write(Layout.NEW)
        blob.data = bytes(data)

    return apply


def put(path: str, value: Any) -> Callable[[Any], None]:
    """Sets an attribute, given with dots and [places]."""

    def apply(target: Any) -> None:
        *parents, last = path.replace("]", "").replace("[", ".").split(".")
        for name in parents:
            target = target[int(name)] if name.isdecimal() else getattr(target, name)
        if last.isdecimal():
            target[int(last)] = value
        else:
            setattr(target, last, value)

    return apply


def network(path: str, value: Any) -> Callable[[Loadable], None]:
    return described("task-0-addr0", NetworkDescriptor, 0, put(path, value))


def graph(index: int, path: str, value: Any) -> Callable[[Loadable], None]:
    return described("task-0-dep_graph", CommonDescriptor, index, put(path, value))


def consumer(index: int, kind: Kind, link: Link) -> Callable[[Loadable], None]:
    def change(common: CommonDescriptor) -> None:
        links = list(common.consumers)
        links[kind] = link
        common.consumers = tuple(links)

    return described("task-0-dep_graph", CommonDescriptor, index, change)


def operation(index: int, kind: Kind, path: str, value: Any) -> Callable[[Loadable], None]:
    return described("task-0-op_list", SHAPES[kind][0], index, put(path, value))


def surface(index: int, kind: Kind, path: str, value: Any) -> Callable[[Loadable], None]:
    return described("task-0-surf_list", SHAPES[kind][1], index, put(path, value))


def renamed(old: str, new: str) -> Callable[[Loadable], None]:
    def change(loadable: Loadable) -> None:
        blob_of(loadable, old).name = new
        for memory in loadable.memory_list:
            memory.contents = [new if name == old else name for name in memory.contents]

    return change


def blob(name: str, path: str, value: Any) -> Callable[[Loadable], None]:
    return lambda loadable: put(path, value)(blob_of(loadable, name))


def padded(skip: int = 0, banks: int = 0) -> Callable[[Loadable], None]:
    """Weights of the first layer padded to 128 bytes, beside a layer with the same banks or others."""
    weights, kept = surface(0, CONV, "weight.size", 256), operation(0, CONV, "skip_weight_rls", skip)

    def change(loadable: Loadable) -> None:
        record = ConvolutionDescriptor.read(bytes(blob_of(loadable, "task-0-op_list").data), Layout.NEW)
        weights(loadable)
        kept(loadable)
        operation(3, CONV, "data_bank", record.data_bank + banks)(loadable)
        operation(3, CONV, "weight_bank", record.weight_bank)(loadable)

    return change


def twice(loadable: Loadable) -> None:
    loadable.blobs.append(loadable.blobs[-1])


CONV, SDP, PDP = Kind.CONVOLUTION, Kind.SDP, Kind.PDP
BROKEN: list[tuple[int, Callable[[Loadable], None], str]] = [
    (1, put("version", Version(0, 6, 0)), "the version is 0.6.0, not 0.7.0"),
    (2, put("memory_list[0].size", 8192), "memory 0 is not the dummy"),
    (2, put("memory_list[0].flags", 17), "memory 0 is not the dummy"),
    (2, put("address_list[0].mem_id", 1), "address 0 is not in memory 0"),
    (2, put("memory_list[1].alignment", 64), "memory 1: alignment 64, not 4096"),
    (2, put("memory_list[1].domain", 1), "memory 1: domain 1, not 0"),
    (3, put("memory_list[1].flags", 3), "memory 1: flags 3, not 1"),
    (3, put("memory_list[1].size", 0), "memory 1: its size is 0"),
    (3, put("memory_list[2].contents", ["tb-4"]), "memory 2: the application brings it, and it has contents"),
    (3, put("memory_list[4].contents", ["tb-9"]), "memory 4: there is no blob 'tb-9'"),
    (3, put("memory_list[4].size", 64), "memory 4: blob 'tb-4' ends behind it"),
    (3, put("memory_list[4].offsets", []), "memory 4: 1 contents, 0 offsets"),
    (3, put("memory_list[2].bind_id", 1), r"bind ids of inputs are \[1\], not 0 to 0"),
    (3, put("memory_list[3].bind_id", 2), r"bind ids of outputs are \[2\], not 0 to 0"),
    (3, put("memory_list[3].tensor_desc_id", 7), "memory 3: there is no tensor 7"),
    (3, put("tensor_desc_list[1].size", 8), "memory 3: tensor 1 is not the whole of it"),
    (3, put("tensor_desc_list[1].name", "x" * 81), "tensor 1: a name of 81 characters"),
    (4, put("address_list[1].mem_id", 99), "address 1: there is no memory 99"),
    (4, put("address_list[1].offset", 8), "address 1: offset 8, not 0"),
    (4, put("memory_list[10].flags", 3), "entry 9 is not in a memory of its own with flags 1"),
    (4, put("address_list[1].mem_id", 5), "entry 0 is not in a memory of its own with flags 3"),
    (5, twice, "the blob name 'tb-4' is there twice"),
    (5, renamed("task-0-dep_graph", "task-0-graph"), "there is no blob 'task-0-dep_graph'"),
    (5, renamed("tb-4", "weights"), "blob 'weights' is named neither"),
    (5, blob("task-0-op_list", "version", Version(0, 12, 5)), "'task-0-op_list' has not interface 1, sub_interface 3"),
    (5, blob("task-0-op_list", "sub_interface", 2), "'task-0-op_list' has not interface 1, sub_interface 3"),
    (5, blob("tb-4", "interface", 1), "blob 'tb-4' of data has not interface 0"),
    (5, blob("tb-4", "size", 8), "blob 'tb-4': size is 8"),
    (5, blob("task-0-lut_list", "data", b"\0" * 8), "'task-0-lut_list'"),
    (6, put("task_list[0].interface", 3), "task 0: interface 3"),
    (6, put("task_list[0].instance", 0), "task 0: instance 0, not -1"),
    (6, put("task_list[0].address_list[1]", 77), "task 0: its address list names addresses that are not there"),
    (6, put("task_list[0].post_actions", [3]), "task 0: its post actions name events that are not there"),
    (6, put("task_list[0].address_list", [5, 1, 6, 7, 8, 9]), "task 0: 6 addresses, at least 7 are needed"),
    (6, put("task_list[0].address_list[0]", 6), "task 0: entry 0 of its address list is not its addr0"),
    (6, put("submit_list[0].task_id", []), r"the tasks submitted are \[\], not 0 to 0"),
    (7, network("roi_surface", 0), "network: roi_surface is 0, not -1"),
    (7, network("num_rois", 2), "network: num_rois is 2, not 1"),
    (7, network("statistics", 3), "network: statistics is 3, not -1"),
    (7, network("num_addresses", 9), "network: num_addresses is 9, not 10"),
    (7, network("heads", (-1, 3, 1, 2, -1, -1)), "network: heads is"),
    (8, surface(0, CONV, "dst.address", 1), "dst has type 2, address 1, not 2 and -1"),
    (8, surface(1, SDP, "src.channel", 5), "is not what its SDP takes"),
    (8, consumer(0, SDP, Link(-1, 0)), "no SDP operation behind it"),
    (8, surface(6, CONV, "dst.line_stride", 64), "line_stride of a 1 x 1 output is 64, not 8"),
    (9, consumer(0, CONV, Link(6, Signal.PROGRAMMED)), "its queue goes on with 6 at event 2, not 3"),
    (9, consumer(0, CONV, Link(3, Signal.DATA)), "its queue goes on with 3 at event 5, not 3"),
    (9, consumer(10, CONV, Link(0, Signal.COMPLETED)), "its queue goes on, but it is the last convolution"),
    (9, graph(1, "fused_parent", Link(0, Signal.COMPLETED)), "its parent is 0 at event 1"),
    (9, graph(3, "fused_parent", Link(0, Signal.ENABLED)), "it reads memory, and has the parent 0"),
    (9, consumer(0, SDP, Link(1, Signal.COMPLETED)), "its parent has the consumer 1 at event 1, not it at 2"),
    (10, graph(3, "dependency_count", 2), r"operation 3 \(convolution\): dependency_count is 2, 3 links point to it"),
    (11, operation(2, PDP, "stride_x", 9), "a stride above 8"),
    (11, operation(0, CONV, "data_reuse", 1), "data_reuse"),
    (11, operation(0, CONV, "conv_mode", 1), "conv_mode is 1; nv_small takes 0 only"),
    (11, operation(1, SDP, "lut_index", 0), "lut_index"),
    (12, surface(0, CONV, "weight.size", 150), "150 bytes of weights, not a multiple of 8"),
    (12, padded(), "256 bytes of weights, 104 more than its kernels have: operation 3"),
    (13, surface(2, PDP, "dst.offset", 0x8000_0000), "offset 0x80000000 is no atom of entry 1"),
    (13, surface(2, PDP, "dst.offset", 4), "offset 0x4 is no atom of entry 1"),
]


def test_a_file_of_ours_keeps_all_items(data: bytes) -> None:
    assert list(complaints(data)) == [] and sorted(RULES) == list(range(1, 14))
    assert {item for item, _, _ in BROKEN} == set(RULES)


@pytest.mark.parametrize(("item", "change", "told"), BROKEN)
def test_a_broken_item_is_found(data: bytes, item: int, change: Callable[[Loadable], None], told: str) -> None:
    loadable = parse_loadable(data, "net")
    change(loadable)
    found = []
    try:
        for entry in complaints(write_loadable(loadable)):
            found.append(entry)
    except UserError:
        assert found  # what is broken was told before the rest could not be read
    texts = [text for number, text in found if number == item]
    assert any(re.search(told, text) for text in texts), found


@pytest.mark.parametrize("change", [padded(skip=1), padded(banks=1)])
def test_padding_that_no_layer_reads(data: bytes, change: Callable[[Loadable], None]) -> None:
    """Weights that are released by their bytes, and other banks in the next layer (cdma.md section 6.4)."""
    loadable = parse_loadable(data, "net")
    change(loadable)
    assert not [text for item, text in complaints(write_loadable(loadable)) if item == 12]


def test_identifier_and_missing_lists(data: bytes) -> None:
    with pytest.raises(UserError, match="item 1 of the checklist: the identifier is"):
        check_file(write_loadable(parse_loadable(data, "net"), b"NVDB"))
    root = int.from_bytes(data[:4], "little")
    table = root - int.from_bytes(data[root : root + 4], "little", signed=True)
    cut = bytearray(data)
    cut[table + 4 + 2 * 7 : table + 6 + 2 * 7] = b"\0\0"  # the slot of reloc_list
    with pytest.raises(UserError, match="item 1 of the checklist: reloc_list is missing"):
        check_file(bytes(cut))


def test_the_official_compilers_file_keeps_the_items_about_its_tables(shared: Any) -> None:
    """A file in the layout of 2019; its last result lies in the pool, no tensor is an output."""
    official = (shared / "loadables" / "lenet_official_nv_small.nvdla").read_bytes()
    assert list(complaints(official)) == []

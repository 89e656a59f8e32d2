"""Small loadables made from our own tables, as the public compiler lays them out or as the regression files are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cocodla.formats.feature import CubeLayout, tensor_to_bytes
from cocodla.formats.operands import pack_channel_operands
from cocodla.formats.weights import extend_image_kernel, pack_weights, pad_stream
from cocodla.hw import surfaces
from cocodla.loadable import Loadable, schema, write_loadable
from cocodla.loadable.descriptors import (
    CdpDescriptor,
    CommonDescriptor,
    Converter,
    ConvolutionDescriptor,
    ConvolutionSurfaces,
    Cube,
    Kind,
    Link,
    Lut,
    NetworkDescriptor,
    PdpDescriptor,
    Place,
    PoolSurfaces,
    SdpDescriptor,
    SdpSurfaces,
    Signal,
    Stage,
)
from cocodla.loadable.emu import EmuBuffers, EmuCube, EmuNetwork, EmuOperation, EmuSoftmax
from cocodla.loadable.records import Layout, Record
from cocodla.loadable.schema import ALLOC, DLA, EMU, INPUT, OUTPUT, SET, Version

VERSIONS = {Layout.NEW: Version(0, 12, 3), Layout.OLD: Version(0, 11, 0)}


@dataclass
class Op:
    """An operation while a graph is built. after: operations that must have ended before."""

    kind: Kind
    descriptor: Record
    surfaces: Record
    parent: int | None = None
    after: list[int] = field(default_factory=list)


@dataclass
class Builder:
    """Collects memories and operations; `data` gives the file."""

    layout: Layout = Layout.NEW
    regression: bool = False
    memories: list[tuple[int, int, bytes]] = field(default_factory=list)
    tensors: list[schema.Tensor] = field(default_factory=list)
    ops: list[Op] = field(default_factory=list)
    luts: list[Lut] = field(default_factory=list)
    emu: list[tuple[Record, EmuBuffers]] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    emu_place: int | None = None
    begins: dict[int, int] = field(default_factory=dict)
    """Where in its memory an entry of the task's address list begins."""

    def cut(self, cpu: bool = False) -> None:
        """What follows is another task of the accelerator; cpu: the task of the CPU comes before it."""
        self.cuts.append(len(self.ops))
        if cpu:
            self.emu_place = len(self.cuts)

    # -- memory --------------------------------------------------------------------------------

    @property
    def shift(self) -> int:
        """What an index of a memory becomes in the task's address list."""
        return 5 if self.regression else 1

    def memory(self, flags: int, size: int, content: bytes = b"") -> int:
        """A memory; its index in the task's address list."""
        self.memories.append((flags, size, content))
        return len(self.memories) - 1 + self.shift

    def constant(self, data: Any) -> int:
        """A memory with data."""
        content = bytes(data)
        return self.memory(ALLOC | SET, len(content), content)

    def cube(self, channels: int, height: int, width: int, flags: int = 0, data: Any = None, name: str = "t") -> Cube:
        """A packed cube in a memory of its own; flags: INPUT or OUTPUT make it a tensor of the application."""
        layout = CubeLayout.packed(width, height, channels)
        content = b"" if data is None else tensor_to_bytes(data).tobytes()
        index = self.constant(content) if content else self.memory(ALLOC | flags, layout.size)
        if flags:
            self.tensors.append(
                schema.Tensor(
                    name, len(self.tensors), index, layout.size, 0, 3, 4, 2, 37, 0, 1, channels, height, width,
                    1, layout.line_stride, layout.surface_stride,
                )
            )  # fmt: skip
        strides = layout.line_stride, layout.surface_stride
        return Cube(0, index, 0, layout.size, width, height, channels, 0, *strides)

    def spread(
        self, shape: tuple[int, int, int], gaps: tuple[int, int] = (0, 0), begin: int = 0, data: Any = None,
        output: bool = False,
    ) -> Cube:  # fmt: skip
        """A cube (channels, height, width) whose lines and surfaces have gaps behind them (bytes), from a byte of its
        memory on; output: the application brings the memory, and its tensor is the whole of it.
        """
        channels, height, width = shape
        line = 8 * width + gaps[0]
        layout = CubeLayout(width, height, channels, line, line * height + gaps[1])
        size = begin + surfaces(channels) * layout.surface_stride
        content = b"" if data is None else bytes(begin) + tensor_to_bytes(data, layout).tobytes()
        flags = ALLOC | (SET if content else 0) | (OUTPUT if output else 0)
        index = self.memory(flags, max(size, len(content)), content)
        if output:
            strides = layout.line_stride, layout.surface_stride
            self.tensors.append(
                schema.Tensor("out", len(self.tensors), index, size, begin, 3, 4, 2, 37, 0, 1, *shape, 1, *strides)
            )
        if self.layout is Layout.OLD:  # its cubes have no offset
            self.begins[index] = begin
        offset = 0 if self.layout is Layout.OLD else begin
        return Cube(0, index, offset, 0, width, height, channels, 0, layout.line_stride, layout.surface_stride)

    # -- operations ----------------------------------------------------------------------------

    def add(self, kind: Kind, descriptor: Record, cubes: Record, parent: int | None = None) -> int:
        """Any operation."""
        self.ops.append(Op(kind, descriptor, cubes, parent))
        return len(self.ops) - 1

    def convolution(self, src: Cube, weights: np.ndarray, pad: int = 0, after: list[int] | None = None) -> int:
        """A convolution (weights: kernels, channels, rows, columns), to be followed by `sdp` behind it."""
        kernels, channels, rows, columns = weights.shape
        height, width = src.height + 2 * pad - rows + 1, src.width + 2 * pad - columns + 1
        stream = pad_stream(pack_weights(weights))
        entries = surfaces(channels) * src.width
        op = ConvolutionDescriptor(
            entry_per_slice=entries, data_format=36, fetch_grain=1, batch=1,
            data_bank=-(-entries * src.height // 512), weight_bank=-(-len(stream) // 4096), pixel_override=1,
            release=src.height, input_width_csc=src.width, input_height_csc=src.height, input_channel_csc=channels,
            kernel_width_csc=columns, kernel_height_csc=rows, kernel_channel_csc=channels, input_width_cmac=width,
            input_height_cmac=height, bytes_per_kernel=rows * columns * channels, conv_stride_x=1, conv_stride_y=1,
            pad_x_left=pad, pad_x_right=pad, pad_y_top=pad, pad_y_bottom=pad, dilation_x=1, dilation_y=1,
            out_cvt=Converter(1),
        )  # fmt: skip
        weight = Cube(0, self.constant(stream), 0, len(stream), columns, rows, channels)
        dst = Cube(Place.UNIT, -1, 0, 0, width, height, kernels, 0, 8 * width, 8 * width * height)
        surface = ConvolutionSurfaces(weight, Cube(), Cube(), src, dst)
        self.ops.append(Op(Kind.CONVOLUTION, op, surface, None, after or []))
        return len(self.ops) - 1

    def image(self, channels: int, height: int, width: int) -> Cube:
        """A tensor of four bytes a pixel that the application brings."""
        line = -(-width * 4 // 8) * 8
        index = self.memory(ALLOC | INPUT, line * height)
        size = line * height
        self.tensors.append(
            schema.Tensor(
                "image", len(self.tensors), index, size, 0, 2, 4, 0, 13, 0, 1, channels, height, width, 4, line
            )
        )
        return Cube(0, index, 0, 0, width, height, channels, 0, line, line * height)

    def pixels(self, src: Cube, weights: np.ndarray) -> int:
        """A convolution of an image as `image` has it, codes taken as they are."""
        _, channels, _, columns = weights.shape
        index = self.convolution(src, weights)
        op, entries = self.ops[index].descriptor, -(-src.width * channels // 8)
        assert isinstance(op, ConvolutionDescriptor)
        op.data_format, op.entry_per_slice, op.data_bank = 13, entries, -(-entries * src.height // 512)
        op.kernel_width_csc, op.kernel_channel_csc = 1, columns * channels
        op.in_cvt = Converter(1, 0, 1)
        stream = pad_stream(pack_weights(extend_image_kernel(weights)))
        self.memories[-1] = (self.memories[-1][0], len(stream), stream.tobytes())
        return index

    def behind(self, index: int) -> Cube:
        """The source of an operation that is fed by another one."""
        dst: Cube = getattr(self.ops[index].surfaces, "dst")  # noqa: B009
        return Cube(Place.UNIT, -1, 0, 0, dst.width, dst.height, dst.channel)

    def sdp(
        self, src: Cube, dst: Cube | None, parent: int | None = None, bias: Any = None, relu: bool = False,
        shift: int = 0, after: list[int] | None = None,
    ) -> int:  # fmt: skip
        """An SDP operation: bias of each kernel from memory, ReLU, shift; dst None: to PDP."""
        x1, stage = Cube(), Stage()
        if bias is not None or relu:
            stage = Stage(1, 2, 2 if bias is not None else 0, 1 if bias is not None else 0, int(relu), precision=1)
        if bias is not None:
            data = pack_channel_operands(src.channel, np.asarray(bias), None, two_bytes=True)
            x1 = Cube(0, self.constant(data), 0, len(data), 1, 1, src.channel, 0, 16, 16)
        target = dst or Cube(Place.UNIT, -1, 0, 0, src.width, src.height, src.channel)
        op = SdpDescriptor(out_cvt=Converter(1, shift, 1), x1_op=stage)
        self.ops.append(Op(Kind.SDP, op, SdpSurfaces(src, x1, Cube(), Cube(), target), parent, after or []))
        return len(self.ops) - 1

    def pdp(self, src: Cube, dst: Cube, size: int, parent: int | None = None, after: list[int] | None = None) -> int:
        """Maxima of size x size windows."""
        op = PdpDescriptor(pool_mode=1, pool_width=size - 1, pool_height=size - 1, stride_x=size, stride_y=size)
        self.ops.append(Op(Kind.PDP, op, PoolSurfaces(src, dst), parent, after or []))
        return len(self.ops) - 1

    def cdp(self, src: Cube, dst: Cube, lut: int, after: list[int] | None = None) -> int:
        """A normalisation over 3 channels with a table."""
        op = CdpDescriptor(lut_index=lut, in_cvt=Converter(1), out_cvt=Converter(1, 8), local_size=3)
        self.ops.append(Op(Kind.CDP, op, PoolSurfaces(src, dst), None, after or []))
        return len(self.ops) - 1

    def softmax(self, src: Cube, dst: Cube, scale: float = 0.1, output_scale: float = 1 / 127) -> None:
        """A softmax on the CPU, behind the task of the accelerator."""
        operation = EmuSoftmax(input_scale=scale, output_scale=output_scale)
        self.emu.append((operation, self._emu_buffers(src, dst)))

    def power(self, src: Cube, dst: Cube, power: float, scale: float, shift: float) -> None:
        """(shift + scale * x) ^ power on the CPU, on codes as they are."""
        operation = EmuOperation(power=power, scale=scale, shift=shift)
        self.emu.append((operation, self._emu_buffers(src, dst)))

    @staticmethod
    def _emu_buffers(src: Cube, dst: Cube) -> EmuBuffers:
        cubes = (
            EmuCube(c.address, c.offset, c.size, 1, c.width, c.height, c.channel, c.line_stride, c.surf_stride)
            for c in (src, dst)
        )
        return EmuBuffers(*cubes)

    # -- the graph -----------------------------------------------------------------------------

    def common(self, start: int = 0, stop: int | None = None) -> list[CommonDescriptor]:
        """The dependency graph of some operations: chains of each engine, fused pairs, and what must have ended."""
        ops = self.ops[start:stop]
        found = [CommonDescriptor(index, 0, op.kind, 0) for index, op in enumerate(ops)]
        last: dict[Kind, int] = {}
        for index, op in enumerate(ops):
            if op.kind in last:
                self._link(found, last[op.kind], index, Signal.PROGRAMMED)
            last[op.kind] = index
            if op.parent is not None:
                parent = op.parent - start
                self._link(found, parent, index, Signal.PROGRAMMED)
                found[index].fused_parent = Link(parent, Signal.ENABLED)
                found[parent].dependency_count += 1
            for before in op.after:
                if before >= start:
                    self._link(found, before - start, index, Signal.COMPLETED)
        return found

    def _link(self, graph: list[CommonDescriptor], before: int, index: int, signal: Signal) -> None:
        kind, consumers = Kind(graph[index].op_type), list(graph[before].consumers)
        if consumers[kind].index not in (-1, index):
            raise AssertionError(f"operation {before} has two consumers of kind {kind}")
        if consumers[kind].index == index:  # a chain link that has to wait as well
            consumers[kind] = Link(index, Signal.COMPLETED)
        else:
            consumers[kind] = Link(index, signal)
            graph[index].dependency_count += 1
        graph[before].consumers = tuple(consumers)

    # -- the file ------------------------------------------------------------------------------

    def data(self, version: Version | None = None) -> bytes:
        """The bytes of the loadable."""
        return write_loadable(self.loadable(version), None if self.regression else b"NVDA")

    def loadable(self, version: Version | None = None) -> Loadable:
        """Its tables."""
        version = version or (Version(0, 10, 0) if self.regression else VERSIONS[self.layout])
        made = _Tables(Loadable(Version(0, 7, 0)), self.regression)
        if not self.regression:
            made.memory(ALLOC, 4096)
        tasks: list[list[int]] = []
        if self.regression:
            contents = self._descriptors({"operations": 1, "surfaces": 2, "graph": 3, "luts": 4}, 0, None)
            for name, sub in (("network", 1), ("operations", 3), ("surfaces", 4), ("graph", 2), ("luts", 5)):
                made.blob(f"m_{name}", contents[name], version, 0, sub)
            for flags, size, content in self.memories:
                made.data(flags, size, content)
            tasks = [list(range(len(made.loadable.address_list)))]
        else:
            for flags, size, content in self.memories:
                made.data(flags, size, content)
            tasks = [list(self._dla_task(made, number, version)) for number in range(len(self.cuts) + bool(self.ops))]
        loadable = made.loadable
        loadable.tensor_desc_list = self._bind(loadable)
        loadable.task_list = [schema.Task(number, DLA, -1, task, [], [0]) for number, task in enumerate(tasks)]
        order = list(range(len(tasks)))
        if self.emu:
            order.insert(len(tasks) if self.emu_place is None else self.emu_place, len(tasks))
            loadable.task_list.append(self._emu_task(made, len(tasks), version))
        loadable.submit_list = [schema.Submit(0, order)]
        loadable.event_list = [schema.Event(0, 0, 0, 1, 1)]
        for index, begin in self.begins.items():
            loadable.address_list[index].offset = begin
        return loadable

    def _dla_task(self, made: _Tables, number: int, version: Version) -> Iterator[int]:
        """Writes the descriptors of a task; its address list."""
        count, first = len(self.memories), len(made.loadable.address_list)
        edges = [0, *self.cuts, len(self.ops)]
        place = {"graph": count + 1, "operations": count + 2, "surfaces": count + 3, "luts": count + 4}
        contents = self._descriptors(place, edges[number], edges[number + 1])
        names = {"network": "addr0", "graph": "dep_graph", "operations": "op_list", "surfaces": "surf_list"}
        for sub, name in enumerate(("network", "graph", "operations", "surfaces", "luts"), 1):
            made.blob(f"task-{number}-{names.get(name, 'lut_list')}", contents[name], version, DLA, sub)
        yield from (first, *range(1, count + 1), *range(first + 1, first + 5))

    def _descriptors(self, place: dict[str, int], start: int, stop: int | None) -> dict[str, bytes]:
        ops = self.ops[start:stop]
        heads = tuple(next((n for n, op in enumerate(ops) if op.kind is kind), -1) for kind in Kind)
        network = NetworkDescriptor(
            place["operations"], place["surfaces"], place["graph"], place["luts"], heads=heads,
            num_operations=len(ops), num_luts=len(self.luts), num_addresses=len(self.memories) + 6,
        )  # fmt: skip
        lists: dict[str, list[Any]] = {
            "network": [network], "graph": self.common(start, stop) if self.cuts else self.common(),
            "operations": [op.descriptor for op in ops], "surfaces": [op.surfaces for op in ops],
            "luts": self.luts or [Lut()],
        }  # fmt: skip
        return {name: b"".join(entry.write(self.layout) for entry in entries) for name, entries in lists.items()}

    def _bind(self, loadable: Loadable) -> list[schema.Tensor]:
        """Bind ids of inputs and outputs in their order."""
        used = {INPUT: 0, OUTPUT: 0}
        for tensor in self.tensors:
            memory = loadable.memory_list[tensor.mem_id]
            flag = memory.flags & (INPUT | OUTPUT)
            memory.bind_id, memory.tensor_desc_id = used[flag], tensor.id
            used[flag] += 1
        return self.tensors

    def _emu_task(self, made: _Tables, number: int, version: Version) -> schema.Task:
        count = len(self.memories)
        network = EmuNetwork(count + 1, count + 2, len(self.emu))
        first = len(made.loadable.address_list)
        operations = b"".join(operation.write(self.layout) for operation, _ in self.emu)
        buffers = b"".join(cubes.write(self.layout) for _, cubes in self.emu)
        for name, part in (("addr0", network.write(self.layout)), ("op_list", operations), ("op_buf_list", buffers)):
            made.blob(f"emu-{name}", part, version, EMU, 1)
        return schema.Task(number, EMU, -1, [first, *range(1, count + 1), first + 1, first + 2])


@dataclass
class _Tables:
    """Lists of a loadable that grow together: an address for each memory."""

    loadable: Loadable
    regression: bool

    def memory(self, flags: int, size: int, contents: list[str] | None = None) -> int:
        """A memory and its address; its number."""
        number = len(self.loadable.memory_list)
        names = contents or []
        alignment = 0 if self.regression else 4096
        memory = schema.Memory(number, 0, flags, size, alignment, names, [0] * len(names))
        self.loadable.memory_list.append(memory)
        self.loadable.address_list.append(schema.Address(number, number, 0, size))
        return number

    def blob(self, name: str, data: bytes, version: Version, interface: int, sub_interface: int) -> None:
        """A blob in a memory of its own."""
        self.memory(ALLOC | SET, len(data), [name])
        self.loadable.blobs.append(schema.Blob(name, len(data), interface, sub_interface, version, data))

    def data(self, flags: int, size: int, content: bytes) -> None:
        """A memory of data."""
        name = f"tb-{len(self.loadable.memory_list)}"
        if content:
            self.blob(name, content, Version(), 0, 0)
        else:
            self.memory(flags, size)

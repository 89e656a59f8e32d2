"""Integer layers -> hardware layers: memory formats, units, operand blobs and what each layer needs of the buffer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from cocodla import hw
from cocodla.compiler.ir import Graph, Shape
from cocodla.compiler.quantize import QuantisedAdd, QuantisedConv, QuantisedGraph, QuantisedLayer
from cocodla.errors import UserError
from cocodla.formats import CubeLayout, pack_channel_operands
from cocodla.formats.pixels import PixelFormat, pixel_format
from cocodla.formats.weights import extend_image_kernel, pack_weights, pad_stream

PIXEL_FORMATS = {1: "T_R8", 3: "T_Y8___V8U8_N444", 4: "T_A8B8G8R8"}
"""Memory format of an image by its channels; three channels: the first in plane 0, the others paired in plane 1."""
MAX_PAD_RIGHT = 63

CONV_UNITS = ("SDP", "SDP_RDMA", "CACC", "CMAC_A", "CMAC_B", "CSC", "CDMA")
POOL_UNITS = ("PDP", "PDP_RDMA")
ADD_UNITS = ("SDP", "SDP_RDMA")
"""Units of each kind of layer in the order of enabling; the last one starts it."""


@dataclass
class Tensor:
    """A tensor in memory. Codes mean scale * (q - zero).

    form: feature cube, or pixel planes (`planes`: their offsets from the address; `line_strides`: one each).
    addresses: one for each image in flight. Sizes and strides in bytes.
    """

    name: str
    form: Literal["cube", "pixels"]
    channels: int
    height: int
    width: int
    size: int
    line_strides: tuple[int, ...]
    surface_stride: int = 0
    planes: tuple[int, ...] = (0,)
    scale: float = 1.0
    zero: int = 0
    addresses: list[int] = field(default_factory=list)

    @property
    def shape(self) -> Shape:
        return self.channels, self.height, self.width

    @property
    def layout(self) -> CubeLayout:
        """Geometry of a cube."""
        return CubeLayout(self.width, self.height, self.channels, self.line_strides[0], self.surface_stride)

    @property
    def pixel_format(self) -> PixelFormat:
        """Format of a pixel input."""
        return pixel_format(PIXEL_FORMATS[self.channels])

    @property
    def address(self) -> int:
        """Address of the first image in flight."""
        return self.addresses[0]


@dataclass
class HardwareLayer:
    """A layer as the machine will run it, before it has addresses and banks.

    units: in the order of enabling; the last one starts the layer, the others wait for it.
    blobs: constant operands by role (weights, multiplier, bias). data_entries: CBUF entries of the whole input;
    slice_entries: of one line; group_bytes: weights of the largest kernel group. macs: useful multiplications;
    mac_cycles, read_beats, write_beats: the bounds of its run time.
    """

    layer: QuantisedLayer
    sources: tuple[Tensor, ...]
    target: Tensor
    units: tuple[str, ...]
    operation: str
    blobs: dict[str, bytes] = field(default_factory=dict)
    slice_entries: int = 0
    data_entries: int = 0
    group_bytes: int = 0
    pad_right: int = 0
    macs: int = 0
    mac_cycles: int = 0
    read_beats: int = 0
    write_beats: int = 0
    data_banks: int = 0
    weight_banks: int = 0
    addresses: dict[str, int] = field(default_factory=dict)

    @property
    def source(self) -> Tensor:
        """The first, for most layers only, input."""
        return self.sources[0]

    @property
    def uses_buffer(self) -> bool:
        return isinstance(self.layer, QuantisedConv)


def lower(graph: Graph, quantised: QuantisedGraph) -> tuple[list[HardwareLayer], dict[str, Tensor]]:
    """Hardware layers in order, and all tensors by name. An input without a scale of its own is fetched as pixels."""
    tensors: dict[str, Tensor] = {}
    shape = graph.shapes[graph.input]
    tensors[graph.input] = (
        pixel_tensor(graph.input, shape)
        if graph.input not in quantised.tensors
        else _cube(graph.input, shape, quantised)
    )
    layers = []
    for layer in quantised.layers:
        sources = tuple(tensors[name] for name in layer.sources)
        target = _cube(layer.target, graph.shapes[layer.target], quantised)
        tensors[layer.target] = target
        if isinstance(layer, QuantisedConv):
            layers.append(_convolution(layer, sources[0], target))
        elif isinstance(layer, QuantisedAdd):
            layers.append(_memory_to_memory(layer, sources, target, ADD_UNITS, "add+relu" if layer.relu else "add"))
        else:
            label = layer.pool.function.label
            layers.append(_memory_to_memory(layer, sources, target, POOL_UNITS, label))
    return layers, tensors


def _cube(name: str, shape: Shape, quantised: QuantisedGraph) -> Tensor:
    channels, height, width = shape
    layout = CubeLayout.packed(width, height, channels)
    meaning = quantised.tensors[name]
    return Tensor(
        name, "cube", channels, height, width, layout.size, (layout.line_stride,), layout.surface_stride,
        scale=meaning.scale, zero=meaning.zero,
    )  # fmt: skip


def pixel_tensor(name: str, shape: Shape) -> Tensor:
    """Memory of an image of (channels, height, width) bytes."""
    channels, height, width = shape
    strides = pixel_format(PIXEL_FORMATS[channels]).line_bytes(width)
    sizes = [stride * height for stride in strides]
    planes = tuple(int(offset) for offset in np.cumsum([0, *sizes[:-1]]))
    return Tensor(name, "pixels", channels, height, width, sum(sizes), strides, planes=planes)


def _convolution(layer: QuantisedConv, source: Tensor, target: Tensor) -> HardwareLayer:
    kernels, channels, rows, columns = layer.weight.shape
    height, width = layer.size
    result = HardwareLayer(layer, (source,), target, _units(layer), _operation(layer))
    if source.form == "pixels":
        result.pad_right = max(0, (width - 1) * layer.stride[1] + columns - layer.pad[1] - source.width)
        if result.pad_right > MAX_PAD_RIGHT:
            raise UserError(f"Conv {layer.name!r}: padding of {result.pad_right} columns on the right, at most 63")
        stream = pack_weights(extend_image_kernel(layer.weight))
        result.slice_entries = hw.ceil_div((layer.pad[1] + source.width + result.pad_right) * channels, hw.ATOM)
        steps = rows * hw.ceil_div(columns * channels, hw.ATOM)
    else:
        stream = pack_weights(layer.weight)
        result.slice_entries = source.width * hw.surfaces(channels)
        steps = rows * columns * hw.surfaces(channels)
    result.data_entries = result.slice_entries * source.height
    result.group_bytes = hw.align(min(kernels, hw.ATOM) * rows * columns * channels)
    result.blobs["weights"] = pad_stream(stream).tobytes()
    result.blobs["multiplier"] = pack_channel_operands(kernels, mul=layer.multiplier, two_bytes=True).tobytes()
    result.blobs["bias"] = pack_channel_operands(kernels, alu=layer.bias, two_bytes=True).tobytes()
    result.macs = height * width * layer.weight.size
    result.mac_cycles = height * width * steps * hw.surfaces(kernels)
    operands = sum(len(blob) for blob in result.blobs.values())
    result.read_beats = (operands + source.size) // hw.ATOM
    result.write_beats = target.size // hw.ATOM
    return result


def _memory_to_memory(
    layer: QuantisedLayer, sources: tuple[Tensor, ...], target: Tensor, units: tuple[str, ...], operation: str
) -> HardwareLayer:
    """A layer without convolution."""
    result = HardwareLayer(layer, sources, target, units, operation)
    result.read_beats = sum(source.size for source in sources) // hw.ATOM
    result.write_beats = target.size // hw.ATOM
    return result


def _units(layer: QuantisedConv) -> tuple[str, ...]:
    return ("PDP", *CONV_UNITS) if layer.pool is not None else CONV_UNITS


def _operation(layer: QuantisedConv) -> str:
    """What the layer does, for reports."""
    kernels, _, rows, columns = layer.weight.shape
    fully_connected = layer.size == (1, 1) and layer.input_shape[1:] == (rows, columns)
    parts = [f"fc{kernels}" if fully_connected else f"conv{rows}x{columns}"]
    if layer.stride != (1, 1):
        parts[0] += f"/{layer.stride[0]}"
    if layer.relu or layer.leaky:
        parts.append("relu" if layer.relu else "leaky relu")
    if layer.pool is not None:
        parts.append(layer.pool.function.label)
    return "+".join(parts)


def to_json(tensor: Tensor) -> dict[str, Any]:
    """Plain values of a tensor for the network file."""
    return dict(tensor.__dict__)


def from_json(values: dict[str, Any]) -> Tensor:
    """Inverse of to_json."""
    values = {**values, "line_strides": tuple(values["line_strides"]), "planes": tuple(values["planes"])}
    return Tensor(**values)

"""Integer layers -> hardware layers: memory formats, units, operand blobs and what each layer needs of the buffer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cocodla import hw
from cocodla.compiler.hardware import tiles
from cocodla.compiler.hardware.chains import expanded
from cocodla.compiler.hardware.layer import HardwareLayer
from cocodla.compiler.hardware.moves import copies
from cocodla.compiler.hardware.tensors import Tensor, cube_tensor, pixel_tensor
from cocodla.compiler.ir import Graph, Shape
from cocodla.compiler.limits import Refused
from cocodla.compiler.quantisation.curves import QuantisedCurve
from cocodla.compiler.quantisation.layers import (
    QuantisedAdd,
    QuantisedConv,
    QuantisedCustom,
    QuantisedGraph,
    QuantisedLayer,
    QuantisedMove,
    QuantisedMultiply,
    QuantisedPooling,
    QuantisedView,
)
from cocodla.compiler.quantisation.lrn import QuantisedLrn
from cocodla.compiler.quantisation.pointwise import QuantisedPointwise, operand_beats, stages
from cocodla.formats import pack_channel_operands, pack_operands
from cocodla.formats.weights import extend_image_kernel, pack_weights, pad_stream

MAX_PAD_RIGHT = 63

CONV_UNITS = ("SDP", "SDP_RDMA", "CACC", "CMAC_A", "CMAC_B", "CSC", "CDMA")
POOL_UNITS = ("PDP", "PDP_RDMA")
CDP_UNITS = ("CDP", "CDP_RDMA")
ADD_UNITS = ("SDP", "SDP_RDMA")
SUM_UNITS = ("SDP", "CACC", "CMAC_A", "CMAC_B", "CSC", "SDP_RDMA", "CDMA")
"""Units of each kind of layer in the order of enabling: those that read tensors last."""


def lower(graph: Graph, quantised: QuantisedGraph) -> tuple[list[HardwareLayer], dict[str, Tensor]]:
    """Hardware layers in order, and all tensors by name. An input without a scale of its own is fetched as pixels."""
    tensors: dict[str, Tensor] = {}
    shape = graph.shapes[graph.input]
    tensors[graph.input] = (
        pixel_tensor(graph.input, shape)
        if graph.input not in quantised.tensors
        else _cube(graph.input, shape, quantised)
    )
    _place_concatenated(graph, quantised, tensors)
    layers: list[HardwareLayer] = []
    for layer in quantised.layers:
        if isinstance(layer, QuantisedView):
            if layer.kind == "slice":
                assert layer.box is not None
                tensors[layer.target] = tensors[layer.sources[0]].view(*layer.box, layer.target)
            elif layer.kind == "host":
                tensors[layer.target] = _cube(layer.target, graph.shapes[layer.target], quantised)
            continue
        sources = tuple(tensors[name] for name in layer.sources)
        if layer.target not in tensors:
            tensors[layer.target] = _cube(layer.target, graph.shapes[layer.target], quantised)
        if isinstance(layer, QuantisedCustom):
            made, inner = expanded(layer, sources, tensors[layer.target])
            tensors.update(inner)
        else:
            made = _layers(layer, sources, tensors[layer.target], graph.official)
            made[-1].completes = (layer.target,)
        layers += made
    levels = host_levels(quantised)
    for made_layer in layers:
        made_layer.stage = levels[made_layer.owner or made_layer.layer.target]
    layers.sort(key=lambda entry: entry.stage)
    used = sorted({entry.stage for entry in layers})
    for made_layer in layers:  # a network may begin on the host
        made_layer.stage = used.index(made_layer.stage)
    _complete_views(quantised, layers)
    _complete_scattered(layers, tensors)
    return layers, tensors


def host_levels(quantised: QuantisedGraph) -> dict[str, int]:
    """How often the host has to run before a tensor can be made (a tensor of the host: counted itself)."""
    levels: dict[str, int] = {}
    for layer in quantised.layers:
        on_host = isinstance(layer, QuantisedView) and layer.kind == "host"
        levels[layer.target] = max(levels.get(name, 0) for name in layer.sources) + int(on_host)
    return levels


def _place_concatenated(graph: Graph, quantised: QuantisedGraph, tensors: dict[str, Tensor]) -> None:
    """Tensors of all Concats, and their inputs as parts of them: the layers before write into the right place."""
    for layer in reversed(quantised.layers):
        if not isinstance(layer, QuantisedView) or layer.kind != "concat":
            continue
        if layer.target not in tensors:
            tensors[layer.target] = _cube(layer.target, graph.shapes[layer.target], quantised)
        whole, first = tensors[layer.target], 0
        for name in layer.sources:
            shape = graph.shapes[name]
            spans = [(0, extent) for extent in shape]
            spans[layer.axis] = (first, first + shape[layer.axis])
            tensors[name] = whole.view(spans[0], spans[1], spans[2], name)
            first += shape[layer.axis]


def _complete_views(quantised: QuantisedGraph, layers: list[HardwareLayer]) -> None:
    """Name each Concat's tensor in the last layer that writes a part of it, each Slice's where its source is whole."""
    for view in quantised.layers:
        if not isinstance(view, QuantisedView) or view.kind == "host":
            continue
        last = next((layer for layer in reversed(layers) if set(layer.completes) & set(view.sources)), None)
        if last is not None:  # a part of an input is there from the start
            last.completes += (view.target,)


def _complete_scattered(layers: list[HardwareLayer], tensors: dict[str, Tensor]) -> None:
    """A tensor with gaps is read back once all of its stage is in the gaps: a layer may still be writing there."""
    for layer in list(layers):
        for name in layer.completes:
            memory = tensors[name].memory
            if not tensors[name].has_gaps:
                continue
            last = [entry for entry in layers if entry.target.memory == memory and entry.stage == layer.stage][-1]
            if last is not layer:
                layer.completes = tuple(other for other in layer.completes if other != name)
                last.completes += (name,)


def _cube(name: str, shape: Shape, quantised: QuantisedGraph) -> Tensor:
    meaning = quantised.tensors[name]
    return cube_tensor(name, shape, meaning.scale, meaning.zero)


def _layers(
    layer: QuantisedLayer, sources: tuple[Tensor, ...], target: Tensor, one_source: bool
) -> list[HardwareLayer]:
    """The hardware layers that compute one tensor. one_source: see `HardwareLayer`."""
    if isinstance(layer, QuantisedConv):
        parts = tiles.cut(layer, sources, target)
        label = _operation(layer)
        names = _numbered(layer.name, len(parts))
        return [_convolution(part, name, label, one_source) for part, name in zip(parts, names, strict=True)]
    if isinstance(layer, (QuantisedAdd, QuantisedMultiply)):
        label = "multiply" if isinstance(layer, QuantisedMultiply) else layer.operation.replace("sum", "add")
        made = _memory_to_memory(layer, sources, target, ADD_UNITS, label + "+relu" * layer.relu)
        made.read_beats += _beats(sources[0]) * (isinstance(layer, QuantisedAdd) and layer.again is not None)
        made.one_source = one_source
        return [made]
    if isinstance(layer, QuantisedMove):
        planned = copies(layer.loops, sources[0], target)
        return [
            _memory_to_memory(replace(layer, name=name), (part,), place, ADD_UNITS, layer.kind)
            for name, (part, place) in zip(_numbered(layer.name, len(planned)), planned, strict=True)
        ]
    if isinstance(layer, QuantisedPointwise):
        made = _memory_to_memory(layer, sources, target, ADD_UNITS, _pointwise_label(layer))
        made.one_source, fetched = one_source, stages(layer, one_source)
        made.blobs = {role: stage.data for role, stage in zip(("bs", "bn"), fetched, strict=True) if stage.data}
        made.read_beats += operand_beats(layer, one_source)
        return [made]
    if isinstance(layer, (QuantisedLrn, QuantisedCurve)):
        return [_memory_to_memory(layer, sources, target, CDP_UNITS, layer.function.label)]
    assert isinstance(layer, QuantisedPooling)
    return [_memory_to_memory(layer, sources, target, POOL_UNITS, layer.pool.function.label)]


def _pointwise_label(layer: QuantisedPointwise) -> str:
    """What the layer does, for reports."""
    parts = [] if (layer.multiplier == layer.multiplier.flat[0]).all() else ["scale"]
    parts += [] if not layer.bias.any() else ["shift"]
    if layer.function is not None:
        parts.append("relu" if layer.relu else "leaky relu")
    return "+".join(parts) or "rescale"


def _numbered(name: str, count: int) -> list[str]:
    """Names of the hardware layers that do one layer's work."""
    return [name] if count == 1 else [f"{name}#{index}" for index in range(count)]


def _convolution(tile: tiles.Tile, name: str, label: str, one_source: bool) -> HardwareLayer:
    layer, source = tile.conv, tile.sources[0]
    kernels, channels, rows, columns = layer.weight.shape
    result = HardwareLayer(layer, name, tile.sources, tile.target, _units(layer), label, one_source=one_source)
    if source.form == "pixels":
        result.pad_right = tiles.pad_right(layer, source)
        if result.pad_right > MAX_PAD_RIGHT:
            raise Refused("Conv", layer.name, f"padding of {result.pad_right} columns on the right, at most 63")
        stream = pack_weights(extend_image_kernel(layer.weight))
        steps = rows * hw.ceil_div(columns * channels, hw.ATOM)
    else:
        stream = pack_weights(layer.weight)
        steps = rows * columns * hw.surfaces(channels)
    result.slice_entries = tiles.data_entries(layer, source)
    result.data_entries = result.slice_entries * source.height
    result.group_bytes = tiles.group_bytes(layer)
    result.blobs["weights"] = pad_stream(stream).tobytes()
    if layer.positions is not None:
        correction = layer.positions.correction if one_source else 0
        result.blobs["multiplier"] = _positions(layer.positions.first, kernels, correction)
        result.blobs["second multiplier"] = _positions(layer.positions.second, kernels)
        return _counted(result, tile, steps)
    in_bs = layer.bias if layer.has_summand else layer.early
    result.blobs["multiplier"] = pack_channel_operands(kernels, in_bs, layer.multiplier, two_bytes=True).tobytes()
    factors = layer.slopes if layer.gains is None else layer.gains
    if not layer.has_summand:
        result.blobs["bias"] = pack_channel_operands(kernels, layer.bias, factors, two_bytes=True).tobytes()
    return _counted(result, tile, steps)


def _counted(result: HardwareLayer, tile: tiles.Tile, steps: int) -> HardwareLayer:
    """Fill in what a convolution costs. steps: of a kernel group for each position."""
    layer, (height, width) = tile.conv, tile.conv.size
    kernel_groups = hw.surfaces(len(layer.weight))
    useful = layer.weight.size if layer.mean is None else np.count_nonzero(layer.weight)
    result.macs = height * width * int(useful)
    result.mac_cycles = height * width * steps * kernel_groups
    operands = sum(len(blob) for blob in result.blobs.values())
    if layer.positions is not None:  # fetched anew for each surface
        anew = len(result.blobs["multiplier"]) + len(result.blobs["second multiplier"])
        operands += (kernel_groups - 1) * anew * (height * width > 1)
    result.read_beats = operands // hw.ATOM + sum(map(_beats, tile.sources))
    result.write_beats = _beats(tile.target)
    return result


def _positions(factors: np.ndarray, kernels: int, summand: int = 0) -> bytes:
    """Multipliers by position, for all lanes alike; a single position is packed by surfaces (sdp.md section 4).

    summand: of all positions, with them where it is not 0.
    """
    atoms = np.repeat(factors[..., None], hw.ATOM, axis=-1)
    summands = np.full_like(atoms, summand) if summand else None
    data = pack_operands(summands, atoms, two_bytes=True).tobytes()
    return data * hw.surfaces(kernels) if factors.size == 1 else data


def _memory_to_memory(
    layer: QuantisedLayer, sources: tuple[Tensor, ...], target: Tensor, units: tuple[str, ...], operation: str
) -> HardwareLayer:
    """A layer without convolution."""
    result = HardwareLayer(layer, layer.name, sources, target, units, operation)
    result.read_beats = sum(map(_beats, sources))
    result.write_beats = _beats(target)
    return result


def _beats(tensor: Tensor) -> int:
    """Atoms of a tensor or a part of one."""
    if tensor.form == "pixels":
        return sum(tensor.line_strides) * tensor.height // hw.ATOM
    return hw.surfaces(tensor.channels) * tensor.height * tensor.width


def _units(layer: QuantisedConv) -> tuple[str, ...]:
    units = SUM_UNITS if layer.has_summand else CONV_UNITS
    return ("PDP", *units) if layer.pool is not None else units


def _operation(layer: QuantisedConv) -> str:
    """What the layer does, for reports."""
    kernels, _, rows, columns = layer.weight.shape
    if layer.mean is not None:
        return f"mean{layer.mean.function.kernel[0]}x{layer.mean.function.kernel[1]}"
    fully_connected = layer.size == (1, 1) and layer.input_shape[1:] == (rows, columns)
    parts = [f"fc{kernels}" if fully_connected else f"conv{rows}x{columns}"]
    if layer.stride != (1, 1):
        parts[0] += f"/{layer.stride[0]}"
    if layer.group > 1:
        parts[0] += f"g{layer.group}"
    if layer.has_summand:
        parts.append("add")
    if layer.relu or layer.leaky:
        parts.append("relu" if layer.relu else "leaky relu")
    if layer.pool is not None:
        parts.append(layer.pool.function.label)
    return "+".join(parts)

"""Whether the parts of a network fit together: names, shapes, memory, order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from cocodla import hw
from cocodla.compiler.hardware.allocate import ALIGNMENT
from cocodla.compiler.hardware.tensors import PIXEL_FORMATS, Tensor, pixel_tensor
from cocodla.compiler.parts import HostStep, InputSpec, NetworkParts
from cocodla.files.inputs import MEMORY_LIMIT

MOST_IN_FLIGHT = 16
"""Images whose tensors may lie in memory at the same time."""
MOST_OVERLAPS = 100_000
"""Pairs of tensors that share memory, at most: those that are not alive together."""


def check_structure(network: NetworkParts) -> None:
    """ValueError for a network whose parts do not fit together; layers' registers and the host's models are apart."""
    if not network.layers or not network.outputs:
        raise ValueError("it has no layers or no outputs")
    _check_names(network)
    for tensor in network.tensors.values():
        _check_tensor(tensor, network)
    _check_memory(network)
    _check_input(network.input, network.tensors[network.input.tensor])
    _check_outputs(network)
    for step in network.steps:
        _check_step(step, network)
    _check_order(network)
    _check_sharing(network)


def _check_names(network: NetworkParts) -> None:
    used = [network.input.tensor, *network.fetched]
    used += [name for step in network.steps for name in (step.output, *step.sources)]
    for layer in network.layers:
        used += [layer.target, *layer.sources, *layer.completes]
        used += [name for name, _ in (*layer.reads, *layer.writes, *layer.address_registers.values())]
    used += [tensor.root for tensor in network.tensors.values() if tensor.root]
    missing = [name for name in used if name not in network.tensors]
    if missing:
        raise ValueError(f"tensor {missing[0]!r} is missing")
    wrong = next((name for name, tensor in network.tensors.items() if tensor.name != name), None)
    if wrong is not None:
        raise ValueError(f"tensor {wrong!r} calls itself {network.tensors[wrong].name!r}")
    _once((output.name for output in network.outputs), "output")
    _once((name for layer in network.layers for name in layer.completes), "completed tensor")
    _once((step.output for step in network.steps), "tensor of the host")


def _once(names: Iterable[str], what: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]!r} is there twice")


def _check_tensor(tensor: Tensor, network: NetworkParts) -> None:
    """Geometry, and addresses within the network's memory."""
    named = f"tensor {tensor.name!r}"
    if tensor.form == "pixels":
        plain = pixel_tensor(tensor.name, tensor.shape) if tensor.channels in PIXEL_FORMATS else None
        if plain is None or tensor.name != network.input.tensor or tensor.root:
            raise ValueError(f"{named}: only an input of 1, 3 or 4 channels can be pixels")
        if (plain.size, plain.line_strides, plain.planes) != (tensor.size, tensor.line_strides, tensor.planes):
            raise ValueError(f"{named}: size, strides or planes are not those of its pixels")
    elif len(tensor.line_strides) != 1 or tensor.planes != (0,):
        raise ValueError(f"{named}: a cube has one line stride and one plane")
    elif tensor.layout.size != tensor.size:
        raise ValueError(f"{named}: it has {tensor.size} bytes, its shape and strides give {tensor.layout.size}")
    elif tensor.line_strides[0] < hw.ATOM * tensor.width or (*tensor.line_strides, tensor.surface_stride) != tuple(
        stride // hw.ATOM * hw.ATOM for stride in (*tensor.line_strides, tensor.surface_stride)
    ):
        raise ValueError(f"{named}: strides {tensor.line_strides[0]}, {tensor.surface_stride} do not fit its lines")
    in_flight = network.images_in_flight
    if not 1 <= len(tensor.addresses) == in_flight <= MOST_IN_FLIGHT:
        raise ValueError(f"{named}: {len(tensor.addresses)} addresses for {in_flight} images in flight")
    if any(address % hw.ATOM for address in tensor.addresses):
        raise ValueError(f"{named}: an address is no multiple of {hw.ATOM}")
    if tensor.root:
        root = network.tensors[tensor.root]
        inside = tensor.form == root.form and not root.root and tensor.offset + tensor.size <= root.size
        if not inside or tensor.addresses != [address + tensor.offset for address in root.addresses]:
            raise ValueError(f"{named}: it does not lie in {tensor.root!r} at offset {tensor.offset}")
    elif tensor.offset or any(tensor.origin) or tensor.reach is not None:
        raise ValueError(f"{named}: offset, origin or reach, but no root")


def _check_memory(network: NetworkParts) -> None:
    """Constants first, then tensors, nothing behind them."""
    start, end = network.memory_base, network.memory_end
    behind = start + len(network.memory)
    spans = [(address, address + tensor.size) for tensor in network.tensors.values() for address in tensor.addresses]
    last = max(reached for _, reached in spans)
    if start % hw.ATOM or min(first for first, _ in spans) < behind:
        raise ValueError(f"a tensor lies among the constants, {start:#x} to {behind:#x}, or before them")
    if not last <= end < last + ALIGNMENT:
        raise ValueError(f"memory_end is {end:#x}, its last tensor ends at {last:#x}")
    if end - start > MEMORY_LIMIT:
        raise ValueError(f"it takes {end - start:,} bytes of memory; at most {MEMORY_LIMIT:,} are taken")


def _check_input(given: InputSpec, tensor: Tensor) -> None:
    channels = given.shape[0] if given.shape else 0
    if tensor.root or math.prod(given.shape) != math.prod(tensor.shape) or not given.shape:
        raise ValueError(f"input of shape {given.shape}: tensor {tensor.name!r} has {tensor.shape}")
    for name in ("pixel_scale", "pixel_offset"):
        if len(getattr(given, name)) not in (1, channels):
            raise ValueError(f"input: {name} has {len(getattr(given, name))} values for {channels} channels")
    if any(scale == 0 for scale in given.pixel_scale):
        raise ValueError("input: pixel_scale must not be 0")
    maps = [entry for entry in (given.map_scale, given.map_shift) if entry is not None]
    if len(maps) == 1 or any(len(entry) not in (1, tensor.channels) for entry in maps):
        raise ValueError(f"input: map_scale and map_shift need 1 or {tensor.channels} values each, or none")
    parts = sum(math.prod(shape) for _, shape in given.parts)
    if given.parts and ((parts,) != given.shape or len({name for name, _ in given.parts}) < len(given.parts)):
        raise ValueError(f"input: its parts have {parts} values, it has shape {given.shape}; or a name is there twice")


def _check_outputs(network: NetworkParts) -> None:
    """What is fetched are cubes that layers complete; outputs are made of these, or by the host."""
    made = {name for layer in network.layers for name in layer.completes}
    for name, shape in network.fetched.items():
        tensor = network.tensors[name]
        if name not in made or math.prod(shape) != math.prod(tensor.shape):
            raise ValueError(f"fetched tensor {name!r} of shape {shape}: no layer completes it, or of {tensor.shape}")
    for output in network.outputs:
        if output.tensor is None:
            continue
        if output.tensor not in network.fetched:
            raise ValueError(f"output {output.name!r}: tensor {output.tensor!r} is not fetched")
        if math.prod(output.shape) != math.prod(network.fetched[output.tensor]):
            raise ValueError(f"output {output.name!r} of shape {output.shape}: its tensor has another size")
    wanted = any(output.tensor is None for output in network.outputs)
    if wanted and not network.host:
        raise ValueError("an output is the host's, but there is no host.onnx")
    if network.host and not wanted:
        raise ValueError("no output needs host.onnx")


def _check_step(step: HostStep, network: NetworkParts) -> None:
    named = f"host step {step.output!r}"
    if not step.sources or len(step.sources) != len(step.feeds):
        raise ValueError(f"{named}: {len(step.sources)} sources for {len(step.feeds)} feeds")
    for source, (name, shape) in zip(step.sources, step.feeds, strict=True):
        if math.prod(shape) != math.prod(network.tensors[source].shape):
            raise ValueError(f"{named}: feed {name!r} of shape {shape} is tensor {source!r} of another size")
    if network.tensors[step.output].form != "cube" or step.output == network.input.tensor:
        raise ValueError(f"{named}: the host cannot make this tensor")


def _check_order(network: NetworkParts) -> None:
    """Stages one after the other, each with all it reads; so steps wait for each other in no circle."""
    numbers = [layer.stage for layer in network.layers]
    if numbers != sorted(numbers) or len(set(numbers)) != network.stages:
        raise ValueError("its layers are not in the order of stages, or a stage has none")
    there = {network.input.tensor}
    for stage in range(network.stages):
        for step in network.steps:
            if there.issuperset(step.sources):
                there.add(step.output)
        late = [name for name in network.feeds(stage) if name not in there]
        if late:
            raise ValueError(f"stage {stage} reads tensor {late[0]!r}, which nothing has made by then")
        _check_reads(network, stage)
        there.update(network.kept(stage))
    late = [name for name in (*network.fetched, *(step.output for step in network.steps)) if name not in there]
    if late:
        raise ValueError(f"tensor {late[0]!r} is never made")


def _check_reads(network: NetworkParts, stage: int) -> None:
    """ValueError for a layer that reads a tensor which nothing has written yet."""
    loaded = {network.tensors[name].memory for name in network.feeds(stage)}
    for layer in network.layers:
        if layer.stage == stage:
            late = [name for name, _ in layer.reads if name not in loaded]
            if late or not layer.reads or not layer.writes:
                raise ValueError(f"layer {layer.name!r} reads tensor {(late or ['nothing'])[0]!r}, or writes nothing")
            loaded.update(name for name, _ in layer.writes)


def _check_sharing(network: NetworkParts) -> None:
    """ValueError for tensors in the same memory that are needed at the same time."""
    alive = _lifetimes(network)
    spans = sorted(
        (address, address + tensor.size, image, tensor.name)
        for tensor in network.tensors.values() if not tensor.root for image, address in enumerate(tensor.addresses)
    )  # fmt: skip
    open_ones: list[tuple[int, int, str]] = []
    pairs = 0
    for start, end, image, name in spans:
        open_ones = [entry for entry in open_ones if entry[0] > start]
        for _, other_image, other in open_ones:
            (first, last), (other_first, other_last) = alive[name], alive[other]
            if image != other_image or (first <= other_last and other_first <= last):
                raise ValueError(f"tensors {other!r} and {name!r} are needed at the same time and share memory")
        pairs += len(open_ones)
        if pairs > MOST_OVERLAPS:
            raise ValueError(f"more than {MOST_OVERLAPS:,} pairs of tensors share memory")
        open_ones.append((end, image, name))


def _lifetimes(network: NetworkParts) -> dict[str, tuple[int, int]]:
    """First and last layer that touches each tensor with memory of its own; all where the host is between layers."""
    behind = len(network.layers)
    alive = {tensor.name: (behind, -1) for tensor in network.tensors.values() if not tensor.root}
    for index, layer in enumerate(network.layers):
        for name, _ in (*layer.reads, *layer.writes):
            first, last = alive[network.tensors[name].memory]
            alive[network.tensors[name].memory] = min(first, index), max(last, index)
    alive[network.input.tensor] = 0, behind
    for name in network.fetched:
        memory = network.tensors[name].memory
        alive[memory] = alive[memory][0], behind
    return alive if network.stages == 1 else dict.fromkeys(alive, (0, behind))

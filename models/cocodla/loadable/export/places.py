"""Where the tensors and constants of a network lie in a loadable: one memory for each region of them.

The driver places every memory, so a descriptor names a memory and an offset in it. Inputs and outputs have memories of
their own, which the application brings; tensors between share a pool, where they keep their places to each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.parts import Layer, NetworkParts
from cocodla.errors import UserError
from cocodla.hw import ATOM, align

LONGEST_NAME = 80
"""Characters of a tensor's name that the runtime keeps."""
_BOUNDARY = 64


@dataclass(frozen=True)
class Bound:
    """A tensor that the application brings, and its name for it."""

    name: str
    tensor: Tensor
    output: bool


@dataclass
class Places:
    """Regions of memory, in the order of a task's address list from entry 1 on: pool, bound tensors, constants.

    pool: bytes of it. bound: inputs, then outputs. constants: what they hold.
    """

    network: NetworkParts
    pool: int = 0
    bound: list[Bound] = field(default_factory=list)
    constants: bytes = b""
    _of: dict[str, tuple[int, int]] = field(default_factory=dict)

    POOL = 1

    @property
    def count(self) -> int:
        """Regions there are: entries of the address list between the descriptors."""
        return 2 + len(self.bound)

    def tensor(self, root: str, offset: int) -> tuple[int, int]:
        """(entry of the address list, offset in its memory) of a byte of a tensor that is no view."""
        entry, begin = self._of[root]
        return entry, begin + offset

    def register(self, layer: Layer, path: str) -> tuple[int, int]:
        """(entry, offset) of what an address register of a layer holds."""
        if path in layer.address_registers:
            return self.tensor(*layer.address_registers[path])
        offset = layer.registers[path] - self.network.memory_base
        if not 0 <= offset < len(self.constants):
            raise UserError(f"layer {layer.name!r}: {path} is {layer.registers[path]:#x}, which is no constant")
        return self.count, offset


def place(network: NetworkParts, made: Tensor | None = None) -> Places:
    """The regions of a network; UserError for outputs that cannot be memories of their own.

    made: the output that the accelerator does not write.
    """
    places = Places(network, constants=network.memory or bytes(ATOM))  # a memory has bytes, a network may have none
    places.bound = [_bound(network.input.tensor, network.tensors[network.input.tensor], output=False)]
    for output in network.outputs:
        tensor = made if output.tensor is None else network.tensors[output.tensor]
        assert tensor is not None
        places.bound.append(_bound(output.name, tensor, output=True))
    for entry, bound in enumerate(places.bound, Places.POOL + 1):
        if bound.tensor.name in places._of:
            raise UserError(f"output {bound.name!r} is tensor {bound.tensor.name!r}, which is bound already")
        places._of[bound.tensor.name] = entry, 0
    _pool(places)
    return places


def _bound(name: str, found: Tensor, output: bool) -> Bound:
    kind = "output" if output else "input"
    if len(name) > LONGEST_NAME:
        raise UserError(f"{kind} {name[:40]!r}...: a name of {len(name)} characters; the runtime keeps {LONGEST_NAME}")
    if found.root:
        raise UserError(f"{kind} {name!r} is a part of tensor {found.root!r}; the application brings whole buffers")
    if found.form == "pixels" and len(found.planes) > 1:
        raise UserError(
            f"{kind} {name!r} has its {found.channels} channels in {len(found.planes)} planes; tensors have one"
        )
    return Bound(name, found, output)


def _pool(places: Places) -> None:
    """All other tensors; those that share bytes keep their distance."""
    tensors = [
        tensor for tensor in places.network.tensors.values() if not tensor.root and tensor.name not in places._of
    ]
    begin = end = 0
    for tensor in sorted(tensors, key=lambda entry: entry.address):
        if tensor.address >= end:  # nothing before reaches it
            places.pool = align(places.pool, _BOUNDARY)
            begin, end = tensor.address - places.pool, tensor.address
        places._of[tensor.name] = Places.POOL, tensor.address - begin
        end = max(end, tensor.address + tensor.size)
        places.pool = end - begin
    places.pool = max(places.pool, 1)

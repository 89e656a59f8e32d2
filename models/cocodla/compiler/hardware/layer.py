"""A layer as the machine runs it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.quantisation.layers import QuantisedChain, QuantisedLayer

READERS = ("CDMA", "PDP_RDMA", "CDP_RDMA")
"""Units that read a tensor whenever they take part; SDP_RDMA reads one unless it fetches constants only."""


@dataclass
class HardwareLayer:
    """A layer as the machine will run it, before it has addresses and banks.

    units: in the order of enabling; the last ones (`readers`) read its inputs, the others wait for them.
    blobs: constant operands by role (weights, multiplier, bias). data_entries: CBUF entries of the whole input;
    slice_entries: of one line; group_bytes: weights of the largest kernel group. macs: useful multiplications;
    mac_cycles, read_beats, write_beats: the bounds of its run time. name: of the node, with a number where several
    layers do its work; sources and target: tensors, or the parts of them this layer reads and writes. completes:
    names of the tensors that are whole once it has run. stage: counts how often the host runs in between. owner: tensor
    of the graph that it helps to make, where it makes another one. one_source: the operands of a stage of SDP come all
    from memory or all from registers (the official driver).
    """

    layer: QuantisedLayer | QuantisedChain
    name: str
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
    completes: tuple[str, ...] = ()
    stage: int = 0
    owner: str = ""
    one_source: bool = False

    @property
    def source(self) -> Tensor:
        """The first, for most layers only, input."""
        return self.sources[0]

    @property
    def readers(self) -> int:
        """How many of the units, the last ones, read tensors."""
        only_constants = self.uses_buffer and len(self.sources) == 1
        return sum(unit in READERS or (unit == "SDP_RDMA" and not only_constants) for unit in self.units)

    @property
    def uses_buffer(self) -> bool:
        return "CDMA" in self.units

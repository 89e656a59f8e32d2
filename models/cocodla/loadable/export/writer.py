"""A compiled network as a loadable."""

from __future__ import annotations

from dataclasses import dataclass

from cocodla.compiler.parts import NetworkParts
from cocodla.errors import UserError
from cocodla.loadable.checklist import check_file
from cocodla.loadable.container import write_loadable
from cocodla.loadable.export.graph import link
from cocodla.loadable.export.operations import steps_of
from cocodla.loadable.export.places import place
from cocodla.loadable.export.proof import prove
from cocodla.loadable.export.softmax import softmax_of
from cocodla.loadable.export.tables import tables_of


@dataclass(frozen=True)
class Exported:
    """A loadable, and the names of the tensors that the application brings."""

    data: bytes
    operations: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def export_network(network: NetworkParts) -> Exported:
    """A loadable for nv_small that does what the network does with one image.

    It was read back: see proof.py and checklist.py. UserError in one line for a network that needs the host, and for a
    layer that the driver cannot program.
    """
    try:
        softmax = softmax_of(network)
        places = place(network, softmax.target if softmax else None)
        steps, luts = steps_of(network.layers, places)
        needed = link(network, steps)
        data = write_loadable(tables_of(places, steps, luts, softmax))
        check_file(data)
        prove(data, places, steps, needed)
    except UserError as error:
        raise UserError(f"{network.name} cannot be a loadable: {error}") from None
    inputs, outputs = (tuple(b.name for b in places.bound if b.output is output) for output in (False, True))
    return Exported(data, sum(len(step.operations) for step in steps), inputs, outputs)

"""A compiled network as a loadable."""

from __future__ import annotations

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


def export_network(network: NetworkParts) -> bytes:
    """The bytes of a loadable for nv_small that does what the network does with one image.

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
    return data

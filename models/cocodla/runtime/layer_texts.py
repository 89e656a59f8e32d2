"""What the numbers in a waveform of the chip mean: the layers that the units work on, and how far the program is.

tb/hdl/sim_layers.v counts the layers of each unit; the n-th one of a unit is the n-th of the program that uses it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from cocodla.program import Mark, Program, WaitInterrupt, WriteRegister
from cocodla.registers import MAP
from cocodla.waves.texts import Texts

SCOPE = "u_layers"
"""Instance of sim_layers in the bench."""
ROWS = {
    "CDMA": "cdma", "CSC": "csc", "CMAC_A": "cmac", "CACC": "cacc", "SDP_RDMA": "sdp_rdma", "SDP": "sdp",
    "PDP_RDMA": "pdp_rdma", "PDP": "pdp", "CDP_RDMA": "cdp_rdma", "CDP": "cdp",
}  # fmt: skip
"""Signal of sim_layers for each unit."""
_ENABLES = {MAP[f"{unit}.D_OP_ENABLE"].address: unit for unit in ROWS}
_IDLE = "-"


def texts_of(program: Program) -> dict[str, Texts]:
    """Texts by path of the signal, for cocodla.waves.texts."""
    units = _by_marks(program) or _by_enables(program)
    rows: dict[str, Texts] = {
        f"sim_top.{SCOPE}.{signal}": {0: _IDLE, **dict(enumerate(units[unit], 1))}
        for unit, signal in ROWS.items()
        if unit in units
    }
    return {**positions_of(program), **rows}


def positions_of(program: Program) -> dict[str, Texts]:
    """Texts of what the host has reached only: after a reset nobody knows how many layers a unit was enabled for."""
    return {"sim_top.position": _positions(program)}


def _positions(program: Program) -> Texts:
    texts, name = {0: "begin"}, ""
    for place, command in enumerate(program.commands):
        if isinstance(command, Mark):
            name = _name(command)
            texts[place] = name
        elif isinstance(command, WaitInterrupt):
            texts[place] = f"{name} done"
    return texts


def _by_marks(program: Program) -> Mapping[str, list[str]]:
    """The layers of each unit in their order, where Marks name the units: in networks they are enabled before it."""
    found: dict[str, list[str]] = defaultdict(list)
    for command in program.commands:
        if isinstance(command, Mark):
            for unit in command.info.get("units", ()):
                if unit in ROWS:
                    found[unit].append(_name(command))
    return found


def _by_enables(program: Program) -> Mapping[str, list[str]]:
    """The layers of each unit, by the last Mark that was the first of its layer; without Marks by number.

    By number: a layer begins with the enable of a unit that all layers begun so far have already.
    """
    found: dict[str, list[str]] = defaultdict(list)
    seen: set[str] = set()
    name = ""
    for command in program.commands:
        if isinstance(command, Mark) and command.info.get("layer") and command.info["layer"] not in seen:
            seen.add(str(command.info["layer"]))
            name = _name(command)
        elif isinstance(command, WriteRegister) and command.address in _ENABLES and command.value & 1:
            unit = _ENABLES[command.address]
            found[unit].append(name or f"layer {len(found[unit]) + 1}")
    return found


def _name(mark: Mark) -> str:
    """Image, layer and tensor of a Mark, as far as it tells them."""
    layer, image, tensor = (mark.info.get(key) for key in ("layer", "image", "tensor"))
    if layer is None or image is None:
        return mark.name
    target = f" > {tensor['name']}" if isinstance(tensor, dict) and tensor.get("name") not in (None, layer) else ""
    return f"{layer} of image {image}{target}"

"""CBUF bank split of every layer (spec: programming.md section 5, cdma.md sections 2 and 7).

As long as the split stays the same the buffer's rings keep rolling: the next layer's fetch overlaps with the present
computation. A change of the split drops all buffered data, so layers are cut into as few runs of equal split as
possible, and each run gets a split that all its layers can live with.
"""

from __future__ import annotations

from cocodla import hw
from cocodla.compiler.lower import HardwareLayer
from cocodla.errors import UserError


def assign_banks(layers: list[HardwareLayer]) -> None:
    """Set data_banks and weight_banks of every convolution; UserError if one does not fit."""
    run: list[HardwareLayer] = []
    for layer in (layer for layer in layers if layer.uses_buffer):
        if sum(needed_banks([layer])) > hw.CBUF_BANKS:
            raise UserError(
                f"Conv {layer.layer.name!r}: its input needs {data_banks(layer)} and a kernel group "
                f"{weight_banks(layer)} of the convolution buffer's {hw.CBUF_BANKS} banks; splitting is not supported"
            )
        if sum(needed_banks([*run, layer])) > hw.CBUF_BANKS:
            _split(run)
            run = []
        run.append(layer)
    _split(run)


def data_banks(layer: HardwareLayer) -> int:
    """Banks for the whole input: a layer's input must fit as a whole."""
    return hw.ceil_div(layer.data_entries, hw.CBUF_BANK_ENTRIES)


def weight_banks(layer: HardwareLayer) -> int:
    """Banks for one kernel group: more only buys time."""
    return hw.ceil_div(layer.group_bytes, hw.CBUF_BANK_BYTES)


def needed_banks(run: list[HardwareLayer]) -> tuple[int, int]:
    """(data, weight) banks that suit every layer of a run."""
    return max(map(data_banks, run)), max(map(weight_banks, run))


def _split(run: list[HardwareLayer]) -> None:
    """Share all banks: twice the needed data, so that the next input fits beside the present one, rest to weights."""
    if not run:
        return
    data, weight = needed_banks(run)
    data = max(data, min(2 * data, hw.CBUF_BANKS - 2 * weight))
    for layer in run:
        layer.data_banks, layer.weight_banks = data, hw.CBUF_BANKS - data

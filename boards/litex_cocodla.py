"""LiteX module of the accelerator in its AXI shell: registers on AXI-Lite, memory on an AXI master, two interrupts.

    self.cocodla = Cocodla(platform, data_width=64)
    region = SoCRegion(origin=0xA000_0000, size=0x10_0000, cached=False)
    self.bus.add_slave("cocodla", self.cocodla.registers, region=region)
    self.bus.add_master("cocodla", self.cocodla.memory)
    self.irq.add("cocodla_irq"), self.irq.add("cocodla_error")  # of self.cocodla.irq, self.cocodla.error_irq

Everything is in the clock domain `sys`. Needs LiteX, which is not among this project's packages: not run here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litex.soc.interconnect import axi  # type: ignore[import-not-found]
from migen import ClockSignal, Instance, Module, ResetSignal, Signal  # type: ignore[import-not-found]

RTL = Path(__file__).resolve().parent.parent / "rtl"


class Cocodla(Module):  # type: ignore[misc]
    """The accelerator. `registers`: AXI-Lite to it, `memory`: AXI from it, `irq` and `error_irq`: levels."""

    def __init__(self, platform: Any, data_width: int = 64, max_beats: int = 16) -> None:
        self.registers = axi.AXILiteInterface(data_width=32, address_width=20)
        self.memory = axi.AXIInterface(data_width=data_width, address_width=32, id_width=4)
        self.irq, self.error_irq = Signal(), Signal()
        pins: dict[str, Any] = {
            "i_s_axi_aclk": ClockSignal("sys"), "i_m_axi_aclk": ClockSignal("sys"),
            "i_s_axi_aresetn": ~ResetSignal("sys"),
            "i_test_mode": 0, "i_direct_reset_": 1,
            "o_irq": self.irq, "o_error_irq": self.error_irq,
        }  # fmt: skip
        pins |= _pins("s_axi", self.registers, _LITE, manager=False)
        pins |= _pins("m_axi", self.memory, _FULL, manager=True)
        self.specials += Instance(
            "cocodla_axi", p_TWO_CLOCKS=0, p_DATA_W=data_width, p_MAX_BEATS=max_beats, **pins
        )  # fmt: skip
        for line in (RTL / "files.f").read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                platform.add_source(str(RTL / line))


_LITE = {"aw": "addr prot", "w": "data strb", "b": "resp", "ar": "addr prot", "r": "data resp"}
_REQUEST = "id addr len size burst lock cache prot qos"
_FULL = {"aw": _REQUEST, "w": "data strb last", "b": "id resp", "ar": _REQUEST, "r": "id data resp last"}
_FROM_MANAGER = ("aw", "w", "ar")
_OPTIONAL = ("prot", "cache", "lock", "qos")
"""Fields that some versions of LiteX do not have."""


def _pins(prefix: str, bus: Any, channels: dict[str, str], manager: bool) -> dict[str, Any]:
    """Pins of an Instance: i_ and o_ as the shell sees them."""
    pins: dict[str, Any] = {}
    for channel, fields in channels.items():
        stream = getattr(bus, channel)
        sends = (channel in _FROM_MANAGER) == manager
        payload, ready = ("o_", "i_") if sends else ("i_", "o_")
        pins[f"{payload}{prefix}_{channel}valid"] = stream.valid
        pins[f"{ready}{prefix}_{channel}ready"] = stream.ready
        for field in fields.split():
            place = stream if field == "last" else stream.payload if hasattr(stream, "payload") else stream
            absent = field in _OPTIONAL and not hasattr(place, field)
            pins[f"{payload}{prefix}_{channel}{field}"] = Signal() if absent else getattr(place, field)
    return pins

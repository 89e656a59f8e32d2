"""Firmware: a compiled network as portable C, with a driver for it (docs/firmware.md)."""

from cocodla.firmware.folder import Exported, check, export
from cocodla.firmware.names import identifier, identifier_of

__all__ = ["Exported", "check", "export", "identifier", "identifier_of"]

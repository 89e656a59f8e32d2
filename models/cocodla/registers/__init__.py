"""The register map of nv_small: `MAP["SDP.D_CVT_SCALE"].encode(CVT_SCALE=1)`, `MAP.at(0x90c4)`."""

from cocodla.registers.map import RegisterMap
from cocodla.registers.model import Field, Register, Unit
from cocodla.registers.nv_small import UNITS

MAP = RegisterMap(UNITS)

__all__ = ["MAP", "Field", "Register", "RegisterMap", "Unit"]

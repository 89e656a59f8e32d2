"""Bit-exact functional model of the accelerator."""

from cocodla.golden.device import Device
from cocodla.golden.rules import RuleViolation
from cocodla.golden.run import run

__all__ = ["Device", "RuleViolation", "run"]

"""Units of the accelerator as objects, and what they do together: a chain of units is one hardware layer.

Beneath the compiler, which takes chains from plug-ins; `cocodla.operators` is what users import.
"""

from cocodla.units.cdp import Cdp
from cocodla.units.chain import Chain
from cocodla.units.convolve import Convolve
from cocodla.units.cubes import Cube
from cocodla.units.places import BrokenRule, Place
from cocodla.units.pool import Pool
from cocodla.units.registry import Operator, find, operator, register
from cocodla.units.sdp import Sdp, Stage
from cocodla.units.steps import Steps

__all__ = [
    "BrokenRule",
    "Cdp",
    "Chain",
    "Convolve",
    "Cube",
    "Operator",
    "Place",
    "Pool",
    "Sdp",
    "Stage",
    "Steps",
    "find",
    "operator",
    "register",
]

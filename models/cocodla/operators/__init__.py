"""Operators for the accelerator by hand: units as objects, chains of them as layers, sequences of layers as programs.

    from cocodla.operators import Convolve, Pool, Sdp, Sequence, Stage
    steps = Sequence("edge")
    x, y = steps.input("x", (8, 16, 16)), steps.tensor("y", (16, 8, 8))
    steps(Convolve(x, weight, pad=1), Sdp(bs=Stage(mul=3, mul_shift=9), bn=Stage(relu=True)), Pool(2), to=y)
    found = steps.golden({"x": codes})["y"]

`operator` makes a plug-in of the compiler of a function that takes steps and tensors (docs/units.md).
"""

from cocodla.compiler.hardware.tensors import Tensor
from cocodla.golden.config_cdp import LutConfig, TableConfig, Tables
from cocodla.operators.sequence import Measured, Sequence
from cocodla.units import (
    BrokenRule,
    Cdp,
    Chain,
    Convolve,
    Operator,
    Pool,
    Sdp,
    Stage,
    Steps,
    operator,
    register,
)

__all__ = [
    "BrokenRule",
    "Cdp",
    "Chain",
    "Convolve",
    "LutConfig",
    "Measured",
    "Operator",
    "Pool",
    "Sdp",
    "Sequence",
    "Stage",
    "Steps",
    "TableConfig",
    "Tables",
    "Tensor",
    "operator",
    "register",
]

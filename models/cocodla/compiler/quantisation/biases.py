"""Biases of convolutions in SDP's 16-bit operands (spec: sdp.md section 3, numerics.md).

An operand of a layer is 16 bits for each kernel and one left shift for all. Where batch normalisation is folded in,
kernels have very different scales, some are nearly dead, and biases are hundreds of output steps: one shift for all
is then too coarse for most. All values here are in steps: of the output, or of the tensor that is added.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler.ir import FloatArray

INT16_MAX = 32767
MAX_SHIFT = 30
LATE = 32.0
"""Steps up to which BN's 16 bits hold a bias well enough; of larger ones BS takes a part."""
LIMIT = 2.0**30
"""Bias beyond this (in fraction units) saturates the output anyway."""
MARGIN = 0.98
"""Part of the 16 bits a bias may fill before the weights are rounded anew, which moves it a little."""
CODES_RMS = 32.0
"""Usual size of an input code, to weigh the noise of rounded weights."""


def operands(exact: FloatArray) -> tuple[NDArray[np.int64], int]:
    """16-bit operands (K) and their common left shift for biases in units of the place they are added at."""
    limited = np.clip(exact, -LIMIT, LIMIT)
    shift = 0
    while np.abs(np.rint(limited / 2.0**shift)).max() > INT16_MAX:
        shift += 1
    return np.rint(limited / 2.0**shift).astype(np.int64), shift


def early_part(bias: FloatArray, step: FloatArray) -> tuple[NDArray[np.int64], int]:
    """What BS adds to the sums, in front of the multiplier: operands (K) and their left shift.

    bias (K), step (K): of one unit of the sum. The shift is the one that leaves BN the smallest rest to add.
    """

    def part(shift: int) -> NDArray[np.int64]:
        exact = np.divide(bias, step * 2.0**shift, out=np.zeros(len(bias)), where=step > 0)
        return np.rint(np.clip(exact, -INT16_MAX, INT16_MAX)).astype(np.int64)

    rests = [float(np.abs(bias - part(shift) * 2.0**shift * step).max()) for shift in range(MAX_SHIFT)]
    best = int(np.argmin(rests))
    return part(best), best


def least_steps(bias: FloatArray, step: FloatArray, taps: int) -> FloatArray:
    """Steps (K) of a unit of the sum, where that is the only place to add the bias: larger ones for small kernels.

    A large bias in units of a small kernel asks for a shift that costs all the others precision. Such a kernel moves
    its output so little that coarser weights do not matter: the shift is the one with the least error of both kinds.
    """

    def raised(shift: int) -> FloatArray:
        return np.maximum(step, np.abs(bias) / (MARGIN * INT16_MAX * 2.0**shift))

    def cost(shift: int) -> float:
        wanted = raised(shift)
        noise = np.where(wanted > step, CODES_RMS * np.sqrt(taps / 12) * wanted, 0)
        return float((2.0**shift * wanted / 4 + noise).max())

    return raised(min(range(MAX_SHIFT), key=cost))

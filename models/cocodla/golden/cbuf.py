"""What the convolution buffer keeps from layer to layer (spec: cdma.md section 7)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

RESET_BANK = 32


@dataclass
class Cbuf:
    """Lines and weights left by the last layer; bank counts are true values (reset 32: always a change).

    lines: int8 (1 or batch, lines, entries, 8), the slices not released, oldest first; None when empty.
    weights: uint8 (1 or batch, bytes), the stream kept by SKIP_WEIGHT_RLS; None when released.
    """

    data_banks: int = RESET_BANK
    weight_banks: int = RESET_BANK
    image: bool | None = None
    lines: NDArray[np.int8] | None = None
    weights: NDArray[np.uint8] | None = None
    data_skipped: bool = field(default=False)
    """The last layer had SKIP_DATA_RLS."""

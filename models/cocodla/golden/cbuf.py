"""What the convolution buffer keeps from layer to layer (spec: cdma.md section 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.golden.config_conv import CdmaConfig, ConvConfig
from cocodla.golden.rules import require

Lines = NDArray[np.int8]
Stream = NDArray[np.uint8]

RESET_BANKS = (32, 32)


@dataclass(frozen=True)
class Kept:
    """What a layer leaves for the next one that decides what CDMA fetches (7.3).

    banks: of data and weights, true values. lines, weights: all of them stay.
    """

    banks: tuple[int, int]
    image: bool | None
    lines: bool
    weights: bool

    @staticmethod
    def behind(cdma: CdmaConfig) -> Kept:
        """What is kept when this layer has run."""
        banks = cdma.data_banks, cdma.weight_banks
        return Kept(banks, cdma.pixel_format is not None, cdma.skip_data_release, cdma.skip_weight_release)

    def serves_lines(self, cdma: CdmaConfig) -> bool:
        """Whether a layer finds all its lines here and fetches none."""
        same = self.banks[0] == cdma.data_banks and self.image == (cdma.pixel_format is not None)
        return cdma.data_reuse and self.lines and same

    def serves_weights(self, cdma: CdmaConfig) -> bool:
        """Whether a layer finds its weights here and fetches none."""
        return cdma.weight_reuse and self.weights and self.banks == (cdma.data_banks, cdma.weight_banks)


class Cbuf:
    """Lines and weights left by the last layer. Bank counts are true values; after reset any layer is a change.

    lines: (1 or batch, lines, entries, 8), slices not released, oldest first; None when there are none.
    weights: (1 or batch, bytes), the stream kept by SKIP_WEIGHT_RLS; None when it was released.
    """

    def __init__(self) -> None:
        self.banks = RESET_BANKS
        self.image: bool | None = None
        self.lines: Lines | None = None
        self.weights: Stream | None = None
        self.kept_all_lines = False

    @property
    def kept(self) -> Kept:
        """What the last layer has left, in short."""
        return Kept(self.banks, self.image, self.kept_all_lines and self.lines is not None, self.weights is not None)

    def provide(
        self, config: ConvConfig, fetch_lines: Callable[[], Lines], fetch_weights: Callable[[], Stream]
    ) -> tuple[Lines, Stream]:
        """Lines (at least the CSC height) and weight stream of a layer, fetched or kept (7.3, 7.4)."""
        csc = config.csc
        banks = (csc.data_banks, csc.weight_banks)
        if banks != self.banks:
            if banks[0] != self.banks[0]:
                self.lines = None
            require(
                self.lines is None or not csc.data_reuse or not self.kept_all_lines,
                "DATA_REUSE of kept lines with a different WEIGHT_BANK (cdma.md 7.3)",
            )
            self.weights = None
            self.kept_all_lines = False
            self.banks = banks
        lines = self._lines(config, fetch_lines)
        if csc.weight_reuse and self.weights is not None:
            require(
                csc.weight_bytes <= self.weights.shape[1],
                f"WEIGHT_REUSE of {csc.weight_bytes} bytes, {self.weights.shape[1]} were kept",
            )
            stream = self.weights
        else:
            stream = fetch_weights()
        return lines, stream

    def _lines(self, config: ConvConfig, fetch: Callable[[], Lines]) -> Lines:
        csc = config.csc
        if not csc.data_reuse or self.image != csc.image:
            self.lines = None
        kept = self.lines
        if kept is None:
            lines = fetch()
        else:
            require(
                kept.shape[2] == csc.entries,
                f"DATA_REUSE of lines of {kept.shape[2]} entries, this layer has {csc.entries}",
            )
            lines = kept if self.kept_all_lines else _join(kept, fetch())
        require(
            lines.shape[1] >= csc.height,
            f"CSC waits for {csc.height} lines, {lines.shape[1]} are kept and fetched (cdma.md 7.4)",
        )
        return lines

    def release(self, config: ConvConfig, lines: Lines, stream: Stream) -> None:
        """End of a layer: free what is not kept for the next one."""
        csc = config.csc
        left = lines if csc.skip_data_release else lines[:, csc.release_lines :]
        self.lines = left if left.shape[1] else None
        self.kept_all_lines = csc.skip_data_release
        self.weights = stream if csc.skip_weight_release else None
        self.image = csc.image


def _join(kept: Lines, new: Lines) -> Lines:
    batch = max(kept.shape[0], new.shape[0])
    return np.concatenate([np.broadcast_to(part, (batch, *part.shape[1:])) for part in (kept, new)], axis=1)

"""How a network is quantised: every choice made, by the user or by the search (`search.py`)."""

from __future__ import annotations

from dataclasses import dataclass

from cocodla.compiler.ir import Conv, Graph
from cocodla.compiler.options import CalibratorName, CompileOptions

HEADROOM = 1.0
"""Deviations of the largest values of single images that new images are given room for, where nobody has tried."""


@dataclass(frozen=True)
class Settings:
    """Choices of one quantisation; see `CompileOptions` for most of them.

    headroom: see `Extremes.expected`. rooms: single tensors, and a factor for the range of each.
    """

    calibrator: CalibratorName = "minmax"
    percentile: float = 99.99
    equalise: bool = False
    bias_correction: bool = False
    asymmetric: bool = False
    adaptive_rounding: bool = False
    headroom: float = 0.0
    rooms: tuple[tuple[str, float], ...] = ()

    @staticmethod
    def of(options: CompileOptions, graph: Graph, measured: bool) -> Settings:
        """What the options say, and for what they leave open what is good in most cases.

        measured: there are calibration data that more than ranges can follow from. Channels differ most where each
        has kernels of its own: only there equalisation is worth that every channel may reach its limit.
        """
        depthwise = any(isinstance(node, Conv) and _depthwise(node) for node in graph.nodes)

        def chosen(value: bool | None) -> bool:
            return measured if value is None else value

        return Settings(
            calibrator=options.calibrator or "minmax",
            percentile=options.percentile,
            equalise=measured and depthwise if options.equalise is None else options.equalise,
            bias_correction=chosen(options.bias_correction),
            asymmetric=True if options.asymmetric is None else options.asymmetric,
            adaptive_rounding=chosen(options.adaptive_rounding),
            headroom=HEADROOM if options.headroom is None else options.headroom,
        )

    @property
    def label(self) -> str:
        """The choices in a few words."""
        flags = ("equalise", "bias_correction", "asymmetric", "adaptive_rounding")
        words = [f"calibrator={self.calibrator}", f"headroom={self.headroom:g}"]
        words += [flag for flag in flags if getattr(self, flag)]
        return " ".join(words + ([f"{len(self.rooms)} single ranges"] if self.rooms else []))


def _depthwise(node: Conv) -> bool:
    """True if each kernel reads one channel of many."""
    reads = (node.weight != 0).any((2, 3)).sum(1)
    return (
        len(node.weight) > 1
        and node.weight.shape[1] * node.group > 1
        and bool((reads <= 1).all())
        and (max(node.weight.shape[2:]) > 1)
    )

"""What a network file says of how the network was made: only reports read it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from cocodla.compiler.plain_values import Count, Real

Decibels = Annotated[float, Meta(ge=-1000, le=1000)]


class Choices(Struct, forbid_unknown_fields=True):
    """See quantisation/settings.py."""

    calibrator: str
    percentile: Annotated[float, Meta(ge=0, le=100)]
    equalise: bool
    bias_correction: bool
    asymmetric: bool
    adaptive_rounding: bool
    headroom: Annotated[float, Meta(ge=0, le=1000)]
    rooms: dict[str, Real]


class Trial(Struct, forbid_unknown_fields=True):
    """Settings that were tried, and what came of them."""

    settings: str
    sqnr: Decibels


class Images(Struct, forbid_unknown_fields=True):
    """How many images ranges and errors are from."""

    ranges: Count
    errors: Count


class LayerCost(Struct, forbid_unknown_fields=True):
    """See quantisation/costs.py."""

    layer: str
    tensor: str
    sqnr: Decibels
    own: Decibels
    ends: Annotated[float, Meta(ge=0, le=1)]


class QuantisationMeta(Struct, forbid_unknown_fields=True):
    """How a network is quantised and what that costs."""

    settings: Choices
    trials: list[Trial]
    images: Images
    layers: list[LayerCost]


class Placed(Struct, forbid_unknown_fields=True):
    """An operator that runs on the host, and why."""

    node: str
    operator: str
    reason: str


class NetworkMeta(Struct, forbid_unknown_fields=True):
    """changed: tensor -> factors and summands of its channels that passes brought in."""

    changed: dict[str, tuple[list[Real], list[Real]]]
    quantisation: QuantisationMeta
    host: list[Placed]
    warnings: list[str]

"""What a network file says of how the network was made: only reports read it."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta

from cocodla.compiler.plain_values import Count, Real


class Choices(TypedDict):
    """The settings of the quantisation; there are more than are named here."""

    calibrator: str
    headroom: Real


class Trial(TypedDict):
    """Settings that were tried, and what came of them in dB."""

    settings: str
    sqnr: Real


class Images(TypedDict):
    """How many images ranges and errors are from."""

    ranges: Count
    errors: Count


class LayerCost(TypedDict):
    """See quantisation/costs.py."""

    layer: str
    tensor: str
    sqnr: Real
    own: Real
    ends: Annotated[float, Meta(ge=0, le=1)]


class QuantisationMeta(TypedDict):
    """How a network is quantised and what that costs."""

    settings: Choices
    trials: list[Trial]
    images: Images
    layers: list[LayerCost]


class Placed(TypedDict):
    """An operator that runs on the host, and why."""

    node: str
    operator: str
    reason: str


class NetworkMeta(TypedDict, total=False):
    """changed: tensor -> factors and summands of its channels that passes brought in."""

    changed: dict[str, tuple[list[Real], list[Real]]]
    quantisation: QuantisationMeta
    host: list[Placed]
    warnings: list[str]

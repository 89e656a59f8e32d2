"""Which channels of a group matter least: correlation, influence and activation of each, in one figure.

A layer reads channels with covariance S (over positions and images) and weights w. Without channel c, and with the
others' weights fitted anew, the mean square of what its outputs lose is

    activation (S_cc) * what the others do not tell of it (1 - R^2 = 1 / (S_cc P_cc), P = S^-1) * influence (|w_c|^2)

which is the rule of the "optimal brain surgeon" for whole channels. It is taken relative to the variance of the
layer's outputs and summed over all layers that read the channel. Channels go one after the other, and the weights of
those that stay take over before the next one is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cocodla.prune.groups import Reader, Units

ROWS = 8192
"""Positions that a covariance follows from at most."""
DAMPING = 1e-3
"""Of the mean variance: what is added to each channel's, so that few samples make no channel look explained."""


@dataclass(frozen=True)
class Terms:
    """Of a channel in one layer that reads it. unexplained: 1 - R^2, in (0, 1]. cost: the product, in shares of the
    variance of the layer's outputs.
    """

    activation: float
    unexplained: float
    influence: float
    cost: float


class Reading:
    """A layer that reads channels, while they go."""

    def __init__(self, units: Units, covariance: np.ndarray, weight: np.ndarray) -> None:
        """units: (C,); covariance: (C, C); weight: (outputs * taps, C)."""
        self.units = units
        size = len(units)
        self.covariance = covariance + np.eye(size) * (DAMPING * np.trace(covariance) / max(1, size) + 1e-12)
        self.precision = np.linalg.inv(self.covariance)
        self.weight = weight.astype(np.float64)
        self.energy = max(float(np.einsum("ij,jk,ik->", self.weight, self.covariance, self.weight)), 1e-30)

    def terms(self, unit: int) -> Terms:
        """The three figures of a unit and their product; of several channels together: sums."""
        places = np.flatnonzero(self.units == unit)
        if not len(places):
            return Terms(0.0, 1.0, 0.0, 0.0)
        weight, own = self.weight[:, places], np.diag(self.covariance)[places]
        block = np.linalg.inv(self.precision[np.ix_(places, places)])
        cost = float(np.einsum("ij,jk,ik->", weight, block, weight)) / self.energy
        unexplained = float((np.diag(block) / own).mean())
        return Terms(float(own.sum()), unexplained, float(np.square(weight).sum()) / self.energy, cost)

    def costs(self) -> dict[int, float]:
        """What each unit's going costs."""
        if len(np.unique(self.units)) == len(self.units):
            each = np.square(self.weight).sum(0) / np.diag(self.precision) / self.energy
            return dict(zip(self.units.tolist(), each.tolist(), strict=True))
        return {unit: self.terms(unit).cost for unit in np.unique(self.units).tolist()}

    def lose(self, unit: int) -> None:
        """A unit goes; the weights of the others take over what they know of it."""
        gone = self.units == unit
        if not gone.any():
            return
        stay, places = ~gone, np.flatnonzero(gone)
        rows = self.precision[places]
        solved = np.linalg.solve(self.precision[np.ix_(places, places)], rows)
        self.weight = (self.weight - self.weight[:, places] @ solved)[:, stay]
        self.precision = (self.precision - rows.T @ solved)[np.ix_(stay, stay)]
        self.covariance, self.units = self.covariance[np.ix_(stay, stay)], self.units[stay]


def reading_of(reader: Reader, gone: Iterable[int], value: np.ndarray, weight: np.ndarray) -> Reading:
    """How a layer reads. value: what it reads, (batch, C * spread, ...), weight: its own, both without units `gone`."""
    units = reader.units[~np.isin(reader.units, list(gone))]
    samples: np.ndarray = value.reshape(len(value), len(units), -1).transpose(0, 2, 1).reshape(-1, len(units))
    step = max(1, len(samples) // ROWS)
    samples = samples[::step].astype(np.float64)
    centred = samples - samples.mean(0)
    table = weight.T if reader.transposed else weight
    table = table.reshape(len(table), len(units), -1).transpose(0, 2, 1).reshape(-1, len(units))
    return Reading(units, centred.T @ centred / len(samples), table)


def least(group: Sequence[int], readings: Sequence[Reading], count: int) -> list[int]:
    """The `count` units of a group that cost least, in the order in which they go. The readings lose them."""
    left, chosen = set(group), list[int]()
    for _ in range(count):
        costs: dict[int, float] = dict.fromkeys(left, 0.0)
        for reading in readings:
            for unit, cost in reading.costs().items():
                if unit in costs:
                    costs[unit] += cost
        unit = min(costs, key=lambda unit: (costs[unit], unit))
        for reading in readings:
            reading.lose(unit)
        left.discard(unit)
        chosen.append(unit)
    return chosen

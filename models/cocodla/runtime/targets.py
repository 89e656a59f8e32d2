"""What it costs that the official driver programs a network: against the same settings with all that the hardware can.

Cycles are those of the latency model, layer after layer; the driver's own schedule comes on top (docs/loadables.md).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.compiler.frontend.importer import load_model
from cocodla.compiler.original import outputs_of
from cocodla.compiler.prediction import predict_network
from cocodla.compiler.quantisation.calibration import Calibration
from cocodla.compiler.quantisation.pixels import ImageSet
from cocodla.latency import MemoryTiming
from cocodla.runtime.accuracy import model_inputs
from cocodla.runtime.quality import Error

IMAGES = 16
"""First calibration images that noise is measured with."""
SHOWN = 6


@dataclass(frozen=True)
class TargetCost:
    """cycles, sqnr: of the network for a driver of ours, and of that for the official one; sqnr in dB at the worst
    output, None without calibration data. moved: operators that the host runs for the former only. plain: tensors
    without a zero point for the latter only.
    """

    cycles: tuple[int, int]
    sqnr: tuple[float, float] | None
    moved: tuple[str, ...]
    plain: tuple[str, ...]

    def lines(self) -> list[str]:
        """For people."""
        direct, official = self.cycles
        told = f"official driver: {official:,} cycles predicted layer after layer ({official / direct - 1:+.1%})"
        if self.sqnr is not None:
            told += f", {self.sqnr[1]:.1f} dB at the worst output ({self.sqnr[1] - self.sqnr[0]:+.1f} dB)"
        found = [f"{told} against the target direct with the same settings"]
        for what, names in (("not on the host", self.moved), ("codes without a zero point", self.plain)):
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            found += [f"official driver: {what}: {', '.join(names[:SHOWN])}{more}"] if names else []
        return found

    def described(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def target_cost(
    model: Path, calibration: Calibration, options: CompileOptions, network: Network, direct: Network | None = None
) -> TargetCost:
    """Compare a network for the official driver with one for ours of the same settings.

    direct: that one, if it is there already.
    """
    if direct is None:
        settings = dict(network.meta["quantisation"]["settings"])
        settings.pop("rooms")  # single ranges hardly differ
        direct = compile_model(model, calibration, replace(options, target="direct", effort="fast", **settings))
    cycles = tuple(sum(predict_network(made, MemoryTiming()).alone) for made in (direct, network))
    hosted = {place["node"] for place in network.meta["host"]}
    moved = (f"{p['operator']} {p['node']!r}" for p in direct.meta["host"] if p["node"] not in hosted)
    plain = (
        name for name, tensor in network.tensors.items()
        if not tensor.zero and name in direct.tensors and direct.tensors[name].zero
    )  # fmt: skip
    return TargetCost(
        (cycles[0], cycles[1]), _noise(model, calibration, direct, network), tuple(moved), tuple(plain)
    )  # fmt: skip


def _noise(
    model: Path, calibration: Calibration, direct: Network, network: Network
) -> tuple[float, float] | None:
    """dB at the worst output of both networks, for the first calibration images."""
    images = _images(calibration, network)
    if images is None:
        return None
    found = images[:IMAGES]
    exact = outputs_of(load_model(model), [output.name for output in network.outputs], model_inputs(network, found))
    return worst_sqnr(direct, exact, found), worst_sqnr(network, exact, found)


def _images(calibration: Calibration, network: Network) -> ImageSet | None:
    """Calibration images of the network's own input shape, if there are any."""
    if callable(calibration):
        parts = network.input.parts
        calibration = calibration(network.input.shape, parts) if parts else calibration(network.input.shape)
    fits = calibration is not None and not isinstance(calibration, dict)
    return calibration if fits and calibration.shape[1:] == network.input.shape else None  # type: ignore[union-attr,return-value]


def worst_sqnr(network: Network, exact: dict[str, np.ndarray], images: np.ndarray) -> float:
    """dB at a network's worst output, of the values that are finite in float."""
    got, worst = network.golden_outputs(images), float("inf")
    for name, value in exact.items():
        finite, error = np.isfinite(value), Error()
        error.add(value[finite], got[name].reshape(value.shape)[finite])
        worst = min(worst, error.sqnr)
    return worst

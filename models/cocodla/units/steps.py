"""What an operator is written in: steps that are chains of units, and the tensors between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cocodla.units.chain import Chain, Unit
from cocodla.units.places import require_at, require_within, written_at

T = TypeVar("T")
Shape = tuple[int, int, int]


@dataclass
class Steps(Generic[T]):
    """Chains in order, and tensors in between. make: makes a tensor of (name, shape, scale, zero)."""

    make: Callable[[str, Shape, float, int], T]
    prefix: str = ""
    chains: list[Chain] = field(default_factory=list)
    tensors: dict[str, T] = field(default_factory=dict)

    def tensor(self, name: str, shape: Shape, scale: float = 1.0, zero: int = 0) -> T:
        """A packed tensor (channels, height, width) of int8 codes that mean scale * (q - zero)."""
        place, full = written_at(), self.prefix + name
        require_at(place, f"tensor {name!r}", full not in self.tensors, "there is one of this name")
        require_at(place, f"tensor {name!r}", len(shape) == 3, f"shape {shape} given, (C, H, W) is possible")
        require_within(place, f"tensor {name!r}", tuple(map(int, shape)), 1, 8192, "extents, system.md 1")
        require_at(place, f"tensor {name!r}", 0 < scale < float("inf"), f"scale {scale} given, it must be above 0")
        require_within(place, f"tensor {name!r}", int(zero), -128, 127, "zero point")
        self.tensors[full] = self.make(full, shape, float(scale), int(zero))
        return self.tensors[full]

    def __call__(self, *units: Unit, to: T, name: str = "") -> None:
        """Run a chain of units that writes tensor `to`. BrokenRule for one that the hardware cannot do."""
        self.chains.append(Chain(units, to, name or f"{self.prefix}{len(self.chains)}"))  # type: ignore[arg-type]

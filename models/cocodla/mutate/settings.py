"""What a campaign of mutants is asked for."""

from __future__ import annotations

from dataclasses import dataclass

STAGES = ("random", "traces")
"""What may follow the bench, in this order."""
ENGINES = ("source", "yosys")


@dataclass(frozen=True)
class Settings:
    """How a campaign is run. stages: of STAGES. layers: of the random programs. jobs: simulations at a time, 0: one for
    each processor. prove: survivors are proven equivalent where Yosys can.
    """

    count: int = 100
    seed: int = 1
    jobs: int = 0
    sim: str = "verilator"
    engine: str = "source"
    stages: tuple[str, ...] = ()
    layers: int = 300
    prove: bool = True

"""The command that compares RTL and golden model on a compiled network, or on some of its layers: verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cocodla.cli.base import (
    LATENCY,
    MEMORY,
    SEED,
    SIM,
    WATCHDOG,
    WAVES,
    command,
    command_line,
    console,
    emit,
    memory_words,
)
from cocodla.cli.model_options import COUNT, INPUT, NETWORK, RESIZE, loader
from cocodla.cli.numbers import whole

if TYPE_CHECKING:
    from cocodla.sim.waves import Waves


@command
def verify(
    network: Path = NETWORK,
    inputs: list[Path] = INPUT,
    layers: str = typer.Option(
        "", "--layers",
        help="run these only: NAME (all its bands), or FIRST..LAST, on what the golden model makes of those before",
    ),
    sim: str = SIM,
    seed: int = SEED,
    waves: Waves | None = WAVES,
    latency: int = LATENCY,
    memory: str = MEMORY,
    watchdog: int = WATCHDOG,
    resize: bool = RESIZE,
    count: int = COUNT,
    jobs: int = whole("--jobs", 1, "parts that are run at a time, cut by layers and images", high=256),
) -> None:
    """Compare every tensor that a compiled network, or some of its layers, makes on the RTL with the golden model's."""
    import numpy as np

    from cocodla.compiler import Network
    from cocodla.report import network as report
    from cocodla.report.progress import progress_bar
    from cocodla.runtime import rtl
    from cocodla.runtime.memories import memory_or_latency
    from cocodla.runtime.pieces import can_be_cut, verify_in_pieces
    from cocodla.runtime.span import Span
    from cocodla.runtime.verify import verify_network
    from cocodla.sim.run import new_seed

    loaded = Network.load(network)
    wanted = Span.parse(loaded, layers) if layers else Span.whole(loaded)
    span = wanted.runnable(loaded)
    images = loader(inputs, resize, count)(loaded.input.shape, loaded.input.parts)[:]
    seed = new_seed() if seed is None else seed
    console.print(f"seed {seed}", highlight=False)
    if span != wanted:
        console.print(
            f"layers {wanted.text(loaded)} reuse what is in the convolution buffer: {span.text(loaded)} are run",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    simulation = rtl.Simulation(
        sim=sim, waves=waves, seed=seed, memory=memory_or_latency(memory, latency), watchdog=watchdog
    )
    with progress_bar(console, f"{loaded.name} on {sim}") as progress:
        if jobs > 1 and can_be_cut(simulation):
            result = verify_in_pieces(loaded, images, np.full(len(images), -1), simulation, jobs, progress, span)
        else:
            result = verify_network(loaded, images, np.full(len(images), -1), simulation, progress, span)
    words = ["verify", network, *(["--layers", layers] if layers else []), "--sim", sim, "--seed", seed, "--waves"]
    words += [*memory_words(memory, latency), "--watchdog", watchdog, "--count", len(images)]
    words += ["--resize"] if resize else []
    report.show(result, console, command_line(*words, *(word for item in inputs for word in ("--input", item))))
    emit(result.as_json)
    if not result.passed:
        raise typer.Exit(1)

"""Compiled networks for the official driver, and whether their loadables give the bytes of their own programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cocodla.compiler import CompileOptions, Network, compile_model
from cocodla.loadable.export import export_network
from cocodla.loadable.network import LoadedNetwork, open_network
from cocodla.nets.builder import Builder
from cocodla.runtime import rtl
from cocodla.runtime.loadables import run_image

FAST = CompileOptions(effort="fast", target="official")


def loaded(network: Network) -> LoadedNetwork:
    """The loadable of a network, read back."""
    return open_network(Path("net.nvdla"), export_network(network).data)


def outputs(network: Network, simulation: rtl.Simulation | None = None, seed: int = 3) -> None:
    """The loadable gives the bytes of the network's own program for one image of random pixels."""
    images = np.random.default_rng(seed).integers(0, 256, (1, *network.input.shape)).astype(np.uint8)
    feeds = {network.input.tensor: network.input_bytes(images)}
    wanted = network.golden_stage(0, feeds)
    found = loaded(network)
    done = run_image(found, {found.inputs[0].name: feeds[network.input.tensor][0].tobytes()}, simulation)
    assert done.passed
    for output in network.outputs:
        assert output.tensor is not None
        assert done.buffers[output.name] == wanted[output.tensor][0].tobytes()


def grown(
    folder: Path, grow: Callable[[Builder], object], channels: int = 8, target: Any = "official", **options: Any
) -> Network:
    """A network of random weights for inputs of channels x 12 x 12."""
    shape = (channels, 12, 12)
    builder = Builder(shape, 5)
    grow(builder)
    values = np.random.default_rng(2).normal(size=(8, *shape)).astype(np.float32)
    path = builder.save(folder / "grown.onnx")
    return compile_model(path, values, replace(FAST, target=target, **options))

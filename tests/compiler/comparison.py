"""Compiled programs on the golden Device against the integer oracle, tensor by tensor."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cocodla.compiler import CompileOptions, Network, compile_model, compile_whole
from cocodla.compiler.parts import check_name
from cocodla.formats import bytes_to_tensor
from cocodla.golden.run import run
from cocodla.nets import oracle


def compile_and_compare(path: Path, images: np.ndarray, options: CompileOptions) -> Network:
    """Compile with `images` as calibration and compare every tensor of every image with the oracle."""
    network = compile_model(path, images, options)
    quantised = compile_whole(path, images, options).quantised
    execution = run(network.program(images))
    assert execution.passed
    source = network.tensors[network.input.tensor]
    if source.form == "pixels":
        codes = images if images.dtype == np.uint8 else network.input.pixels.to_pixels(images)
        codes = codes.reshape(-1, *source.shape)
    else:
        codes = bytes_to_tensor(network.input_bytes(images), source.layout)
    expected = oracle.run(quantised, codes)
    found = {observation.name: observation.data for observation in execution.observations}
    for layer in network.layers:
        tensor = network.tensors[layer.target]
        for image in range(len(images)):
            data = np.frombuffer(found[check_name(image, tensor.name)], np.uint8)
            np.testing.assert_array_equal(
                bytes_to_tensor(data, tensor.layout), expected[tensor.name][image], f"image {image}, {layer.name}"
            )
    return network


def pixels(shape: tuple[int, ...], count: int = 3, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def floats(shape: tuple[int, ...], count: int = 3, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype(np.float32)

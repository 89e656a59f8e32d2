"""Training with the accelerator in the loop: every step compiles the network and runs it on the golden model."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx

from cocodla.compiler import Network
from cocodla.finetune.integers import Integers, real_input, real_tensors
from cocodla.prune.finetune import check_torch
from cocodla.training.pictures import varied

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Recipe:
    """How to train. rate: at first, in shares of what a layer's weights are usually like; it falls to zero. bits: of a
    weight. epochs: how often each picture is seen.
    """

    epochs: int = 10
    bits: int = 8
    batch: int = 64
    rate: float = 3e-3
    seed: int = 0

    @property
    def most(self) -> int:
        """Weights are codes from -most to most."""
        return (1 << (self.bits - 1)) - 1


@dataclass
class Tuned:
    """What came out. model: with codes. first, network: compiled before training, and behind it. losses: mean of each
    epoch; seconds: of an epoch, on average.
    """

    model: onnx.ModelProto
    first: Network
    network: Network
    losses: list[float]
    seconds: float


def fine_tune(
    integers: Integers,
    images: np.ndarray,
    recipe: Recipe,
    labels: np.ndarray | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """Train a model so that what it computes in integers comes to what it says in float.

    images: (N, *shape), as the compiler takes them; they are varied at random. labels: (N,) class numbers, -1 where
    there are none. Runs repeat with the same seed on the same machine. UserError without PyTorch, and for an
    operator torch_model.py does not know.
    """
    check_torch()
    import torch

    from cocodla.finetune.twin import Twin
    from cocodla.prune.torch_model import TorchModel
    from cocodla.training.distill import UNKNOWN, distance, rates

    torch.manual_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    teacher, twin = TorchModel(integers.model).requires_grad_(False), Twin(integers, recipe.most)
    first = network = integers.network(integers.proto(twin.model, twin.weights()))
    sizes = rates(twin, torch.from_numpy(real_input(network, images[: recipe.batch])), recipe.rate)
    optimizer = torch.optim.Adam([*sizes, {"params": twin.scales(), "lr": recipe.rate}])
    parts = max(1, round(len(images) / recipe.batch))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs * parts)
    losses, begun = [], time.perf_counter()
    for epoch in range(recipe.epochs):
        total = 0.0
        for part, pick in enumerate(np.array_split(random.permutation(len(images)), parts)):
            batch, same = _as_given(images[pick], random)
            values = real_input(network, batch)
            found = twin.forward_as(values, real_tensors(network, batch), integers.model.ends)
            known = None if labels is None else np.where(same, labels[pick], UNKNOWN)
            with torch.no_grad():
                wanted = teacher.tensors(torch.from_numpy(values), integers.model.ends)
            loss = distance(list(found.values()), list(wanted.values()), known)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(twin.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            network = integers.network(integers.proto(twin.trained(), twin.weights()))
            total += loss.item()
            if progress:
                progress(epoch * parts + part + 1, recipe.epochs * parts)
        losses.append(total / parts)
    seconds = (time.perf_counter() - begun) / max(1, recipe.epochs)
    return Tuned(integers.proto(twin.trained(), twin.weights()), first, network, losses, seconds)


def _as_given(images: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Varied images, bytes if they were; and which of them still show what they did."""
    made, same = varied(images, random)
    if images.dtype == np.uint8:
        made = np.clip(np.rint(made), 0, 255).astype(np.uint8)
    return made, same


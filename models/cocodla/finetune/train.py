"""Training with the accelerator in the loop: every step compiles the network and runs it on the golden model."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
import torch
from torch import Tensor

from cocodla.compiler import Network
from cocodla.finetune.integers import Integers, real_input, rounded_tensors
from cocodla.finetune.twin import Twin
from cocodla.prune.torch_model import TorchModel
from cocodla.training.distill import distance, rates, share
from cocodla.training.pictures import UNKNOWN, varied

Progress = Callable[[int, int], None]
FOUR_BITS = 3e-3
"""The rate for weights of 4 bits."""


@dataclass(frozen=True)
class Recipe:
    """How to train. rate: at its height, in shares of what a layer's weights are like; None: what suits the bits of a
    weight, `bits`: coarse codes need longer ways. epochs: how often each picture is seen.
    """

    epochs: int = 10
    bits: int = 8
    batch: int = 64
    rate: float | None = None
    seed: int = 0

    @property
    def height(self) -> float:
        """Of the rate."""
        return FOUR_BITS * 2.0 ** ((4 - self.bits) / 2) if self.rate is None else self.rate

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


class Trainer:
    """A network that is being trained. network: compiled from `proto()`, and so the one that is written if it ends now.

    UserError for an operator that torch_model.py does not know.
    """

    def __init__(self, integers: Integers, recipe: Recipe, steps: int, images: np.ndarray) -> None:
        """steps: there will be, in all. images: some (batch, *shape), as the compiler takes them."""
        torch.manual_seed(recipe.seed)
        self.integers, self.ends = integers, integers.model.ends
        self.teacher = TorchModel(integers.model).requires_grad_(False)
        self.twin = Twin(integers, recipe.most)
        self.network = integers.network(self.proto())
        sizes = rates(self.twin, torch.from_numpy(real_input(self.network, images)), recipe.height)
        self.optimizer = torch.optim.Adam([*sizes, {"params": self.twin.scales(), "lr": recipe.height}])
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: share(step, steps))

    def proto(self) -> onnx.ModelProto:
        """The model as it is now, with codes."""
        return self.integers.proto(self.twin.trained(), self.twin.weights())

    def forward(self, images: np.ndarray, names: list[str]) -> dict[str, Tensor]:
        """Some tensors for images (batch, *shape): values are those of the golden model, gradients the twin's."""
        return self.twin.forward_as(real_input(self.network, images), rounded_tensors(self.network, images), names)

    def step(self, images: np.ndarray, labels: np.ndarray | None = None) -> float:
        """One step; the loss before it. labels: (batch,) class numbers, -1 where there are none."""
        found = self.forward(images, self.ends)
        with torch.no_grad():
            wanted = self.teacher.tensors(torch.from_numpy(real_input(self.network, images)), self.ends)
        loss = distance(list(found.values()), list(wanted.values()), labels)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.twin.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.network = self.integers.network(self.proto())
        return loss.item()


def fine_tune(
    integers: Integers,
    images: np.ndarray,
    recipe: Recipe,
    labels: np.ndarray | None = None,
    progress: Progress | None = None,
) -> Tuned:
    """Train a model so that what it computes in integers comes to what it says in float.

    images: (N, *shape), as the compiler takes them; they are varied at random. labels: (N,) class numbers, -1 where
    there are none. Runs repeat with the same seed on the same machine. UserError as Trainer.
    """
    random = np.random.default_rng(recipe.seed)
    parts = max(1, round(len(images) / recipe.batch))
    steps = recipe.epochs * parts
    trainer = Trainer(integers, recipe, steps, images[: recipe.batch])
    first, losses, begun = trainer.network, list[float](), time.perf_counter()
    for _ in range(recipe.epochs):
        for pick in np.array_split(random.permutation(len(images)), parts):
            batch, same = _as_given(images[pick], random)
            known = None if labels is None else np.where(same, labels[pick], UNKNOWN)
            losses.append(trainer.step(batch, known))
            if progress:
                progress(len(losses), steps)
    seconds = (time.perf_counter() - begun) / recipe.epochs
    means = np.reshape(losses, (recipe.epochs, parts)).mean(1).tolist()
    return Tuned(trainer.proto(), first, trainer.network, means, seconds)


def _as_given(images: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Varied images, bytes if they were; and which of them still show what they did."""
    made, same = varied(images, random)
    if images.dtype == np.uint8:
        made = np.clip(np.rint(made), 0, 255).astype(np.uint8)
    return made, same

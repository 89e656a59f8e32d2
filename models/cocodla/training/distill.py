"""Distillation with PyTorch: a network learns what another one says, each constant in steps of its size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cocodla.training.pictures import UNKNOWN

if TYPE_CHECKING:
    from cocodla.prune.torch_model import TorchModel

DISTANCE = 4.0
"""Temperature with which classes are compared."""
LABELS = 0.5
"""What a known class counts for, beside what the other network says."""
WARM = 50
"""Steps in which the rate gets to its height, at most a tenth of all."""
LATEST = 0.02
"""What the latest step counts for in an average."""
SUMMAND = {"Conv": 2, "Gemm": 2, "BatchNormalization": 2, "Add": None, "Sub": None}
"""Operators with a constant that is added to their outputs, and which input that is (None: any)."""


def rates(model: TorchModel, images: Tensor, rate: float) -> list[dict[str, Any]]:
    """Groups of parameters for an optimiser: `rate` is in shares of what a constant's numbers are like, for summands in
    shares of how much the tensors they are added to vary over `images` (batch, *shape).
    """
    layers = {}
    for node in model.model.nodes:
        for place, name in enumerate(node.input):
            if node.op_type in SUMMAND and SUMMAND[node.op_type] in (None, place) and name in model.names:
                layers[name] = node.output[0]
    with torch.no_grad():
        made = model.tensors(images, list(dict.fromkeys(layers.values())))
    groups = []
    for name, own in model.names.items():
        parameter = getattr(model, own)
        if parameter.requires_grad:
            size = made[layers[name]].std() if name in layers else parameter.detach().square().mean().sqrt()
            groups.append({"params": [parameter], "lr": rate * (float(size) or 1.0)})
    return groups


def share(step: int, steps: int) -> float:
    """Of the rate, at a step of so many: it grows, and falls to zero as a cosine does."""
    return min(1.0, (step + 1) / min(WARM, 1 + steps // 10)) * 0.5 * (1 + math.cos(math.pi * step / steps))


class Average:
    """A model's parameters, averaged over the latest steps, which go to and fro around what they learn."""

    def __init__(self, model: TorchModel) -> None:
        self.model, self.mean = model, [value.detach().clone() for value in model.parameters()]
        self.steps = 0

    def add(self) -> None:
        """Behind a step: count the parameters as they are now."""
        self.steps += 1
        part = max(LATEST, 1 / self.steps)
        with torch.no_grad():
            for mean, value in zip(self.mean, self.model.parameters(), strict=True):
                mean.lerp_(value, part)

    def take(self) -> None:
        """Give the model the averages."""
        with torch.no_grad():
            for mean, value in zip(self.mean, self.model.parameters(), strict=True):
                value.copy_(mean)


def shared(one: TorchModel, other: TorchModel, images: Tensor) -> list[str]:
    """Tensors that layers with weights read and that have one shape in both models, for images (batch, *shape)."""
    read = {node.input[0] for node in one.model.nodes if len(node.input) > 1 and node.input[1] in one.names}
    made = [node.output[0] for node in one.model.nodes]
    names = [name for name in dict.fromkeys(made) if name in read and name in other.model.shapes]
    with torch.no_grad():
        ours, theirs = (model.tensors(images, names) for model in (one, other))
    return [name for name in names if ours[name].shape == theirs[name].shape]


def alike(found: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """How far tensors are from those of another network: mean squares in shares of their variance, all together."""
    parts = [(ours - theirs).square().mean() / theirs.var().clamp_min(1e-6)
             for ours, theirs in zip(found, wanted, strict=True)]  # fmt: skip
    return torch.stack(parts).sum() if parts else torch.zeros(())


def distance(found: list[Tensor], wanted: list[Tensor], labels: np.ndarray | None = None) -> Tensor:
    """How far outputs are from those of another network, and classes from labels (batch,), where there are any."""
    loss = alike(found, wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        if ours.ndim == 2 and ours.shape[1] > 1:
            said = functional.log_softmax(ours / DISTANCE, 1)
            aim = functional.softmax(theirs / DISTANCE, 1)
            loss = loss + DISTANCE**2 * functional.kl_div(said, aim, reduction="batchmean")
    if labels is not None and len(found) == 1 and found[0].ndim == 2 and (labels != UNKNOWN).any():
        numbers = torch.from_numpy(labels.astype(np.int64))
        missed = functional.cross_entropy(found[0], numbers, ignore_index=UNKNOWN, reduction="sum")
        loss = loss + LABELS * missed / len(numbers)  # few known ones must not outweigh all others
    return loss

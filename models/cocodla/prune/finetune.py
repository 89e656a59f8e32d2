"""Fine-tuning: the pruned model learns what the whole one says to variations of the calibration data (distillation)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from cocodla.compiler.ir import FloatArray
from cocodla.errors import UserError
from cocodla.prune.floats import FloatModel

if TYPE_CHECKING:
    import torch

BATCH = 32
RATE = 1.5e-3
"""Step of the optimiser, at first."""
COLOURS = 3
DISTANCE = 4.0
"""Temperature with which classes are compared."""


def check_torch() -> None:
    """UserError where PyTorch is not installed."""
    try:
        import torch  # noqa: F401
    except ImportError:
        raise UserError("fine-tuning needs PyTorch: pip install 'cocodla[train]'") from None


def fine_tune(
    pruned: FloatModel,
    whole: FloatModel,
    images: FloatArray,
    steps: int,
    seed: int,
    labels: np.ndarray | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FloatModel:
    """Train a pruned model to do as the whole one does.

    images: (N, *shape), as the model takes them; every batch is moved, mirrored and mixed at random. labels: (N,) class
    numbers, which count for half where they are known. Runs repeat with the same seed on the same machine. UserError
    without PyTorch, and for an operator that torch_model.py does not know.
    """
    check_torch()
    import torch
    from torch.nn import functional

    from cocodla.prune.torch_model import TorchModel

    generator = torch.Generator().manual_seed(seed)
    student, teacher = TorchModel(pruned), TorchModel(whole).requires_grad_(False)
    parameters = [value for value in student.parameters() if value.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    data = torch.from_numpy(images)
    numbers = None if labels is None else torch.from_numpy(labels.astype(np.int64))
    for step in range(steps):
        pick = torch.randint(len(data), (min(BATCH, len(data)),), generator=generator)
        batch, mixed = _varied(data[pick], generator)
        with torch.no_grad():
            wanted = teacher(batch)
        found = student(batch)
        loss = torch.zeros(())
        for ours, theirs in zip(found, wanted, strict=True):
            loss = loss + (ours - theirs).square().mean() / theirs.var().clamp_min(1e-6)
            if ours.ndim == 2 and ours.shape[1] > 1:
                said = functional.log_softmax(ours / DISTANCE, 1)
                loss = loss + DISTANCE**2 * functional.kl_div(said, functional.softmax(theirs / DISTANCE, 1),
                                                              reduction="batchmean")  # fmt: skip
        if numbers is not None and not mixed and found[0].ndim == 2:
            loss = loss + 0.5 * functional.cross_entropy(found[0], numbers[pick])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        if progress:
            progress(step + 1, steps)
    return student.trained()


def _varied(batch: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, bool]:
    """Pictures moved by up to an eighth; every other time mixed with one another, colour ones mirrored.

    The second value tells whether they are mixed: labels no longer hold then.
    """
    import torch

    def coin() -> bool:
        return bool(torch.rand((), generator=generator) < 0.5)

    if batch.ndim == 4:
        for axis in (2, 3):
            count = batch.shape[axis]
            shift = int(torch.randint(-(count // 8), count // 8 + 1, (), generator=generator))
            batch = batch.index_select(axis, torch.clamp(torch.arange(count) + shift, 0, count - 1))
        if batch.shape[1] == COLOURS and coin():
            batch = batch.flip(3)
    mixed = coin()
    if mixed:
        share = torch.rand((len(batch), *(1,) * (batch.ndim - 1)), generator=generator)
        batch = share * batch + (1 - share) * batch[torch.randperm(len(batch), generator=generator)]
    return batch, mixed

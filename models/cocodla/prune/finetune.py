"""Fine-tuning: the pruned model learns what the whole one says, inside and at its end, to variations of pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cocodla.compiler.ir import FloatArray
from cocodla.errors import UserError
from cocodla.prune.floats import FloatModel
from cocodla.training.pictures import varied

BATCH = 64
RATE = 5e-3
"""Step of the optimiser at its height, in shares of what a layer's weights are like."""


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
    more: FloatArray | None = None,
) -> FloatModel:
    """Train a pruned model to do as the whole one does.

    images, more: (N, *shape), as the model takes them, half of a batch each; they are moved, mirrored and mixed at
    random. labels: (N,) class numbers of `images`, which count for half where they are known. Runs repeat with the same
    seed on the same machine. UserError without PyTorch, and for an operator that torch_model.py does not know.
    """
    check_torch()
    import torch

    from cocodla.prune.torch_model import TorchModel
    from cocodla.training.distill import UNKNOWN, Average, alike, distance, rates, share, shared

    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    student, teacher = TorchModel(pruned), TorchModel(whole).requires_grad_(False)
    first = torch.from_numpy(images[:BATCH])
    inside, ends = shared(student, teacher, first[:1]), whole.ends
    optimizer = torch.optim.Adam(rates(student, first, RATE))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: share(step, steps))
    average = Average(student)
    for step in range(steps):
        pick = random.integers(len(images), size=BATCH if more is None else BATCH // 2)
        known = np.full(len(pick), UNKNOWN) if labels is None else labels[pick]
        given = images[pick]
        if more is not None:
            given = np.concatenate([given, more[random.integers(len(more), size=BATCH - len(pick))]])
            known = np.concatenate([known, np.full(BATCH - len(pick), UNKNOWN)])
        values, same = varied(given, random)
        batch = torch.from_numpy(values)
        with torch.no_grad():
            wanted = teacher.tensors(batch, [*inside, *ends])
        found = student.tensors(batch, [*inside, *ends])
        loss = distance([found[name] for name in ends], [wanted[name] for name in ends], np.where(same, known, UNKNOWN))
        loss = loss + alike([found[name] for name in inside], [wanted[name] for name in inside])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        average.add()
        if progress:
            progress(step + 1, steps)
    average.take()
    return student.trained()


"""Fine-tuning: the pruned model learns what the whole one says, inside and at its end, to variations of pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np

from cocodla.compiler.ir import FloatArray
from cocodla.errors import UserError
from cocodla.prune.floats import FloatModel
from cocodla.training.pictures import UNKNOWN, varied

BATCH = 64
RATE = 5e-3
"""Step of the optimiser at its height, in shares of what a layer's weights are like."""
GOES = ((0.47, 1.0), (0.53, 0.6))
"""Training in several goes, each from where the one before ended: shares of the steps, and of RATE at its height. The
averages, not the last step, begin the next go, whose smaller rate takes them on from there."""


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
    from cocodla.training.distill import Average, alike, distance, rates, share, shared

    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    student, teacher = TorchModel(pruned), TorchModel(whole).requires_grad_(False)
    first = torch.from_numpy(images[:BATCH])
    inside, ends = shared(student, teacher, first[:1]), whole.ends
    done = 0
    for count, height in goes(steps):
        optimizer = torch.optim.Adam(rates(student, first, height * RATE))
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, partial(share, steps=count))
        average = Average(student)
        for _ in range(count):
            values, known = _batch(images, labels, more, random)
            batch = torch.from_numpy(values)
            with torch.no_grad():
                wanted = teacher.tensors(batch, [*inside, *ends])
            found = student.tensors(batch, [*inside, *ends])
            loss = distance([found[name] for name in ends], [wanted[name] for name in ends], known)
            loss = loss + alike([found[name] for name in inside], [wanted[name] for name in inside])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            average.add()
            done += 1
            if progress:
                progress(done, steps)
        average.take()
    return student.trained()


def goes(steps: int) -> list[tuple[int, float]]:
    """Of so many steps those of each go, and its rate at its height in shares of RATE; goes without a step are left
    out."""
    ends = np.rint(np.cumsum([0.0, *(part for part, _ in GOES)]) * steps).astype(int).tolist()
    counts = [end - begin for begin, end in pairwise(ends)]
    return [(count, height) for count, (_, height) in zip(counts, GOES, strict=True) if count]


def _batch(
    images: FloatArray, labels: np.ndarray | None, more: FloatArray | None, random: np.random.Generator
) -> tuple[FloatArray, np.ndarray]:
    """BATCH varied pictures, half of them of `more` where there are any, and their classes (BATCH,) or UNKNOWN."""
    pick = random.integers(len(images), size=BATCH if more is None else BATCH // 2)
    known = np.full(len(pick), UNKNOWN) if labels is None else labels[pick]
    given = images[pick]
    if more is not None:
        given = np.concatenate([given, more[random.integers(len(more), size=BATCH - len(pick))]])
        known = np.concatenate([known, np.full(BATCH - len(pick), UNKNOWN)])
    values, same = varied(given, random)
    return values, np.where(same, known, UNKNOWN)

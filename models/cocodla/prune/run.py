"""From a float model to a pruned one: search, fine-tuning, and what it costs in accuracy and cycles, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cocodla.compiler import CompileOptions
from cocodla.compiler.ir import FloatArray
from cocodla.errors import UserError
from cocodla.prune.cost import CostModel
from cocodla.prune.finetune import check_torch, fine_tune
from cocodla.prune.floats import FloatModel
from cocodla.prune.search import MOST_IMAGES, Pruner, State, Step
from cocodla.training.pictures import varied

Told = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""


@dataclass(frozen=True)
class Goal:
    """When to stop. cycles: share of the cycles at first that is asked for. drop: points of accuracy that may be lost.

    finetune: steps of training, 0 for none. With both goals the search ends at the first that is reached.
    """

    cycles: float | None = None
    drop: float | None = None
    finetune: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.cycles is None and self.drop is None:
            raise UserError("nothing to reach: give --target-cycles, --drop or both")
        if self.cycles is not None and not 0 < self.cycles < 1:
            raise UserError(f"--target-cycles is a share of the cycles at first, between 0 and 1, not {self.cycles:g}")
        if self.drop is not None and not 0 <= self.drop <= 100:
            raise UserError(f"--drop is between 0 and 100 points, not {self.drop:g}")


@dataclass(frozen=True)
class Judged:
    """A step of the search and how the float model does behind it. right: share of the held-back images with the right
    class, or without labels with the class of the whole model; None if the model does not name classes. tuned: behind
    fine-tuning.
    """

    step: Step
    right: float | None
    tuned: bool = False


@dataclass
class Pruned:
    """What came out. steps: the whole model first."""

    model: FloatModel
    steps: list[Judged]
    held: int
    labelled: bool


class Judge:
    """Accuracy of float models on images that are held back."""

    def __init__(self, whole: FloatModel, images: FloatArray, labels: np.ndarray | None) -> None:
        """images: (N, *shape) as the model takes them; labels: (N,). UserError for labels that do not fit."""
        self.images, (self.end, *others) = images, whole.ends
        shape = whole.shapes[self.end]
        self.classes = not others and int(np.prod(shape[1:])) == max(shape[1:], default=0) > 1 and len(images) > 0
        if labels is not None and not self.classes:
            raise UserError(f"--labels: output {whole.outputs[0]!r} of shape {shape[1:]} does not name one class")
        if labels is not None and not 0 <= labels.min() <= labels.max() < max(shape[1:]):
            raise UserError(
                f"labels go from {labels.min()} to {labels.max()}, {self.end!r} has {max(shape[1:])} outputs"
            )
        self.wanted = self._classes(whole) if labels is None and self.classes else labels

    def right(self, model: FloatModel) -> float | None:
        """Share of the images."""
        return float((self._classes(model) == self.wanted).mean()) if self.classes else None

    def _classes(self, model: FloatModel) -> np.ndarray:
        scores = model.outputs_for(self.images, [self.end])[self.end]
        return np.asarray(scores.reshape(len(scores), -1).argmax(1))


def prune(
    whole: FloatModel,
    images: FloatArray,
    options: CompileOptions,
    goal: Goal,
    held: FloatArray,
    labels: tuple[np.ndarray, np.ndarray] | None = None,
    sample: np.ndarray | None = None,
    more: FloatArray | None = None,
    told: Told = lambda what, done, total: None,
) -> Pruned:
    """Prune a model until the goal is reached.

    images: (N, *shape) float32 as the model takes them: what channels, weights and training follow from. held: others,
    which accuracy is measured on; labels: class numbers of both. sample: images as the compiler takes them. more:
    further ones as `images`, without labels, such as crops of photographs. UserError if the goal cannot be reached,
    there is nothing to prune, or fine-tuning is not possible.
    """
    if goal.finetune:
        check_torch()
    judge = Judge(whole, held, None if labels is None else labels[1])
    if goal.drop is not None and not judge.classes:
        raise UserError("--drop: the model does not name one class for an image, so no points of accuracy can be lost")
    looked_at = images if more is None else _mixed(images, more)
    pruner = Pruner(whole, looked_at, CostModel(images if sample is None else sample, options))
    run = _Run(whole, images, more, goal, None if labels is None else labels[0], judge, told)
    run.steps.append(Judged(pruner.state.step, judge.right(whole)))
    first = pruner.state.step.cost.cycles
    limit = None if goal.cycles is None else goal.cycles * first
    told("pruning", 0, 100)
    while limit is None or pruner.state.step.cost.cycles > limit:
        state = pruner.advance(lambda done, total: told("looking at groups", done, total), limit)
        if state is None:
            break
        if not run.takes(state):
            break
        saved = first - state.step.cost.cycles
        told("pruning", saved if limit is not None else pruner.whole_channels - state.step.channels,
             int(first - limit) if limit is not None else pruner.whole_channels)
    return run.result(first, limit, len(held), labels is not None)


def _mixed(images: FloatArray, more: FloatArray) -> FloatArray:
    """What the search looks at: two thirds of it `images`, varied where they are few, the rest others, in any order."""
    random, count = np.random.default_rng(0), MOST_IMAGES * 2 // 3
    own = images[:count]
    filled = varied(own[random.integers(len(own), size=count - len(own))], random)[0]
    both = np.concatenate([own, filled, more[: MOST_IMAGES - count]])
    return np.asarray(both[random.permutation(len(both))])


class _Run:
    """The states a search went through, and the best one of them."""

    def __init__(
        self, whole: FloatModel, images: FloatArray, more: FloatArray | None, goal: Goal, labels: np.ndarray | None,
        judge: Judge, told: Told,
    ) -> None:  # fmt: skip
        self.whole, self.images, self.more, self.labels = whole, images, more, labels
        self.goal, self.judge, self.told = goal, judge, told
        self.steps: list[Judged] = []
        self.best: FloatModel = whole
        self.tuned = False

    def takes(self, state: State) -> bool:
        """Whether a new state keeps to the points that may be lost; fine-tuning helps it where that was asked for."""
        right, tuned = self.judge.right(state.model), False
        if self._lost(right) and self.goal.finetune:
            state.model = self._tune(state.model)  # the search goes on from here
            right, tuned = self.judge.right(state.model), True
        if self._lost(right):
            return False
        self.steps.append(Judged(state.step, right, tuned))
        self.best, self.tuned = state.model, tuned
        return True

    def result(self, first: int, limit: float | None, held: int, labelled: bool) -> Pruned:
        """UserError if the goal is not reached."""
        last = self.steps[-1]
        came = f"{last.step.cost.cycles / first:.3f} of {first:,} cycles"
        if limit is not None and last.step.cost.cycles > limit and self.goal.drop is None:
            raise UserError(f"--target-cycles {self.goal.cycles:g} cannot be met: nothing more can go at {came}")
        if len(self.steps) == 1:
            why = "the first step loses more" if self.goal.drop is not None else "no channels save any"
            raise UserError(f"nothing could be pruned within {self.goal.drop or 0:g} points: {why}, it stays at {came}")
        if limit is not None and last.step.cost.cycles > limit:
            raise UserError(
                f"--target-cycles {self.goal.cycles:g} cannot be met within {self.goal.drop:g} points: it is {came}"
            )
        if self.goal.finetune and not self.tuned:
            self._finish(last)
        return Pruned(self.best, self.steps, held, labelled)

    def _finish(self, last: Judged) -> None:
        """Fine-tune the last model, and keep that if it is better."""
        model = self._tune(self.best)
        right = self.judge.right(model)
        if right is None or last.right is None or right >= last.right:
            self.best = model
            self.steps.append(Judged(replace(last.step, group="", lost=0), right, True))

    def _lost(self, right: float | None) -> bool:
        first = self.steps[0].right
        if self.goal.drop is None or right is None or first is None:
            return False
        return 100 * (first - right) > self.goal.drop + 1e-9

    def _tune(self, model: FloatModel) -> FloatModel:
        return fine_tune(
            model, self.whole, self.images, self.goal.finetune, self.goal.seed, self.labels,
            lambda done, total: self.told("fine-tuning", done, total), self.more,
        )  # fmt: skip

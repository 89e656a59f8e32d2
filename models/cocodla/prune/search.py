"""The search: what goes next is what costs least accuracy for the cycles it saves, by measurement of both.

The accelerator works in atoms of 8 channels and groups of 8 kernels, so channels go in such numbers that what is left
of a group fills atoms. For each group the criterion picks the channels, the layers that read them are fitted anew, the
error at the model's end is measured, and the latency model says what it saves; the least error for a cycle goes. What
was found for other groups holds until they come first: then they are looked at again (it changes slowly).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cocodla import hw
from cocodla.compiler.ir import FloatArray
from cocodla.errors import UserError
from cocodla.prune.correct import CHECKED, checked, refit
from cocodla.prune.cost import Cost, CostModel
from cocodla.prune.criterion import least, reading_of
from cocodla.prune.floats import FloatModel
from cocodla.prune.groups import Group, Structure, structure_of, without

Progress = Callable[[int, int], None]
MEMORY = 1 << 29
"""Bytes of all tensors of all images that are looked at together."""
MOST_IMAGES = 480
"""Images the search looks at; fine-tuning and accuracy take all there are."""
FEW = hw.ATOM // 2
"""Channels of which two kernel columns share an atom."""


@dataclass(frozen=True)
class Step:
    """A state of the search. group, lost: what went last. error: mean square error at the model's end, in shares of its
    variance, on calibration images that weights are not fitted to. channels: left in all groups.
    """

    group: str
    lost: int
    channels: int
    error: float
    cost: Cost


@dataclass
class State:
    """A model that has lost the units `gone`. values: its tensors for the calibration data, {} for a mere proposal."""

    model: FloatModel
    gone: frozenset[int]
    values: dict[str, np.ndarray]
    step: Step


class Pruner:
    """A model that loses channels step by step."""

    def __init__(self, model: FloatModel, images: FloatArray, costs: CostModel) -> None:
        """images: calibration data (N, *input shape) as the model takes them. UserError if nothing can go."""
        self.whole, self.costs = model, costs
        self.structure: Structure = structure_of(model)
        self.groups = [group for group in self.structure.groups if len(group.units) > FEW]
        if not self.groups:
            raise UserError(
                f"nothing to prune: no layer has more than {FEW} output channels that only layers with weights read"
            )
        size = 4 * sum(int(np.prod(shape)) for shape in model.shapes.values())
        self.images = images[: min(MOST_IMAGES, max(CHECKED, MEMORY // size))]
        self.wanted = model.run(self.images)
        channels = sum(len(group.units) for group in self.groups)
        self.whole_channels = channels
        self.state = State(model, frozenset(), self.wanted, Step("", 0, channels, 0.0, costs.of(model)))
        self._queue: list[tuple[float, int, int]] = []  # score, group, number of the step it was found in
        self._steps, self._begun = 0, False
        self._found: dict[int, State] = {}
        self._cycles: dict[int, int] = {}  # before what was found

    def error(self, values: dict[str, np.ndarray]) -> float:
        """Mean square error at the model's ends, in shares of the variance there, largest of them; of images that
        weights are not fitted to.
        """
        found, others = [], checked(len(self.images))
        for name in self.whole.ends:
            wanted = self.wanted[name][others].astype(np.float64)
            spread = np.square(wanted - wanted.mean(0)).mean()
            found.append(float(np.square(values[name][others] - wanted).mean() / max(spread, 1e-12)))
        return max(found)

    def advance(self, progress: Progress | None = None, limit: float | None = None) -> State | None:
        """Lose the channels that cost least for what they save; None if nothing that is left saves any cycles.

        limit: cycles that are to be reached. The last step takes what costs least of all that get there.
        """
        if not self._begun:
            self._begun = True
            for number in range(len(self.groups)):
                self._judge(number)
                if progress:
                    progress(number + 1, len(self.groups))
        while self._queue:
            _, number, when = heapq.heappop(self._queue)
            if when != self._steps:
                self._judge(number)
                continue
            self._accept(self._last(number, limit))
            return self.state
        return None

    def _last(self, number: int, limit: float | None) -> int:
        """The group that goes in place of `number`, where that ends the search: others may cost less, and suffice."""
        if limit is None or self._found[number].step.cost.cycles > limit:
            return number
        needed = self.state.step.cost.cycles - limit
        queue, self._queue = self._queue, [(0.0, number, self._steps)]
        for score, other, when in queue:
            if when != self._steps and self._saved(other) >= needed:
                self._judge(other)
            else:
                self._queue.append((score, other, when))
        heapq.heapify(self._queue)
        fit = [other for _, other, when in self._queue
               if when == self._steps and self._found[other].step.cost.cycles <= limit]  # fmt: skip
        chosen = min(fit, key=lambda other: self._found[other].step.error)
        self._queue = [entry for entry in self._queue if entry[1] != chosen]
        heapq.heapify(self._queue)
        return chosen

    def _saved(self, number: int) -> int:
        """Cycles that what a group may lose would save, as it was when it was looked at last."""
        cost = self._found[number].step.cost.cycles
        return self._cycles[number] - cost

    def _judge(self, number: int) -> None:
        """Try what a group could lose now, and queue it by its error for a saved cycle."""
        state = self._proposal(self.groups[number])
        if state is None:
            return
        saved = self.state.step.cost.cycles - state.step.cost.cycles
        lost = max(state.step.error - self.state.step.error, 1e-9)
        if saved > 0:
            self._found[number], self._cycles[number] = state, self.state.step.cost.cycles
            heapq.heappush(self._queue, (lost / saved, number, self._steps))

    def _proposal(self, group: Group) -> State | None:
        """The model without the channels of a group that matter least; None if it has none to lose."""
        state, left = self.state, [unit for unit in group.units if unit not in self.state.gone]
        for count in _losses(len(left)):
            readings = [
                reading_of(reader, state.gone, state.values[reader.tensor], state.model.constants[reader.weight])
                for reader in self.structure.readers if np.isin(reader.units, left).any()
            ]  # fmt: skip
            lost = least(left, readings, count)
            gone = state.gone | frozenset(lost)
            model = without(state.model, self.structure, gone, state.gone)
            cost = self.costs.of(model)
            if cost.cycles >= state.step.cost.cycles:
                continue  # more must go before anything is saved
            only = frozenset(reader.output for reader in self.structure.readers if np.isin(reader.units, lost).any())
            values = refit(model, self.structure, gone, self.images, self.wanted, only)
            step = Step(group.name, count, state.step.channels - count, self.error(values), cost)
            return State(model, gone, {}, step)
        return None

    def _accept(self, number: int) -> None:
        """The proposal of a group becomes the state; every layer behind is fitted to what it leaves."""
        state = self._found.pop(number)
        values = refit(state.model, self.structure, state.gone, self.images, self.wanted)
        self.state = State(state.model, state.gone, values, replace(state.step, error=self.error(values)))
        self._steps += 1
        heapq.heappush(self._queue, (0.0, number, -1))  # to be judged anew


def _losses(left: int) -> list[int]:
    """How many of so many channels may go at once: down to whole atoms, then to half of one."""
    targets = [whole for whole in range((left - 1) // hw.ATOM * hw.ATOM, 0, -hw.ATOM)][:2]
    if left <= 2 * hw.ATOM and left > FEW:
        targets.append(FEW)
    return [left - target for target in targets]

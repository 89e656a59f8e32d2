"""The graph passes, in order, and the check that follows each of them.

A pass takes a Graph and edits it in place; it must not change what the graph computes. After every pass the float
reference is compared with the original model in onnxruntime, so a wrong pass is named at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from cocodla.compiler import reference
from cocodla.compiler.ir import FloatArray, Graph
from cocodla.compiler.passes import (
    averages,
    clips,
    fold,
    fuse,
    move,
    official,
    pads,
    pins,
    place,
    pools,
    reshape,
    taps,
    transposed,
    wide,
)
from cocodla.errors import Fault, UserError

Pass = Callable[[Graph], None]

PASSES: tuple[Pass, ...] = (
    official.slopes_of_channels,
    pins.spread_codes,
    clips.limits_of_codes,
    pins.spread_codes,
    pins.separate_codes,
    pads.of_values,
    move.picks_behind_scales,
    fold.scales_before_activations,
    fold.affine_chains,
    fold.affine_into_input,
    fold.affine_into_layer_before,
    fold.affine_into_layer_behind,
    fold.pads_into_convolutions,
    reshape.reshape_of_input,
    reshape.sink_reshapes,
    reshape.reshape_chains,
    reshape.reshape_of_output,
    reshape.reshape_into_host,
    reshape.dense_to_convolution,
    pools.lone_windows,
    averages.averages_into_layers_behind,
    averages.averages,
    pools.large_maxima,
    transposed.activations,
    transposed.to_convolutions,
    taps.without_empty_taps,
    taps.taps_to_channels,
    reshape.merge_groups,
    wide.weights_to_parts,
    move.activations_before_moves,
    fuse.activation_before_max_pool,
    fuse.activations,
    move.picks_into_layer_before,
    move.picks_of_one_layer,
    move.picks_into_layer_behind,
    place.unaligned_slices,
    place.unaligned_concats,
    fuse.orphans_to_layers,
    fuse.sums,
    fuse.pooling,
    place.split_reductions,
    official.outputs_apart,
    official.factors_without_zeros,
    place.copies_for_concats,
    fuse.orphans_to_layers,
    pins.spread_codes,
)

TOLERANCE = 2e-4
"""Largest difference to the original, in parts of an output's largest magnitude (float32 rounding stays below)."""
ROUNDING = 32 * 2.0**-24
"""The same in parts of the largest value of all tensors: an output may be the small difference of large ones."""
NOISE = 2.0**-20
"""Noise that is put on inputs, in parts of their largest value, to see how a network amplifies roundings."""
DRAWS = 4


class PassError(Fault):
    """A pass changed what the graph computes: a fault of the compiler, not of its user."""


class Verifier:
    """Compares a graph with the outputs of the original model for some images.

    images: model inputs (batch, *shape). original: the original model, images -> output tensor -> values (batch, ...).
    """

    def __init__(self, images: FloatArray, original: Callable[[FloatArray], Mapping[str, FloatArray]]) -> None:
        self.images, self.original = images, original
        self.expected = original(images)
        self.checked: list[Any] = []

    @cached_property
    def noise(self) -> dict[str, float]:
        """How far each output moves when inputs move by a few roundings: more than what the arithmetic itself leaves.

        Looked at only where the fixed bounds do not explain a difference: most networks amplify nothing.
        """
        random, step = np.random.default_rng(0), NOISE * float(np.abs(self.images).max())
        moved = dict.fromkeys(self.expected, 0.0)
        for _ in range(DRAWS):
            drawn = random.choice([-step, step], self.images.shape)
            for tensor, value in self.original((self.images + drawn).astype(np.float32)).items():
                if value.shape == self.expected[tensor].shape:
                    difference = np.nan_to_num(np.abs(value - self.expected[tensor]), nan=0.0, posinf=0.0)
                    moved[tensor] = max(moved[tensor], float(difference.max(initial=0.0)))
        return moved

    def check(self, graph: Graph, name: str) -> None:
        """Raise PassError if `graph`, as pass `name` left it, is malformed or computes something else.

        Most passes find nothing to do: a graph that is what it was at the last check is right.
        """
        state = _state(graph)
        if len(state) == len(self.checked) and all(map(_same, state, self.checked)):
            return
        known = {graph.input}
        for node in graph.nodes:
            if not known.issuperset(node.inputs) or node.output not in graph.shapes:
                raise PassError(f"pass {name}: {node.name} reads {node.inputs}, known are {sorted(known)}")
            if node.output in known:
                raise PassError(f"pass {name}: {node.name} makes {node.output}, which another node has made")
            known.add(node.output)
        results, peak = {}, 0.0
        for tensor, value in _walked(graph, self.images, name):
            if value.shape[1:] != graph.shapes.get(tensor, value.shape[1:]):
                raise PassError(f"pass {name}: {tensor} has shape {value.shape[1:]}, not {graph.shapes[tensor]}")
            if tensor in graph.outputs:
                results[tensor] = value
            peak = max(peak, float(np.abs(value).max()))
        for tensor, wanted in self.expected.items():
            if not np.isfinite(wanted).all():
                continue  # calibration tells where that comes from
            got = results[tensor]
            if got.size != wanted.size:
                raise UserError(
                    f"output {tensor!r} has shape {got.shape[1:]} by the rules of ONNX, "
                    f"the installed onnxruntime makes {wanted.shape[1:]} of it (pass {name})"
                )
            error = float(np.abs(got.reshape(wanted.shape) - wanted).max())
            limit = max(TOLERANCE * max(float(np.abs(wanted).max()), 1e-6), ROUNDING * peak)
            if not error <= limit and not error <= (limit := max(limit, self.noise[tensor])):
                raise PassError(f"pass {name}: output {tensor} changed by {error:.3g}, allowed are {limit:.3g}")
        self.checked = state


def _walked(graph: Graph, images: FloatArray, name: str) -> Iterator[tuple[str, FloatArray]]:
    """The graph's tensors. PassError for shapes that do not fit."""
    try:
        yield from reference.walk(graph, images)
    except ValueError as error:  # numpy's, of arrays that do not go together
        raise PassError(f"pass {name}: {error}") from error


def _state(graph: Graph) -> list[Any]:
    """Everything that a graph's values depend on, in order; arrays themselves, as passes make new ones."""
    state: list[Any] = [graph.input, *graph.outputs, *graph.shapes.items()]
    if graph.input_map is not None:
        state += [graph.input_map.scale, graph.input_map.shift]
    for node in graph.nodes:
        state.append(type(node))
        state += (list(value) if isinstance(value, list) else value for value in vars(node).values())
    return state


def _same(one: Any, other: Any) -> bool:
    return one is other or (not (isinstance(one, np.ndarray) or isinstance(other, np.ndarray)) and one == other)


def run_passes(graph: Graph, verifier: Verifier | None) -> None:
    """Run all passes; with a verifier check the graph as imported and after each pass."""
    if verifier is not None:
        reference.check_numbers(graph, verifier.images)
        verifier.check(graph, "import")
    for step in PASSES:
        step(graph)
        if verifier is not None:
            verifier.check(graph, f"{step.__module__.rpartition('.')[2]}.{step.__name__}")

"""Layer by layer: golden model against the integer oracle, and against float within what codes and weights imply."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cocodla.compiler import reference
from cocodla.compiler.ir import Conv, FloatArray, Host, Lrn, Node, Quantisation
from cocodla.compiler.quantisation.ideal import ideal_codes
from cocodla.compiler.quantisation.layers import QuantisedConv, QuantisedView
from cocodla.compiler.quantisation.simulate import as_rounded
from cocodla.nets import oracle
from cocodla.runtime.accuracy import model_inputs
from cocodla.runtime.quality import Study, all_codes

STEPS = 1.5
"""Codes by which an output may be off the exact result of its inputs and weights: rounding, and one more."""
LRN_STEPS = 3.0
"""The same for normalisation, whose function is a table."""
ALONE, TOGETHER = 0.51, 16.0
"""Codes by which a weight may be off its float value if it is rounded on its own, or with the others of its kernel."""
SLOPE = 2.0**-8
"""Error of a slope below zero, as part of itself."""


def layer_fault(study: Study, images: np.ndarray, correction: np.ndarray | None = None) -> str | None:
    """The first layer that is wrong, in words; None if none is. images: (batch, *input shape).

    correction: the images on which the mean error of rounded weights was taken out of the biases, if it was.
    """
    means: dict[str, FloatArray] = {}
    if correction is not None:
        values = reference.walk(study.graph, model_inputs(study.network, correction))
        means = {name: np.abs(value.mean(0, dtype=np.float64)) for name, value in values}
    codes = all_codes(study, images)
    fault = _input_fault(study, images, codes[study.graph.input])
    if fault:
        return f"input: {fault}"
    given = [study.graph.input, *(node.output for node in study.graph.nodes if isinstance(node, Host))]
    expected = oracle.run(study.quantised, codes[study.graph.input], {name: codes[name] for name in given})
    for node in study.graph.nodes:
        got = codes[node.output]
        fault = None
        if not np.array_equal(got, expected[node.output]):
            fault = f"{_first(got, expected[node.output])}, says the integer oracle"
        elif not isinstance(node, Host):
            fault = _against_ideal(study, node, codes) or _against_float(study, node, codes, means)
        if fault:
            return f"{node.name}: {fault}"
    return None


def rounded_outputs(study: Study, images: np.ndarray) -> dict[str, FloatArray]:
    """Outputs of the float network with every tensor and weight rounded to its codes: what the scales alone cost."""
    network, graph, meanings = study.network, study.graph, study.quantised.tensors
    layers = {layer.target: layer for layer in study.quantised.layers}
    reader = next(node for node in graph.nodes if graph.input in node.inputs)
    values = {graph.input: _real(study, graph.input, reader, {graph.input: network.input_codes(images)})}
    unrounded = next(iter(reference.walk(graph, model_inputs(network, images))))[1]
    for original in graph.nodes:
        node = as_rounded(original, graph, study.quantised, layers.get(original.output))
        inputs = [values[name] for name in node.inputs]
        if isinstance(node, Host):
            whole = {} if graph.input in graph.pins else {graph.input: unrounded}
            inputs = [whole.get(name, values[name]).astype(np.float32) for name in node.inputs]
        meaning = meanings[node.output]
        value = _as_coded(node, inputs, meaning).reshape(-1, *graph.shapes[node.output])
        values[node.output] = meaning.dequantise(meaning.quantise(value))
    return network.finish({name: meanings[name].quantise(values[name]) for name in network.fetched}, images)


def _first(got: np.ndarray, wanted: np.ndarray) -> str:
    """The first difference in words."""
    place = tuple(int(index) for index in np.argwhere(got != wanted)[0])
    return f"code {got[place]} at (image, channel, row, column) {place} instead of {wanted[place]}"


def _input_fault(study: Study, images: np.ndarray, codes: np.ndarray) -> str | None:
    """Codes of a quantised input that are not the nearest to its values (ties either way)."""
    meaning = study.quantised.tensors.get(study.graph.input)
    if meaning is None:
        return None
    values = next(iter(reference.walk(study.graph, model_inputs(study.network, images))))[1].astype(np.float64)
    wrong = np.abs(codes - np.clip(values / meaning.scale + meaning.zero, -128, 127)) > 0.5 + 1e-3
    return _first(codes, np.where(wrong, meaning.quantise(values), codes)) if wrong.any() else None


def _against_ideal(study: Study, node: Node, codes: dict[str, np.ndarray]) -> str | None:
    """Outputs more than one code from the exact result of the int8 inputs and weights, rounded once."""
    layer = study.layer(node.output)
    if isinstance(layer, QuantisedView) or isinstance(node, Lrn):
        return None
    got = codes[node.output]
    ideal = ideal_codes(layer, [codes[name] for name in layer.sources], study.quantised.tensors).astype(np.int16)
    far = np.abs(ideal - got) > 1
    return f"{_first(got, np.where(far, ideal, got))}, says ideal rounding" if far.any() else None


def _against_float(
    study: Study, node: Node, codes: dict[str, np.ndarray], means: dict[str, FloatArray]
) -> str | None:
    """Outputs further from the float layer, given the same inputs, than rounded weights and codes explain.

    means: of tensors, where errors of such inputs are out of the biases.
    """
    meaning = study.quantised.tensors[node.output]
    inputs = [_real(study, name, node, codes) for name in node.inputs]
    shape = codes[node.output].shape
    wanted = _as_coded(node, inputs, meaning).reshape(shape)
    steps = LRN_STEPS if isinstance(node, Lrn) else STEPS
    if isinstance(node, Conv) and node.pool is not None:  # rounded on its way to the pooling, too
        steps += 1
    allowed = _weight_error(study, node, inputs[0], means.get(node.inputs[0])) + meaning.scale * steps
    excess = np.abs(meaning.dequantise(codes[node.output]) - wanted) - allowed - 1e-5 * np.abs(wanted)
    if not (excess > 0).any():
        return None
    place = tuple(int(index) for index in np.unravel_index(int(excess.argmax()), shape))
    got = float(meaning.dequantise(codes[node.output])[place])
    where = f"(image, channel, row, column) {place}"
    return f"{got:.6g} at {where}, in float {wanted[place]:.6g} (a code is {meaning.scale:.3g})"


def _real(study: Study, name: str, node: Node, codes: dict[str, np.ndarray]) -> FloatArray:
    """Values of an input: what its codes mean, or what the converter makes of pixels."""
    meaning = study.quantised.tensors.get(name)
    if meaning is not None:
        return meaning.dequantise(codes[name]).astype(np.float64)
    layer = study.layer(node.output)
    assert isinstance(layer, QuantisedConv) and layer.conversion is not None
    step, zero = (np.asarray(value)[:, None, None] for value in (layer.conversion.step, layer.conversion.zero))
    return step * (layer.conversion.convert(codes[name]) - zero)


def _as_coded(node: Node, inputs: list[FloatArray], meaning: Quantisation) -> FloatArray:
    """Output of a float layer as far as its codes go; on its way to a pooling a value is clipped already."""
    if isinstance(node, Conv) and node.pool is not None:
        return reference.pool(meaning.limited(reference.evaluate(replace(node, pool=None), *inputs)), node.pool)
    return meaning.limited(reference.evaluate(node, *inputs).astype(np.float64))


def _weight_error(study: Study, node: Node, x: FloatArray, mean: FloatArray | None) -> FloatArray | float:
    """Largest error that rounded weights, slopes and padding can make, for each output; mean: see `_against_float`."""
    layer = study.layer(node.output)
    if not isinstance(node, Conv) or not isinstance(layer, QuantisedConv):
        return 0.0
    rounded = as_rounded(node, study.graph, study.quantised, layer)
    assert isinstance(rounded, Conv)
    codes = np.abs(layer.weight.astype(np.float64))
    step = np.abs(rounded.weight).reshape(len(codes), -1).max(1) / np.maximum(codes.reshape(len(codes), -1).max(1), 1)
    most = TOGETHER if study.settings["adaptive_rounding"] else ALONE
    half = np.minimum(np.abs(node.weight - rounded.weight), most * step[:, None, None, None])
    error = reference.convolve(np.abs(x), half, node)
    if mean is not None:
        error = error + reference.convolve(mean[None], half, node).mean((0, 2, 3))[:, None, None]
    if layer.conversion is not None:  # padding is a code, too
        wrong = float(np.abs(layer.conversion.step * (layer.conversion.pad_value - layer.conversion.zero)).max())
        error = error + reference.convolve(np.zeros_like(x), np.abs(node.weight), node, wrong)
    if node.activation is not None and not node.activation.zero_below:
        slopes = np.abs(node.activation.slopes or (node.activation.alpha,))
        error = error * max(1.0, float(slopes.max()))
        sums = reference.convolve(np.abs(x), np.abs(node.weight), node) + np.abs(node.bias)[:, None, None]
        error = error + SLOPE * float(slopes.max()) * sums
    if node.pool is None:
        return error
    return reference.pool(error, replace(node.pool, kind="max"))

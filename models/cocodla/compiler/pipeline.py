"""The compiler from end to end: one function, one line for each stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnx
from threadpoolctl import threadpool_limits

from cocodla.compiler import limits, original, reference
from cocodla.compiler.frontend import importer, partition, pixel_meaning
from cocodla.compiler.frontend.nodes import label_of
from cocodla.compiler.hardware import allocate, encode, schedule
from cocodla.compiler.hardware.chains import check_registers
from cocodla.compiler.hardware.layer import HardwareLayer
from cocodla.compiler.hardware.lower import lower
from cocodla.compiler.hardware.tensors import PIXEL_FORMATS
from cocodla.compiler.ir import MIDDLE, Conv, FloatArray, Graph, Host, Quantisation, Shape, came_from
from cocodla.compiler.network import Network
from cocodla.compiler.options import CompileOptions
from cocodla.compiler.parts import HostStep, InputSpec, Layer, OutputSpec
from cocodla.compiler.passes import Verifier, pads, run_passes
from cocodla.compiler.passes.averages import measure_averages
from cocodla.compiler.passes.still import fold_still
from cocodla.compiler.quantisation.calibration import Calibration, Samples, check_constants, samples_of
from cocodla.compiler.quantisation.costs import IMAGES as COST_IMAGES
from cocodla.compiler.quantisation.costs import layer_costs, warnings_of
from cocodla.compiler.quantisation.implied import implied_codes
from cocodla.compiler.quantisation.layers import QuantisedGraph
from cocodla.compiler.quantisation.pixels import Conversion, Parts, conversion, exact_conversion
from cocodla.compiler.quantisation.search import Progress, Quantised, Quantiser, Search, search
from cocodla.compiler.quantisation.settings import Settings
from cocodla.errors import UserError
from cocodla.formats.pixels import pixel_format

VERIFIED_IMAGES = 4
"""How many calibration images each pass is checked with, fewer where they are large."""
Result = TypeVar("Result")


@dataclass
class Compilation:
    """A compiled network, and what it was made of: the float graph after all passes, and its integer layers."""

    graph: Graph
    quantised: QuantisedGraph
    network: Network


def compile_model(
    path: Path | str,
    calibration: Calibration,
    options: CompileOptions | None = None,
    progress: Progress | None = None,
) -> Network:
    """Compile an ONNX model to an int8 network for the accelerator.

    calibration: sample inputs (batch, *input shape), uint8 pixels or floats as the model takes them; they are looked
    at in batches. A function gets the input's shape and returns them. Several inputs: by name, (batch, *shape) each; a
    function then gets names and shapes, too. progress: told of the trials that look for the best quantisation.
    UserError for a model, an option or data that cannot be used; the message names operator, node, constraint and
    value.
    """
    return compile_whole(path, calibration, options, progress).network


@np.errstate(over="ignore", invalid="ignore")  # infinite and NaN values are looked for, and named
@threadpool_limits.wrap(limits=1, user_api="blas")  # the matrices are small: more threads only wait for each other
def compile_whole(
    path: Path | str,
    calibration: Calibration,
    options: CompileOptions | None = None,
    progress: Progress | None = None,
) -> Compilation:
    """As `compile_model`, with the float graph and the integer layers: what accuracy studies look at."""
    options = options or CompileOptions()

    def work(imported: partition.Import) -> Compilation:
        return _compiled(imported, Path(path).stem, calibration, options, progress)

    return _placed(path, options, work)


def _placed(path: Path | str, options: CompileOptions, work: Callable[[partition.Import], Result]) -> Result:
    """Do something with an imported model; a node that turns out not to fit goes to the host, and all begins again."""
    (model, warnings), forced = importer.read_model(path), dict[str, str]()
    operators = {label_of(node): node.op_type for node in model.graph.node}
    while True:
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        try:
            imported = importer.import_model(copy, Path(path).stem, options, forced)
            imported.warnings[:0] = warnings
            alone = partition.idle(imported) or partition.islands(imported)
            if alone.keys() - forced.keys():
                forced |= alone
                continue
            return work(imported)
        except limits.Refused as refusal:
            names = [label for label in operators if came_from(refusal.node, label)]
            if not names:
                raise
            label = max(names, key=len)
            if options.strict or label in forced:
                raise UserError(f"{operators[label]} {label!r}: {refusal.reason}") from refusal
            forced[label] = refusal.reason


def _compiled(
    imported: partition.Import,
    name: str,
    calibration: Calibration | None,
    options: CompileOptions,
    progress: Progress | None,
) -> Compilation:
    graph, options = imported.graph, pixel_meaning.read(imported.model, options)
    graph.official = options.target == "official"
    input_shape = graph.shapes[graph.input]
    check_constants(graph)
    samples = samples_of(
        calibration, input_shape, options, graph.pins.get(graph.input), bool(graph.pins), imported.input_codes,
        imported.parts,
    )
    pads.settle(graph, samples)
    sample = samples.inputs(slice(max(2, reference.batch_size(graph, VERIFIED_IMAGES))))
    model_outputs = _outputs(imported, sample[:1])
    verifier = None
    if options.verify and not partition.rounds_on_host(imported):
        plain, left = partition.unquantised(imported), list(graph.outputs)
        verifier = Verifier(sample, lambda images: original.outputs_of(plain, left, images))
    fetched = {tensor: graph.shapes[tensor] for tensor in graph.outputs}
    host = partition.host_model(imported)
    if samples.measured:
        measure_averages(graph, sample)
        imported.warnings += fold_still(graph, samples, sample)
    run_passes(graph, verifier)
    if not samples.measured:
        graph.pins.update(implied_codes(graph))
    kept = {tensor for output in imported.outputs if (tensor := _fetched_as(output, imported, graph)) is not None}
    quantiser = Quantiser(graph, samples, _converter(graph, samples, options), host, kept)
    quantised, found = _quantised(quantiser, options, verifier, progress)
    graph = quantised.graph
    how, told = _described(quantiser, quantised, found)
    layers, tensors = lower(graph, quantised.layers)
    schedule.assign_banks(layers)
    memory = allocate.allocate(layers, tensors, graph.input, graph.outputs, options)
    outputs = [_output_spec(output, imported, graph, model_outputs[output].shape[1:]) for output in imported.outputs]
    network = Network(
        name=name,
        input=_input_spec(graph, input_shape, samples, imported.parts),
        outputs=outputs,
        layers=[layer_of_hardware(layer) for layer in layers],
        tensors=tensors,
        memory=memory.data,
        memory_base=memory.base,
        memory_end=memory.end,
        fetched=fetched,
        host=host.SerializeToString() if host is not None else b"",
        steps=[
            HostStep(node.output, tuple(node.inputs), tuple(node.feeds), node.model)
            for node in graph.nodes
            if isinstance(node, Host)
        ],
        meta={
            "changed": {name: [part.tolist() for part in pair] for name, pair in quantised.changes.items()},
            "quantisation": how,
            "host": [asdict(placement) for placement in imported.placements],
            "warnings": [*imported.warnings, *told],
        },
    )
    check_registers(network, layers)
    return Compilation(graph, quantised.layers, network)


def _outputs(imported: partition.Import, image: FloatArray) -> dict[str, FloatArray]:
    """The model's outputs for one image. UserError if it cannot be run, or mixes images of a batch."""
    written = imported.batch
    told = f"the model has a batch of {written.size} written into it, here images run one by one"
    try:
        values = original.outputs_of(imported.model, imported.outputs, image)
    except UserError as error:
        if written.size < 2:
            raise
        raise UserError(f"{told}: {error}") from error
    for name, rank in written.outputs.items():
        if values[name].ndim != rank:  # stacked: the first axis is no batch any more
            raise UserError(f"{told}: output {name!r} has shape {values[name].shape[1:]} for one image")
    return values


def _quantised(
    quantiser: Quantiser, options: CompileOptions, verifier: Verifier | None, progress: Progress | None
) -> tuple[Quantised, Search]:
    """Integer layers of an optimised graph, and how they were chosen.

    UserError for a layer the hardware cannot do.
    """
    graph, measured = quantiser.graph, quantiser.samples.measured
    for node in graph.nodes:
        limits.check(node, graph.shapes[node.inputs[0]])
    if not measured and (options.equalise or options.bias_correction or options.adaptive_rounding):
        raise UserError("no calibration data: equalise, bias_correction, adaptive_rounding follow from sample inputs")
    # what the hardware cannot do at all is found before time goes into trials
    start = Settings.of(replace(options, adaptive_rounding=False), graph, measured)
    lower(graph, quantiser.quantised(start).layers)
    found = search(quantiser, options, progress)
    result = quantiser.quantised(found.settings)
    if result.changes and verifier is not None:
        verifier.check(result.graph, "equalise")
    return result, found


def _described(quantiser: Quantiser, quantised: Quantised, search: Search) -> tuple[dict[str, Any], list[str]]:
    """How the network is quantised and what that costs, as plain values; what the user should know of it."""
    costs, told, samples = [], list[str](), quantiser.samples
    if samples.measured:
        images = samples.spread(reference.batch_size(quantised.graph, COST_IMAGES))
        costs = layer_costs(quantised.graph, quantised.layers, images, quantiser.kept)
        told = warnings_of(quantised.graph, quantised.layers, quantised.statistics, costs, search.error)
        told += [
            f"{quantiser.graph.where(tensor)} never varies on the calibration data: its codes hold that value only"
            for tensor in quantiser.plain()[1].still
        ]
        if samples.alike:
            many = f"{len(samples)} times the same image" if len(samples) > 1 else "a single image"
            told.insert(0, f"the calibration data are {many}: other images may leave the ranges that follow from it")
    return {**search.described(), "layers": [asdict(cost) for cost in costs]}, told


def _converter(graph: Graph, samples: Samples, options: CompileOptions) -> Conversion | None:
    """CDMA's converter settings if the first layer can fetch the input as an image, else None."""
    readers = graph.consumers(graph.input)
    channels, *extent = graph.shapes[graph.input]
    mapped = samples.pixels.for_channels(channels)
    if not options.image_mode or len(readers) != 1 or channels not in PIXEL_FORMATS or mapped is None:
        return None
    if graph.official and pixel_format(PIXEL_FORMATS[channels]).planes > 1:
        return None  # its tensors have one plane
    node = readers[0]
    if not isinstance(node, Conv) or node.dilation != (1, 1) or node.group > 1 or graph.input in node.inputs[1:]:
        return None
    pin = graph.pins.get(graph.input)
    if pin is None and options.pixel_scale is None and not samples.measured:
        return None  # nobody has told what a pixel means
    if pin is not None:
        found = exact_conversion(mapped, graph.input_map, pin)
        # real inputs that are no pixels would be rounded twice: to the nearest byte, and to the nearest code
        guessed = options.pixel_scale is None and samples.measured and samples.images.dtype != np.uint8
        return None if found is None or (guessed and found.scale != 1) else found
    padded = node.padded or any(node.reach(axis) > extent[axis] for axis in (0, 1))
    return conversion(mapped, graph.input_map, padded)


def _input_spec(graph: Graph, shape: Shape, samples: Samples, parts: Parts) -> InputSpec:
    pixels, codes = samples.pixels, samples.codes
    meaning = codes.meaning if codes else Quantisation(1.0)
    scale, shift = (None, None)
    if graph.input_map is not None:
        scale, shift = tuple(map(float, graph.input_map.scale)), tuple(map(float, graph.input_map.shift))
    return InputSpec(
        graph.input, shape, tuple(map(float, pixels.scale)), tuple(map(float, pixels.offset)), scale, shift,
        rounded=graph.input in graph.pins, codes=codes.kind if codes else None, code_scale=meaning.scale,
        code_zero=meaning.zero, parts=parts,
    )  # fmt: skip


def _output_spec(output: str, imported: partition.Import, graph: Graph, shape: Shape) -> OutputSpec:
    tensor, codes = _fetched_as(output, imported, graph), imported.coded.get(output)
    if codes is None or tensor is None:
        return OutputSpec(output, tensor, shape)
    moved = codes.meaning.zero - graph.pins[tensor].zero
    return OutputSpec(output, tensor, shape, codes.kind, moved + MIDDLE[codes.kind])


def _fetched_as(output: str, imported: partition.Import, graph: Graph) -> str | None:
    tensor = imported.aliases.get(output, output)
    return tensor if tensor in graph.outputs else None


def layer_of_hardware(layer: HardwareLayer) -> Layer:
    """A layer with addresses and banks as networks hold it: registers, and what it touches."""
    shared, tables = encode.shared_registers(layer)
    return Layer(
        name=layer.name,
        operation=layer.operation,
        input_shape=layer.source.shape,
        output_shape=layer.target.shape,
        sources=tuple(source.name for source in layer.sources),
        target=layer.target.name,
        units=layer.units,
        registers=encode.encode(layer),
        address_registers=encode.address_registers(layer),
        macs=layer.macs,
        mac_cycles=layer.mac_cycles,
        read_beats=layer.read_beats,
        write_beats=layer.write_beats,
        reads=tuple((source.memory, source.box) for source in layer.sources),
        writes=((layer.target.memory, layer.target.box),),
        completes=layer.completes,
        readers=layer.readers,
        stage=layer.stage,
        shared=shared,
        tables=tables,
    )

"""A compiled network: everything needed to run it, and its file format.

The file is a zip of network.json (layers with their register words, tensors, meaning of input and outputs),
memory.bin (constants) and host.onnx (the part that runs on the host, if any). The same network gives the same bytes.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cocodla.compiler.ir import FloatArray, Quantisation, Shape
from cocodla.compiler.pixels import PixelMap, check_images
from cocodla.compiler.tensors import Box, Tensor, from_json, to_json
from cocodla.errors import UserError
from cocodla.files import write_whole
from cocodla.formats import bytes_to_tensor, tensor_to_bytes
from cocodla.formats.pixels import image_to_planes
from cocodla.registers import MAP

if TYPE_CHECKING:
    from cocodla.program.execution import Execution
    from cocodla.program.program import Program

Execute = Callable[[int, Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
"""Runs a stage on loaded tensors: (stage, name -> bytes (count, size)) -> name -> bytes (count, size)."""
FORMAT = 3
MEMBERS = ("network.json", "memory.bin", "host.onnx")


@dataclass(frozen=True)
class InputSpec:
    """What the network takes: (batch, *shape) of uint8 pixels, or of floats as the original model takes them.

    pixels: how a pixel byte becomes a model input. map_scale, map_shift: preprocessing folded out of the model; a
    cube input is quantised after it on the host, a pixel input has it in the first layer. rounded: the model itself
    rounds its input, so that host operators see what is left of it too.
    """

    tensor: str
    shape: Shape
    pixel_scale: tuple[float, ...]
    pixel_offset: tuple[float, ...]
    map_scale: tuple[float, ...] | None = None
    map_shift: tuple[float, ...] | None = None
    rounded: bool = False

    @property
    def pixels(self) -> PixelMap:
        return PixelMap(np.array(self.pixel_scale), np.array(self.pixel_offset))


@dataclass(frozen=True)
class OutputSpec:
    """One output of the model. tensor: the accelerator's tensor it is, or None if the host computes it."""

    name: str
    tensor: str | None
    shape: Shape


@dataclass(frozen=True)
class HostStep:
    """A tensor that the host makes in the middle of the network.

    sources: tensors of the accelerator or the network's input, as `model` (ONNX, batch 1) names and shapes them in
    `feeds`, without batch.
    """

    output: str
    sources: tuple[str, ...]
    feeds: tuple[tuple[str, Shape], ...]
    model: bytes


@dataclass
class Layer:
    """One hardware layer.

    units: in the order of enabling; the last `readers` of them read its inputs. registers: path -> word, for
    the first image in flight. address_registers: those that hold an address of a tensor -> (tensor, offset in it).
    macs: useful multiplications; mac_cycles, read_beats, write_beats: lower bounds of its cycles. reads, writes: the
    parts of tensors in memory it touches. completes: tensors that are whole behind it. stage: host steps before it.
    shared: path -> word of registers that both groups share; tables: contents of CDP's look-up tables. They may change
    only while the unit is idle.
    """

    name: str
    operation: str
    input_shape: Shape
    output_shape: Shape
    sources: tuple[str, ...]
    target: str
    units: tuple[str, ...]
    registers: dict[str, int]
    address_registers: dict[str, tuple[str, int]]
    macs: int
    mac_cycles: int
    read_beats: int
    write_beats: int
    reads: tuple[tuple[str, Box], ...] = ()
    writes: tuple[tuple[str, Box], ...] = ()
    completes: tuple[str, ...] = ()
    readers: int = 1
    stage: int = 0
    shared: dict[str, int] = field(default_factory=dict)
    tables: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def bound(self) -> int:
        """Fewest cycles it can take on the accelerator."""
        return max(self.mac_cycles, self.read_beats, self.write_beats)


@dataclass
class Network:
    """A compiled network.

    tensors: by name, with addresses. memory: constants, loaded once at memory_base; memory_end: end of all memory
    used. host: the ONNX model of the host's part, fed by the tensors of `fetched`. steps: what the host does between
    the stages of the accelerator.
    """

    name: str
    input: InputSpec
    outputs: list[OutputSpec]
    layers: list[Layer]
    tensors: dict[str, Tensor]
    memory: bytes
    memory_base: int
    memory_end: int
    fetched: dict[str, Shape]
    host: bytes = b""
    steps: list[HostStep] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def images_in_flight(self) -> int:
        """How many images the network works on at the same time."""
        return len(self.tensors[self.input.tensor].addresses)

    @property
    def bound(self) -> int:
        """Fewest cycles an image can take, layer after layer (two images in flight may share them)."""
        return sum(layer.bound for layer in self.layers)

    # -- running -----------------------------------------------------------------------------

    def program(self, images: np.ndarray) -> Program:
        """Register program for `images` (batch, *input shape): every tensor is read back after its layer.

        uint8 images are pixels, float ones are inputs of the original model. UserError for a wrong shape, and for a
        network that needs the host in between (`programs` or `run` do that).
        """
        from cocodla.compiler.emit import emit

        if self.steps:
            raise UserError(f"the host runs in the middle of {self.name}: it needs {self.stages} programs, not one")
        return emit(self, self.input_bytes(images))

    def programs(self, images: np.ndarray) -> list[Program]:
        """The programs of all stages; what the later ones load is computed with the golden model."""
        from cocodla.compiler.emit import emit

        made: list[Program] = []

        def execute(stage: int, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            made.append(emit(self, feeds, stage=stage))
            return self.golden_stage(stage, feeds)

        self.run(images, execute)
        return made

    def run(self, images: np.ndarray, execute: Execute) -> dict[str, FloatArray]:
        """All outputs of the model by name, (count, *shape) each, stage by stage with the host in between.

        execute: runs a stage; gets the bytes (count, size) it has to load by tensor name, and returns those of
        (at least) the tensors in `kept(stage)`.
        """
        images = check_images(images, self.input.shape, "images")
        memory = {self.input.tensor: self.input_bytes(images)}
        for stage in range(self.stages):
            for step in self.steps:
                if step.output not in memory and memory.keys() >= set(step.sources):
                    memory[step.output] = self._host_step(step, images, memory)
            found = execute(stage, {name: memory[name] for name in self.feeds(stage)})
            memory.update({name: found[name] for name in self.kept(stage)})
        return self.finish({name: bytes_to_tensor(memory[name], self.tensors[name].layout) for name in self.fetched})

    @property
    def stages(self) -> int:
        """How many times the accelerator runs."""
        return 1 + max(layer.stage for layer in self.layers)

    @property
    def host_runs(self) -> int:
        """How many times the host runs: before, between and behind the stages."""
        made, runs = {self.input.tensor}, int(bool(self.host))
        for stage in range(self.stages):
            ready = False
            for step in self.steps:
                if step.output not in made and made.issuperset(step.sources):
                    made.add(step.output)
                    ready = True
            runs += ready
            made.update(self.kept(stage))
        return runs

    def feeds(self, stage: int) -> list[str]:
        """Tensors that have to be in memory before a stage: inputs, the host's, and what earlier stages made."""
        earlier = [name for layer in self.layers if layer.stage < stage for name in layer.completes]
        names: dict[str, None] = {}
        for root in dict.fromkeys(root for layer in self.layers if layer.stage == stage for root, _ in layer.reads):
            made = [name for name in earlier if self.tensors[name].memory == root]
            if root == self.input.tensor or root in made or any(step.output == root for step in self.steps):
                made = [root]
            names.update(dict.fromkeys(made))
        for root in (root for layer in self.layers if layer.stage == stage for root, _ in layer.writes):
            names.update(dict.fromkeys(name for name in earlier if self.tensors[name].memory == root))  # other parts
        return list(names)

    def kept(self, stage: int) -> list[str]:
        """Tensors a stage makes that the host or a later stage needs."""
        wanted = set(self.fetched).union(*(step.sources for step in self.steps))
        wanted.update(name for later in range(stage + 1, self.stages) for name in self.feeds(later))
        made = (name for layer in self.layers if layer.stage == stage for name in layer.completes)
        return [name for name in made if name in wanted]

    def _host_step(self, step: HostStep, images: np.ndarray, memory: Mapping[str, np.ndarray]) -> np.ndarray:
        """Bytes (count, size) of a tensor the host makes."""
        from cocodla.compiler.original import run_host

        feeds = {}
        for source, (name, shape) in zip(step.sources, step.feeds, strict=True):
            if source == self.input.tensor:
                value = self._first_values(images)
            else:
                tensor = self.tensors[source]
                codes = bytes_to_tensor(memory[source], tensor.layout)
                value = Quantisation(tensor.scale, tensor.zero).dequantise(codes)
            feeds[name] = value.reshape(-1, *shape)
        tensor = self.tensors[step.output]
        value = run_host(step.model, feeds, step.output).reshape(-1, *tensor.shape)
        return tensor_to_bytes(Quantisation(tensor.scale, tensor.zero).quantise(value), tensor.layout)

    def golden_stage(
        self, stage: int, feeds: Mapping[str, np.ndarray], names: Sequence[str] | None = None
    ) -> dict[str, np.ndarray]:
        """A stage of many images at once on the golden model; the tensors `names`, or those that are kept."""
        from cocodla.compiler.emit import emit
        from cocodla.golden.batch import run_batch

        kept = self.kept(stage) if names is None else names
        first = {name: data[:1] for name, data in feeds.items()}
        program = emit(self, first, tensors=kept, stage=stage)
        found = run_batch(program, {self.tensors[name].address: data for name, data in feeds.items()})
        return {name: found[check_name(0, name)] for name in kept}

    def decode(self, execution: Execution, count: int) -> FloatArray:
        """First output of the model for each of `count` images of an execution: (count, *output shape) floats."""
        return next(iter(self.decode_all(execution, count).values()))

    def decode_all(self, execution: Execution, count: int) -> dict[str, FloatArray]:
        """All outputs of the model by name, (count, *shape) each."""
        data = self.read(execution, list(self.fetched), count)
        return self.finish({name: bytes_to_tensor(data[name], self.tensors[name].layout) for name in self.fetched})

    def read(self, execution: Execution, names: Sequence[str], count: int) -> dict[str, np.ndarray]:
        """Bytes (count, size) of tensors an execution read back; UserError if one is missing."""
        found = {observation.name: observation.data for observation in execution.observations}
        result = {}
        for tensor in names:
            wanted = [check_name(image, tensor) for image in range(count)]
            for name in wanted:
                if name not in found:
                    raise UserError(f"the execution has no tensor {name!r}")
            result[tensor] = np.stack([np.frombuffer(found[name], np.uint8) for name in wanted])
        return result

    def golden_outputs(self, images: np.ndarray) -> dict[str, FloatArray]:
        """All outputs of the model for many images (batch, *input shape) at once, bit-exact with the Device."""
        return self.run(images, self.golden_stage)

    def golden_batch(self, images: np.ndarray) -> FloatArray:
        """The first of `golden_outputs`."""
        return next(iter(self.golden_outputs(images).values()))

    def finish(self, codes: dict[str, np.ndarray]) -> dict[str, FloatArray]:
        """Outputs of the model from int8 tensors (batch, C, H, W) that leave the accelerator: the host's part."""
        reals = {}
        for name, shape in self.fetched.items():
            tensor = self.tensors[name]
            real = Quantisation(tensor.scale, tensor.zero).dequantise(codes[name])
            reals[name] = real.reshape(len(real), *shape)
        return {output.name: self._output(output, reals) for output in self.outputs}

    def _output(self, output: OutputSpec, reals: dict[str, FloatArray]) -> FloatArray:
        if output.tensor is not None:
            return reals[output.tensor].reshape(-1, *output.shape)
        from cocodla.compiler.original import joined, run

        runner = self._host_session
        count = len(next(iter(reals.values())))
        rows = []
        for image in range(count):
            feeds = {value.name: reals[value.name][image : image + 1] for value in runner.get_inputs()}
            rows.append(run(runner, [output.name], feeds)[0])
        return joined(rows, output.name)

    @cached_property
    def _host_session(self) -> Any:
        import onnx

        from cocodla.compiler.original import session

        return session(onnx.load_model_from_string(self.host))

    def input_codes(self, images: np.ndarray) -> np.ndarray:
        """What the first layer reads, (batch, C, H, W): pixel bytes (uint8), or int8 codes."""
        images = check_images(images, self.input.shape, "images")
        tensor = self.tensors[self.input.tensor]
        if tensor.form == "pixels":
            pixels = images if images.dtype == np.uint8 else self.input.pixels.to_pixels(images)
            return pixels.reshape(-1, *tensor.shape)
        values = self.input.pixels.to_input(images) if images.dtype == np.uint8 else images.astype(np.float32)
        if self.input.map_scale is not None and self.input.map_shift is not None:
            scale, shift = np.array(self.input.map_scale), np.array(self.input.map_shift)
            wide = (-1, *(1,) * (values.ndim - 2))
            values = values * scale.reshape(wide) + shift.reshape(wide)
        return Quantisation(tensor.scale, tensor.zero).quantise(values.reshape(-1, *tensor.shape))

    def input_bytes(self, images: np.ndarray) -> np.ndarray:
        """Memory contents of the input tensor for each image: (batch, bytes) uint8."""
        tensor, codes = self.tensors[self.input.tensor], self.input_codes(images)
        if tensor.form != "pixels":
            return tensor_to_bytes(codes, tensor.layout)
        image = np.ascontiguousarray(np.moveaxis(codes, 1, -1))
        return np.concatenate(image_to_planes(image, tensor.pixel_format, tensor.line_strides), axis=-1)

    def _first_values(self, images: np.ndarray) -> FloatArray:
        """The input as host operators see it."""
        value = self.input.pixels.to_input(images) if images.dtype == np.uint8 else images
        if not self.input.rounded:
            return value
        tensor = self.tensors[self.input.tensor]
        codes = Quantisation(tensor.scale, tensor.zero)
        return codes.dequantise(codes.quantise(value))

    # -- file --------------------------------------------------------------------------------

    def save(self, path: Path | str) -> None:
        """Write the network file, whole or not at all."""
        values = {
            "format": FORMAT,
            **{entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name not in ("memory", "host")},
            "input": asdict(self.input),
            "outputs": [asdict(output) for output in self.outputs],
            "layers": [asdict(layer) for layer in self.layers],
            "tensors": {name: to_json(tensor) for name, tensor in self.tensors.items()},
            "steps": [{**asdict(step), "model": base64.b64encode(step.model).decode()} for step in self.steps],
        }
        contents = (json.dumps(values, indent=1).encode(), self.memory, self.host)
        archived = io.BytesIO()
        with zipfile.ZipFile(archived, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in zip(MEMBERS, contents, strict=True):
                archive.writestr(zipfile.ZipInfo(member, (2000, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
        write_whole(path, archived.getvalue())

    @staticmethod
    def load(path: Path | str) -> Network:
        """Read a network file; UserError when it is missing, unreadable or of another kind."""
        path = Path(path)
        try:
            with zipfile.ZipFile(path) as archive:
                text, memory, host = (archive.read(member) for member in MEMBERS)
            values = json.loads(text)
            if values.pop("format") != FORMAT:
                raise ValueError("written by another version of cocodla")
            network = _from_json(values, memory, host)
            _check(network)
            return network
        except FileNotFoundError as error:
            raise UserError(f"{path}: no such file") from error
        except OSError as error:
            raise UserError(f"{path}: cannot be read ({error.strerror})") from error
        except Exception as error:  # a damaged archive or JSON of another kind may raise anything
            raise UserError(f"{path}: not a compiled network ({error or type(error).__name__})") from error


def check_name(image: int, tensor: str) -> str:
    """Name under which a tensor of an image is read back."""
    return f"image{image}/{tensor}"


def _check(network: Network) -> None:
    """ValueError for a network whose parts do not fit together."""
    if not network.layers or not network.outputs:
        raise ValueError("it has no layers or no outputs")
    named = [network.input.tensor, *network.fetched, *(step.output for step in network.steps)]
    for layer in network.layers:
        named += [*layer.completes, *(name for name, _ in (*layer.reads, *layer.writes))]
        names = [*layer.registers, *layer.address_registers, *layer.shared]
        unknown = [name for name in (*names, *(f"{unit}.D_OP_ENABLE" for unit in layer.units)) if name not in MAP]
        if unknown:
            raise ValueError(f"layer {layer.name!r}: there is no register {unknown[0]!r}")
    missing = [name for name in named if name not in network.tensors]
    if missing:
        raise ValueError(f"tensor {missing[0]!r} is missing")
    if network.memory_base + len(network.memory) > network.memory_end:
        raise ValueError("its constants end behind its memory")


def _from_json(values: dict[str, Any], memory: bytes, host: bytes) -> Network:
    values["input"] = InputSpec(**_tuples(values["input"]))
    values["outputs"] = [OutputSpec(**_tuples(output)) for output in values["outputs"]]
    for layer in values["layers"]:
        layer["address_registers"] = _tuples(layer["address_registers"])
        layer["tables"] = _tuples(layer.get("tables", {}))
        for part in ("reads", "writes"):
            layer[part] = tuple((name, tuple(map(tuple, box))) for name, box in layer[part])
    values["layers"] = [Layer(**_tuples(layer)) for layer in values["layers"]]
    values["tensors"] = {name: from_json(tensor) for name, tensor in values["tensors"].items()}
    values["fetched"] = {name: tuple(shape) for name, shape in values["fetched"].items()}
    values["steps"] = [
        HostStep(
            step["output"],
            tuple(step["sources"]),
            tuple((name, tuple(shape)) for name, shape in step["feeds"]),
            base64.b64decode(step["model"]),
        )
        for step in values["steps"]
    ]
    return Network(memory=memory, host=host, **values)


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    """JSON knows lists only: the dataclasses hold tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}

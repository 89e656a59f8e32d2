"""A compiled network: everything needed to run it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cocodla.compiler import network_file
from cocodla.compiler.hardware.emit import emit
from cocodla.compiler.ir import FloatArray, Quantisation
from cocodla.compiler.parts import HostStep, NetworkParts, check_name
from cocodla.compiler.quantisation.pixels import Inputs, check_images
from cocodla.errors import UserError
from cocodla.formats import bytes_to_tensor, tensor_to_bytes
from cocodla.formats.pixels import image_to_planes

if TYPE_CHECKING:
    from cocodla.golden.batch import Batch
    from cocodla.program.execution import Execution
    from cocodla.program.program import Program

Execute = Callable[[int, Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
"""Runs a stage on loaded tensors: (stage, name -> bytes (count, size)) -> name -> bytes (count, size)."""


class Network(NetworkParts):
    """A compiled network that can be run."""

    @property
    def bound(self) -> int:
        """Fewest cycles an image can take, layer after layer (two images in flight may share them)."""
        return sum(layer.bound for layer in self.layers)

    # -- running -----------------------------------------------------------------------------

    def program(self, images: np.ndarray | Inputs) -> Program:
        """Register program for `images` (batch, *input shape): every tensor is read back after its layer.

        uint8 images are pixels, int8 ones codes of an integer input, others are real inputs of the model. UserError for
        a wrong shape, and for a network that needs the host in between (`programs` or `run` do that).
        """
        if self.steps:
            raise UserError(f"the host runs in the middle of {self.name}: it needs {self.stages} programs, not one")
        return emit(self, self.input_bytes(images))

    def programs(self, images: np.ndarray | Inputs) -> list[Program]:
        """The programs of all stages; what the later ones load is computed with the golden model."""
        made: list[Program] = []

        def execute(stage: int, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            made.append(emit(self, feeds, stage=stage))
            return self.golden_stage(stage, feeds)

        self.run(images, execute)
        return made

    def run(self, images: np.ndarray | Inputs, execute: Execute) -> dict[str, FloatArray]:
        """All outputs of the model by name, (count, *shape) each, stage by stage with the host in between.

        execute: runs a stage; gets the bytes (count, size) it has to load by tensor name, and returns those of
        (at least) the tensors in `kept(stage)`.
        """
        images = check_images(self.input.packed(images), self.input.shape, "images")
        memory = {self.input.tensor: self.input_bytes(images)}
        for stage in range(self.stages):
            for step in self.steps:
                if step.output not in memory and memory.keys() >= set(step.sources):
                    memory[step.output] = self._host_step(step, images, memory)
            found = execute(stage, {name: memory[name] for name in self.feeds(stage)})
            memory.update({name: found[name] for name in self.kept(stage)})
        codes = {name: bytes_to_tensor(memory[name], self.tensors[name].layout) for name in self.fetched}
        return self.finish(codes, images)

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
        value = run_host(step.model, feeds, step.output)
        if value.size != len(images) * math.prod(tensor.shape):
            raise UserError(f"the host makes {step.output!r} of shape {value.shape[1:]}, it has {tensor.shape}")
        value = value.reshape(-1, *tensor.shape)
        return tensor_to_bytes(Quantisation(tensor.scale, tensor.zero).quantise(value), tensor.layout)

    def golden_stage(
        self, stage: int, feeds: Mapping[str, np.ndarray], names: Sequence[str] | None = None
    ) -> dict[str, np.ndarray]:
        """A stage of many images at once on the golden model; the tensors `names`, or those that are kept."""
        from cocodla.golden.batch import Batch

        kept = self.kept(stage) if names is None else names
        inputs = {self.tensors[name].address: data for name, data in feeds.items()}
        key: tuple[int | str, ...] = (stage, *kept)
        batch = self._batches.get(key)
        if batch is None:
            first = {name: data[:1] for name, data in feeds.items()}
            program = emit(self, first, tensors=kept, stage=stage)
            batch = Batch(program, {address: data[:1] for address, data in inputs.items()})
            self._batches[key] = batch
        found = batch.run(inputs)
        return {name: found[check_name(0, name)] for name in kept}

    @cached_property
    def _batches(self) -> dict[tuple[int | str, ...], Batch]:
        """Programs whose control has been followed, by stage and the tensors they read back."""
        return {}

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

    def golden_outputs(self, images: np.ndarray | Inputs) -> dict[str, FloatArray]:
        """All outputs of the model for many images (batch, *input shape) at once, bit-exact with the Device."""
        return self.run(images, self.golden_stage)

    def golden_batch(self, images: np.ndarray | Inputs) -> FloatArray:
        """The first of `golden_outputs`."""
        return next(iter(self.golden_outputs(images).values()))

    def finish(self, codes: Mapping[str, np.ndarray], images: np.ndarray | None = None) -> dict[str, FloatArray]:
        """Outputs of the model from int8 tensors (batch, C, H, W) that leave the accelerator: the host's part.

        images: what the network was given. UserError if they are missing and the host reads them.
        """
        reals = {}
        for name, shape in self.fetched.items():
            tensor = self.tensors[name]
            real = Quantisation(tensor.scale, tensor.zero).dequantise(codes[name])
            reals[name] = real.reshape(len(real), *shape)
        wanted = [output.name for output in self.outputs if output.tensor is None]
        found = self._by_host(wanted, reals, images) if wanted else {}
        for output in self.outputs:
            if output.tensor is not None:
                whole = reals[output.tensor] if output.codes is None else output.coded(codes[output.tensor])
                found[output.name] = whole.reshape(-1, *output.shape)
        return {output.name: found[output.name] for output in self.outputs}

    def _by_host(
        self, names: list[str], reals: Mapping[str, FloatArray], images: np.ndarray | None
    ) -> dict[str, FloatArray]:
        """Outputs that the host makes of what the accelerator leaves, and of the input: one run for each image."""
        from cocodla.compiler.original import joined, run

        runner = self._host_session
        read = [value.name for value in runner.get_inputs()]
        values = dict(reals)
        if self.input.tensor in read:
            if images is None:
                raise UserError(f"the host reads the input of {self.name}: its outputs follow from the images, too")
            values[self.input.tensor] = self._first_values(images).reshape(-1, *self.input.shape).astype(np.float32)
        rows = []
        for image in range(len(values[read[0]])):
            feeds = {name: values[name][image : image + 1] for name in read}
            rows.append(run(runner, names, feeds))
        return {name: joined(made, name) for name, made in zip(names, zip(*rows, strict=True), strict=True)}

    @cached_property
    def _host_session(self) -> Any:
        import onnx

        from cocodla.compiler.original import session

        return session(onnx.load_model_from_string(self.host))

    def input_codes(self, images: np.ndarray | Inputs) -> np.ndarray:
        """What the first layer reads, (batch, C, H, W): pixel bytes (uint8), or int8 codes."""
        images = check_images(self.input.packed(images), self.input.shape, "images")
        tensor = self.tensors[self.input.tensor]
        if tensor.form == "pixels":
            pixels = images if images.dtype == np.uint8 else self.input.pixels.to_pixels(self.input.real(images))
            return pixels.reshape(-1, *tensor.shape)
        values = self.input.prepared(self.input.real(images), tensor.shape)
        return Quantisation(tensor.scale, tensor.zero).quantise(values)

    def input_bytes(self, images: np.ndarray | Inputs) -> np.ndarray:
        """Memory contents of the input tensor for each image: (batch, bytes) uint8."""
        tensor, codes = self.tensors[self.input.tensor], self.input_codes(images)
        if tensor.form != "pixels":
            return tensor_to_bytes(codes, tensor.layout)
        image = np.ascontiguousarray(np.moveaxis(codes, 1, -1))
        return np.concatenate(image_to_planes(image, tensor.pixel_format, tensor.line_strides), axis=-1)

    def _first_values(self, images: np.ndarray) -> FloatArray:
        """The input as host operators see it."""
        value = self.input.real(images)
        if not self.input.rounded:
            return value
        tensor = self.tensors[self.input.tensor]
        codes = Quantisation(tensor.scale, tensor.zero)
        return codes.dequantise(codes.quantise(value))

    # -- file --------------------------------------------------------------------------------

    def save(self, path: Path | str) -> None:
        """Write the network file, whole or not at all."""
        network_file.save(self, path)

    @staticmethod
    def load(path: Path | str) -> Network:
        """Read a network file; UserError when it is missing, unreadable or of another kind."""
        return Network(**vars(network_file.load(path)))

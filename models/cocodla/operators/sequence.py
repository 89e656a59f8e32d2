"""A sequence of layers written by hand: memory, buffer banks, register groups and the program follow by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cocodla.compiler.hardware import allocate, schedule
from cocodla.compiler.hardware.chains import check_registers, completed, hardware_layer, steps_of
from cocodla.compiler.hardware.emit import emit
from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.options import CompileOptions
from cocodla.compiler.parts import InputSpec, NetworkParts, check_name
from cocodla.compiler.pipeline import layer_of_hardware
from cocodla.errors import Fault, UserError
from cocodla.formats import bytes_to_tensor, tensor_to_bytes
from cocodla.golden import run as run_golden
from cocodla.program.compare import compare
from cocodla.program.execution import Execution
from cocodla.program.program import Program
from cocodla.runtime import rtl
from cocodla.runtime.verify import busy_cycles
from cocodla.units.places import require_at, written_at
from cocodla.units.steps import Steps

Codes = NDArray[np.int8]
Inputs = Mapping[str, Codes]


@dataclass(frozen=True)
class Measured:
    """A run on the RTL. outputs: (batch, C, H, W) int8 of every tensor, equal to the golden model's; cycles: from the
    start of the first layer to the last interrupt, all images together."""

    outputs: dict[str, Codes]
    cycles: int
    images: int

    @property
    def cycles_per_image(self) -> float:
        return self.cycles / self.images


class Sequence(Steps[Tensor]):
    """Chains of units in order, run on batches of images.

    images_in_flight: with 2 the layers of two images alternate, each with memory of its own. overlap: the next layer's
    registers are written, and where it may it is started, while one runs; else every layer is waited for first.
    """

    def __init__(self, name: str = "sequence", images_in_flight: int = 2, overlap: bool = True) -> None:
        made = steps_of()
        super().__init__(made.make)
        self.name, self.overlap, self.inputs = name, overlap, dict[str, Tensor]()
        self._options = CompileOptions(images_in_flight=images_in_flight)
        self._built: tuple[int, NetworkParts] | None = None

    def input(self, name: str, shape: tuple[int, int, int], scale: float = 1.0, zero: int = 0) -> Tensor:
        """A tensor that is given: see `tensor`."""
        self.inputs[name] = self.tensor(name, shape, scale, zero)
        return self.inputs[name]

    @property
    def network(self) -> NetworkParts:
        """Layers, registers and memory. UserError (BrokenRule) where the golden model would refuse a layer."""
        if self._built is None or self._built[0] != len(self.chains):
            self._built = len(self.chains), self._build()
        return self._built[1]

    def _build(self) -> NetworkParts:
        place = written_at()
        require_at(place, f"sequence {self.name!r}", bool(self.inputs), "it has no input")
        require_at(place, f"sequence {self.name!r}", bool(self.chains), "it runs no unit")
        self._check_order()
        for tensor in self.tensors.values():
            tensor.addresses = []
        layers = [hardware_layer(chain, chain.name) for chain in self.chains]
        made = [name for name in self.tensors if name not in self.inputs]
        completed(layers, made)
        schedule.assign_banks(layers)
        first = next(iter(self.inputs))
        memory = allocate.allocate(layers, self.tensors, first, made, self._options)
        shape = self.tensors[first].shape
        network = NetworkParts(
            self.name, InputSpec(first, shape, (1.0,), (0.0,)), [], [layer_of_hardware(layer) for layer in layers],
            self.tensors, memory.data, memory.base, memory.end, {},
        )  # fmt: skip
        check_registers(network, layers)
        return network

    def _check_order(self) -> None:
        """Every tensor is made before it is read, and nobody writes an input."""
        made = set(self.inputs)
        for chain in self.chains:
            for cube in chain.sources:
                what = f"tensor {cube.memory!r}"
                require_at(chain.place, what, cube.memory in self.tensors, "it belongs to another sequence")
                require_at(chain.place, what, cube.memory in made, "it is read before anything is written to it")
            require_at(chain.place, f"tensor {chain.to.memory!r}", chain.to.memory not in self.inputs, "it is an input")
            made.add(chain.to.memory)
        unread = [name for name in self.inputs if all(name != cube.memory for c in self.chains for cube in c.sources)]
        require_at(written_at(), f"input {''.join(unread[:1])!r}", not unread, "no chain reads it")

    def program(self, inputs: Inputs) -> Program:
        """The register program for inputs (batch, C, H, W) int8 by name; every tensor is read back.

        UserError for inputs that are missing, unknown, of another shape or type, or batches of different sizes.
        """
        network, data = self.network, {}
        for name in {**self.inputs, **inputs}:
            if name not in inputs:
                raise UserError(f"sequence {self.name!r}: input {name!r} is missing")
            if name not in self.inputs:
                raise UserError(f"sequence {self.name!r} has no input {name!r}; it has {', '.join(self.inputs)}")
            codes, shape = np.asarray(inputs[name]), self.inputs[name].shape
            if codes.dtype != np.int8 or codes.shape[1:] != shape or not len(codes):
                raise UserError(
                    f"sequence {self.name!r}: input {name!r} is {codes.dtype} {codes.shape}, it takes int8 (batch, "
                    f"{', '.join(map(str, shape))})"
                )
            data[name] = tensor_to_bytes(codes, self.inputs[name].layout)
        if len({len(rows) for rows in data.values()}) > 1:
            raise UserError(f"sequence {self.name!r}: batches of {[len(rows) for rows in data.values()]} images")
        return emit(network, data, overlap=self.overlap)

    def golden(self, inputs: Inputs) -> dict[str, Codes]:
        """Every tensor that is made, (batch, C, H, W) int8, by the golden model."""
        program = self.program(inputs)
        return self._decoded(run_golden(program), len(next(iter(inputs.values()))))

    def rtl(self, inputs: Inputs, simulation: rtl.Simulation | None = None) -> Measured:
        """As `golden`, on the RTL, with its cycles. Fault where RTL and golden model differ."""
        program, count = self.program(inputs), len(next(iter(inputs.values())))
        wanted, found = run_golden(program), rtl.run(program, simulation)
        wrong = [*map(str, compare(program, wanted, found)), *found.failures]
        if wrong:
            raise Fault(f"sequence {self.name!r}: RTL and golden model differ: {wrong[0]}")
        return Measured(self._decoded(found, count), busy_cycles(program, found), count)

    def _decoded(self, execution: Execution, count: int) -> dict[str, Codes]:
        data = {observation.name: observation.data for observation in execution.observations}
        result = {}
        for name, tensor in self.tensors.items():
            if name in self.inputs or check_name(0, name) not in data:
                continue
            rows = [np.frombuffer(data[check_name(image, name)], np.uint8) for image in range(count)]
            result[name] = bytes_to_tensor(np.stack(rows), tensor.layout)
        return result

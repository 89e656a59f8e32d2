"""What a compiled network consists of: its input and outputs, its hardware layers, what the host does between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.ir import FloatArray, IntegerCodes, Quantisation, Shape
from cocodla.compiler.plain_values import (
    CodeKind,
    CodeShift,
    Count,
    Cube,
    Entry,
    Extents,
    Name,
    OpenExtents,
    Part,
    Place,
    Real,
    Scale,
    Stage,
    Unit,
    Word,
)
from cocodla.compiler.quantisation.pixels import Inputs, PixelMap, model_inputs, packed


@dataclass(frozen=True)
class InputSpec:
    """What the network takes: (batch, *shape) of uint8 pixels, or of floats as the original model takes them.

    pixels: how a pixel byte becomes a model input. map_scale, map_shift: preprocessing folded out of the model; a
    cube input is quantised after it on the host, a pixel input has it in the first layer. rounded: the model itself
    rounds its input, so that host operators see what is left of it too. codes, code_scale, code_zero: element type of
    an integer input (int8, uint8; None: it is real), and what its codes mean as int8. parts: names and shapes of
    several inputs, which the input then holds one behind the other.
    """

    tensor: Name
    shape: Extents
    pixel_scale: tuple[Real, ...]
    pixel_offset: tuple[Real, ...]
    map_scale: tuple[Real, ...] | None = None
    map_shift: tuple[Real, ...] | None = None
    rounded: bool = False
    codes: CodeKind | None = None
    code_scale: Scale = 1.0
    code_zero: CodeShift = 0
    parts: tuple[tuple[Name, Extents], ...] = ()

    @property
    def pixels(self) -> PixelMap:
        return PixelMap(np.array(self.pixel_scale), np.array(self.pixel_offset))

    def packed(self, images: np.ndarray | Inputs) -> np.ndarray:
        """Several inputs by name as one array; a single array is what it is."""
        return packed(images, self.parts)

    def prepared(self, values: FloatArray, shape: Shape) -> FloatArray:
        """Real inputs of the model (batch, ...) as the first tensor, of `shape`, has them: (batch, *shape)."""
        values = values.reshape(-1, *shape)
        if self.map_scale is None or self.map_shift is None:
            return values
        wide = (-1, *(1,) * (len(shape) - 1))
        return values * np.reshape(self.map_scale, wide) + np.reshape(self.map_shift, wide)

    def real(self, images: np.ndarray) -> FloatArray:
        """Images as real inputs of the model, float32; UserError for codes of another type than the input's."""
        meaning = Quantisation(self.code_scale, self.code_zero)
        return model_inputs(images, self.pixels, IntegerCodes(self.codes, meaning) if self.codes else None)


@dataclass(frozen=True)
class OutputSpec:
    """One output of the model. tensor: the accelerator's tensor it is, or None if the host computes it.

    codes: element type (int8, uint8) of an output that is codes, which are the tensor's plus `code_shift`; None: it is
    real, or the host's.
    """

    name: Name
    tensor: Name | None
    shape: OpenExtents
    codes: CodeKind | None = None
    code_shift: CodeShift = 0

    def coded(self, codes: np.ndarray) -> np.ndarray:
        """int8 codes of the tensor as the model gives them."""
        assert self.codes is not None
        return (codes.astype(np.int16) + self.code_shift).astype(self.codes)


@dataclass(frozen=True)
class HostStep:
    """A tensor that the host makes in the middle of the network.

    sources: tensors of the accelerator or the network's input, as `model` (ONNX, batch 1) names and shapes them in
    `feeds`, without batch.
    """

    output: Name
    sources: tuple[Name, ...]
    feeds: tuple[tuple[Name, Extents], ...]
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

    name: Name
    operation: str
    input_shape: Cube
    output_shape: Cube
    sources: tuple[Name, ...]
    target: Name
    units: tuple[Unit, ...]
    registers: dict[str, Word]
    address_registers: dict[str, tuple[Name, Place]]
    macs: Count
    mac_cycles: Count
    read_beats: Count
    write_beats: Count
    reads: tuple[tuple[Name, Part], ...] = ()
    writes: tuple[tuple[Name, Part], ...] = ()
    completes: tuple[Name, ...] = ()
    readers: int = 1
    stage: Stage = 0
    shared: dict[str, Word] = field(default_factory=dict)
    tables: dict[str, tuple[Entry, ...]] = field(default_factory=dict)

    @property
    def bound(self) -> int:
        """Fewest cycles it can take on the accelerator."""
        return max(self.mac_cycles, self.read_beats, self.write_beats)


@dataclass
class NetworkParts:
    """All of a compiled network: what its file holds and its programs are made of.

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
    def stages(self) -> int:
        """How many times the accelerator runs."""
        return 1 + max(layer.stage for layer in self.layers)

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


def check_name(image: int, tensor: str) -> str:
    """Name under which a tensor of an image is read back."""
    return f"image{image}/{tensor}"

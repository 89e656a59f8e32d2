"""SDP as an object: two stages and an output converter, operands from registers or memory (spec: sdp.md 3, 4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from cocodla import hw
from cocodla.formats import pack_channel_operands
from cocodla.golden.config import AluOperation, OperandConfig, OperandUse, StageConfig
from cocodla.units.cubes import Cube, beats
from cocodla.units.places import Place, require_at, require_within, written_at

Shape = tuple[int, ...]
Value = int | NDArray[Any] | Cube
"""An operand: a register for all elements; one int16 a channel, (channels,); an int8 tensor of the layer's shape, or of
(channels, 1, 1)."""
INT16 = (-(1 << 15), (1 << 15) - 1)


@dataclass(frozen=True, eq=False)
class Operands:
    """What a stage takes from memory: constants (`data`), or tensor `cube`; and how SDP_RDMA reads it."""

    config: OperandConfig
    data: bytes = b""
    cube: Cube | None = None
    beats: int = 0


@dataclass(frozen=True, eq=False)
class Stage:
    """BS or BN: x -> relu(round((x op alu * 2^alu_shift) * mul / 2^mul_shift)).

    Nothing given, the stage is a wire. prelu: only what is below zero is multiplied.
    """

    alu: Value | None = None
    alu_shift: int = 0
    operation: Literal["sum", "max", "min"] = "sum"
    mul: Value | None = None
    mul_shift: int = 0
    relu: bool = False
    prelu: bool = False
    place: Place = field(default_factory=written_at, repr=False)

    def __post_init__(self) -> None:
        known = [operation.name.lower() for operation in AluOperation]
        require_at(
            self.place, "Stage.operation", self.operation in known,
            f"{self.operation!r} given, known are {', '.join(known)} (sdp.md 3.2)",
        )  # fmt: skip
        require_within(self.place, "Stage.alu_shift", self.alu_shift, 0, 63, "sdp.md 3.2")
        require_within(self.place, "Stage.mul_shift", self.mul_shift, 0, 63, "sdp.md 3.2")
        for name, value in (("alu", self.alu), ("mul", self.mul)):
            if isinstance(value, (int, np.integer)):
                require_within(self.place, f"Stage.{name}", int(value), *INT16, "16-bit register, sdp.md 2.2")
            elif isinstance(value, np.ndarray):
                self._check_array(f"Stage.{name}", value)
        require_at(
            self.place, "Stage.prelu", not self.prelu or self.mul is not None,
            "it says what the multiplier `mul` is for, and there is none (sdp.md 3.2)",
        )  # fmt: skip

    def _check_array(self, what: str, value: NDArray[Any]) -> None:
        whole = value.ndim == 1 and np.issubdtype(value.dtype, np.integer)
        require_at(self.place, what, whole, f"{value.dtype} of {value.shape} given, whole (channels,) is possible")
        worst = int(value[np.abs(value.astype(np.int64)).argmax()]) if value.size else 0
        require_within(self.place, what, worst, *INT16, "16-bit operands, sdp.md 4")

    @property
    def config(self) -> StageConfig:
        """Registers of the stage."""
        return StageConfig(
            bypass=self.alu is None and self.mul is None and not self.relu,
            alu_bypass=self.alu is None, alu_operation=AluOperation[self.operation.upper()],
            alu_from_memory=_in_memory(self.alu), alu_operand=_in_register(self.alu), alu_shift=self.alu_shift,
            mul_bypass=self.mul is None, mul_from_memory=_in_memory(self.mul), mul_operand=_in_register(self.mul),
            mul_shift=self.mul_shift, prelu=self.prelu, relu_bypass=not self.relu,
        )  # fmt: skip

    def operands(self, shape: Shape, name: str) -> Operands | None:
        """What comes from memory for a layer of `shape`; name: of the stage, for messages. None: nothing does."""
        both = (("alu", self.alu), ("mul", self.mul))
        given = {part: value for part, value in both if value is not None and _in_memory(value)}
        if not given:
            return None
        cubes = {part: value for part, value in given.items() if not isinstance(value, np.ndarray)}
        if not cubes:
            return self._constants(given, shape, name)
        require_at(
            self.place, f"Sdp.{name}", len(given) == 1,
            f"{' and '.join(given)} both come from memory, one of them as a tensor: a stage has one reader (sdp.md 4)",
        )  # fmt: skip
        ((part, value),) = cubes.items()
        return self._tensor(part, cast(Cube, value), shape, name)

    def _constants(self, given: dict[str, Value], shape: Shape, name: str) -> Operands:
        use = OperandUse.BOTH if len(given) == 2 else OperandUse.ALU if "alu" in given else OperandUse.MUL
        for part, value in given.items():
            assert isinstance(value, np.ndarray)
            require_at(
                self.place, f"Sdp.{name}.{part}", len(value) == shape[0],
                f"{len(value)} operands given, the layer has {shape[0]} channels",
            )  # fmt: skip
        arrays = {part: np.asarray(value) for part, value in given.items()}
        data = pack_channel_operands(shape[0], arrays.get("alu"), arrays.get("mul"), two_bytes=True).tobytes()
        return Operands(OperandConfig(use, True, False, 0), data=data, beats=len(data) // hw.ATOM)

    def _tensor(self, part: str, cube: Cube, shape: Shape, name: str) -> Operands:
        each = tuple(cube.shape) == tuple(shape)
        require_at(
            self.place, f"Sdp.{name}.{part}", each or tuple(cube.shape) == (shape[0], 1, 1),
            f"tensor {cube.name!r} has shape {tuple(cube.shape)}, the layer {tuple(shape)}: it must be the same, or "
            "one value a channel",
        )  # fmt: skip
        layout = cube.layout
        config = OperandConfig(
            OperandUse[part.upper()], False, each and tuple(shape[1:]) != (1, 1), 0,
            layout.line_stride, layout.surface_stride,
        )  # fmt: skip
        return Operands(config, cube=cube, beats=beats(cube))


def _in_memory(value: Value | None) -> bool:
    return value is not None and not isinstance(value, (int, np.integer))


def _in_register(value: Value | None) -> int:
    return int(value) if isinstance(value, (int, np.integer)) else 0


@dataclass(frozen=True, eq=False)
class Sdp:
    """SDP: stages BS and BN, then code = clamp8(round((z - offset) * scale / 2^shift)).

    source: tensor it reads; None behind a convolution.
    """

    source: Cube | None = None
    bs: Stage = field(default_factory=Stage)
    bn: Stage = field(default_factory=Stage)
    offset: int = 0
    scale: int = 1
    shift: int = 0
    place: Place = field(default_factory=written_at, repr=False)

    def __post_init__(self) -> None:
        require_within(self.place, "Sdp.offset", int(self.offset), -(1 << 31), (1 << 31) - 1, "sdp.md 2.2")
        require_within(self.place, "Sdp.scale", int(self.scale), *INT16, "sdp.md 2.2")
        require_within(self.place, "Sdp.shift", int(self.shift), 0, 63, "sdp.md 2.2")

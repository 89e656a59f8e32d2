"""What the user of the compiler may choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from cocodla import hw
from cocodla.errors import UserError

CalibratorName = Literal["minmax", "percentile", "mse", "entropy"]
Effort = Literal["fast", "default", "best"]
Target = Literal["direct", "official"]


@dataclass(frozen=True)
class CompileOptions:
    """Options of `compile_model`.

    pixel_scale, pixel_offset: how a pixel byte p (0..255) becomes the model's input, x = scale * p + offset; one
        number, or one for each channel. None: derived from the calibration data (0..1 means 1/255, whole numbers
        up to 255 mean 1, anything else spreads its range over 0..255).
    input_shape: (channels, height, width) for a model whose input has unnamed extents.
    image_mode: fetch a 1-, 3- or 4-channel input as pixels (else always as a feature cube).
    effort: how much is tried on the calibration data to find the choices below that are left open (None): fast takes
        what is good in most cases, default tries each of them, best also looks at single tensors.
    budget: about how many seconds the trials may take (None: by effort); counted in multiplications, so that the
        result does not depend on the machine.
    calibrator: how the range of an activation follows from the calibration data (entropy: least KL divergence, mse:
        least squares); `percentile` is the share of values inside the range, in percent.
    headroom: ranges hold values that many standard deviations above the mean of what single images reach at most, also
        where calibration has seen less: new images reach further. 0: what was seen.
    equalise: balance the channels of inner tensors before scales are chosen (equalise.py).
    bias_correction: take the mean error of rounded weights, measured on the calibration data, out of the biases.
    adaptive_rounding: round weights together, so that their errors cancel on the calibration data (rounding.py).
    asymmetric: give tensors a zero point, so that those that are never or rarely negative have 256 codes, not 128.
    images_in_flight: with 2 the layers of two images alternate, each image in memory of its own: while a layer of one
        computes, the next layer of the other is fetched. With 1 only the last layer of an
        image and the first of the next one overlap.
    reuse_memory: let tensors that are not alive at the same time share memory (else each has its own, so that all
        of them can be compared after the run).
    base_address: first byte of the memory the program uses.
    target: who programs the accelerator: we (direct: all that the hardware can do), or the official driver, from a
        loadable, which cannot say everything (official).
    strict: refuse a model with operators that only the host can run.
    verify: compare the float reference of the graph with onnxruntime after every pass.
    """

    pixel_scale: float | Sequence[float] | None = None
    pixel_offset: float | Sequence[float] = 0.0
    input_shape: Sequence[int] | None = None
    image_mode: bool = True
    effort: Effort = "default"
    budget: float | None = None
    calibrator: CalibratorName | None = None
    percentile: float = 99.99
    headroom: float | None = None
    equalise: bool | None = None
    bias_correction: bool | None = None
    adaptive_rounding: bool | None = None
    asymmetric: bool | None = None
    images_in_flight: int = 2
    reuse_memory: bool = False
    base_address: int = 0x8000_0000
    target: Target = "direct"
    strict: bool = False
    verify: bool = True

    def __post_init__(self) -> None:
        _check_known("calibrator", self.calibrator, (*get_args(CalibratorName), None))
        _check_known("effort", self.effort, get_args(Effort))
        _check_known("target", self.target, get_args(Target))
        if self.budget is not None and not self.budget >= 0:
            raise UserError(f"the budget for trials is {self.budget} seconds, it must be 0 or more")
        if self.headroom is not None and not 0 <= self.headroom <= 100:
            raise UserError(f"headroom {self.headroom} is outside [0, 100]")
        if not 50.0 < self.percentile <= 100.0:
            raise UserError(f"calibration percentile {self.percentile} is outside (50, 100]")
        if self.base_address % hw.ATOM or not 0 <= self.base_address < 1 << hw.ADDRESS_BITS:
            raise UserError(f"base address {self.base_address:#x} is not an 8-byte aligned 32-bit address")
        if self.images_in_flight not in (1, 2):
            raise UserError(f"images_in_flight is {self.images_in_flight}, it must be 1 or 2")


def _check_known(what: str, value: str | None, known: Sequence[str | None]) -> None:
    if value not in known:
        raise UserError(f"unknown {what} {value!r}; known: {', '.join(name for name in known if name)}")

"""What random layers have exercised: declared bins, counted by layer, so that holes are visible.

A point is a named set of bins and a function that tells into which of them a layer falls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from cocodla.formats.pixels import PIXEL_FORMATS
from cocodla.golden.config import AluOperation, OperandUse, PdpConfig, Pooling, SdpConfig, StageConfig
from cocodla.golden.config_conv import CdmaConfig, CscConfig
from cocodla.hw import ATOM, MAX_DILATION, MAX_EXTENT, MAX_KERNEL, PDP_MAX_STRIDE
from cocodla.stimulus.cubes import RandomLayer
from cocodla.stimulus.layers import KINDS

Sample = Callable[[RandomLayer], Iterable[str]]


@dataclass(frozen=True)
class Point:
    """bins: all that can happen. sample: those a layer belongs to (none: the point does not apply)."""

    name: str
    bins: tuple[str, ...]
    sample: Sample


class Coverage:
    """Counts the layers in each bin of each point."""

    def __init__(self) -> None:
        self.hits: dict[str, Counter[str]] = {point.name: Counter() for point in POINTS}

    def add(self, layers: Iterable[RandomLayer]) -> None:
        """Count layers. A sample that is no bin of its point is a fault of this table."""
        for layer in layers:
            for point in POINTS:
                for name in point.sample(layer):
                    if name not in point.bins:
                        raise KeyError(f"{point.name}: {name} is not a bin")
                    self.hits[point.name][name] += 1

    def holes(self) -> Iterator[str]:
        """Bins nothing fell into, as "point: bin"."""
        for point in POINTS:
            yield from (f"{point.name}: {name}" for name in point.bins if not self.hits[point.name][name])

    def rows(self) -> Iterator[tuple[str, int, int, str, int]]:
        """(point, bins hit, bins, rarest bin, its count) of each point."""
        for point in POINTS:
            counts = self.hits[point.name]
            rarest = min(point.bins, key=lambda name: counts[name])
            yield point.name, sum(counts[name] > 0 for name in point.bins), len(point.bins), rarest, counts[rarest]


# -- ways to make points ---------------------------------------------------------------------


def _ranges(limits: Sequence[int], value: int) -> str:
    """The bin of a number: from a limit to below the next one."""
    index = max(i for i, limit in enumerate(limits) if value >= limit)
    return _range_name(limits, index)


def _range_name(limits: Sequence[int], index: int) -> str:
    first = limits[index]
    if index + 1 == len(limits):
        return f"{first}.."
    last = limits[index + 1] - 1
    return str(first) if first == last else f"{first}..{last}"


def _numbers(name: str, limits: Sequence[int], read: Callable[[RandomLayer], int | None]) -> Point:
    """A point over ranges of a number."""

    def sample(layer: RandomLayer) -> Iterable[str]:
        number = read(layer)
        return [] if number is None else [_ranges(limits, number)]

    return Point(name, tuple(_range_name(limits, index) for index in range(len(limits))), sample)


def _flags(name: str, flags: Sequence[str], read: Callable[[RandomLayer], Sequence[bool] | None]) -> Point:
    """A point of two bins for each flag; `read` gives them in the order of `flags`."""

    def sample(layer: RandomLayer) -> Iterable[str]:
        return [f"{flag}={int(on)}" for flag, on in zip(flags, read(layer) or (), strict=False)]

    return Point(name, tuple(f"{flag}={on}" for flag in flags for on in (0, 1)), sample)


def _csc(layer: RandomLayer, image: bool | None = None) -> CscConfig | None:
    csc = layer.convolution.csc if layer.convolution else None
    return csc if csc and image in (None, csc.image) else None


def _cdma(layer: RandomLayer) -> CdmaConfig | None:
    return layer.convolution.cdma if layer.convolution else None


def _csc_numbers(
    name: str, limits: Sequence[int], read: Callable[[CscConfig], int], image: bool | None = None
) -> Point:
    def number(layer: RandomLayer) -> int | None:
        csc = _csc(layer, image)
        return None if csc is None else read(csc)

    return _numbers(name, limits, number)


def _pdp_numbers(name: str, limits: Sequence[int], read: Callable[[PdpConfig], int]) -> Point:
    return _numbers(name, limits, lambda layer: read(layer.pdp) if layer.pdp else None)


_SIZES = ("width", "height", "channels")
Sizes = tuple[int, int, int]


def _largest(name: str, read: Callable[[RandomLayer], Sizes | None], sizes: Sequence[str] = _SIZES) -> Point:
    """A point of cubes by the size that is the largest there is: of `read`, which gives them in the order of _SIZES."""

    def sample(layer: RandomLayer) -> Iterable[str]:
        found = read(layer)
        largest = [size for size, number in zip(_SIZES, found or (), strict=False) if number == MAX_EXTENT]
        return [size for size in largest if size in sizes]

    return Point(name, tuple(sizes), sample)


# -- samples ---------------------------------------------------------------------------------


def _format(layer: RandomLayer) -> Iterable[str]:
    cdma = _cdma(layer)
    return [cdma.pixel_format.name] if cdma and cdma.pixel_format else []


def _merged(layer: RandomLayer) -> Iterable[str]:
    csc = _csc(layer, image=True)
    return [f"{csc.rows_merged} lines, CH {csc.pixel_channels}"] if csc else []


_IMAGE = ("sign override", "mean", "x offset", "left padding", "right padding")


def _image(layer: RandomLayer) -> Sequence[bool] | None:
    cdma = _cdma(layer)
    if cdma is None or cdma.pixel_format is None:
        return None
    return (
        cdma.signed_pixels,
        cdma.converter is not None and cdma.converter.means is not None,
        cdma.x_offset != 0,
        cdma.pad_left > 0,
        cdma.pad_right > 0,
    )


_FETCH = ("converter", "1x1 packed", "several lines at once", "gaps", "weight tail")


def _fetch(layer: RandomLayer) -> Sequence[bool] | None:
    cdma = _cdma(layer)
    if cdma is None:
        return None
    return (
        cdma.converter is not None,
        cdma.packed_1x1,
        cdma.grains > 1,
        cdma.pixel_format is None and not cdma.layout.is_packed,
        cdma.weight_bytes - cdma.kernels * cdma.kernel_bytes >= ATOM,
    )


_BUFFER = (
    "DATA_REUSE", "WEIGHT_REUSE", "SKIP_DATA_RLS", "SKIP_WEIGHT_RLS", "lines left", "padding value", "clip",
)  # fmt: skip


def _buffer(layer: RandomLayer) -> Sequence[bool] | None:
    csc = _csc(layer)
    if csc is None:
        return None
    return (
        csc.data_reuse,
        csc.weight_reuse,
        csc.skip_data_release,
        csc.skip_weight_release,
        csc.release_lines < csc.height,
        csc.pad_value != 0,
        csc.clip_truncate != 0,
    )


def _cube(layer: RandomLayer) -> Iterable[str]:
    if not layer.sdp:
        return []
    sdp = layer.sdp
    shape = (
        "1x1" if sdp.width == sdp.height == 1 else "column" if sdp.width == 1 else "line" if sdp.height == 1 else "cube"
    )
    return [shape, "whole surfaces" if sdp.channels % ATOM == 0 else "partial surface"]


def _stage(name: str) -> Sample:
    def sample(layer: RandomLayer) -> Iterable[str]:
        if layer.sdp is None:
            return
        stage: StageConfig = getattr(layer.sdp, name)
        if stage.bypass:
            yield "bypass"
            return
        if not stage.alu_bypass:
            yield f"{stage.alu_operation.name} {_source(stage.alu_from_memory)}"
        if not stage.mul_bypass:
            yield f"{'PRELU' if stage.prelu else 'MUL'} {_source(stage.mul_from_memory)}"
        yield "no relu" if stage.relu_bypass else "relu"

    return sample


def _source(memory: bool) -> str:
    return "memory" if memory else "register"


def _operand(name: str) -> Sample:
    def sample(layer: RandomLayer) -> Iterable[str]:
        engine = getattr(layer.rdma, name) if layer.rdma else None
        return [_operand_name(engine.use, engine.two_bytes, engine.per_element)] if engine else []

    return sample


def _operand_name(use: OperandUse, two_bytes: bool, per_element: bool) -> str:
    return f"{use.name} {'2' if two_bytes else '1'} B per {'element' if per_element else 'channel'}"


def _destination(layer: RandomLayer) -> Iterable[str]:
    sdp: SdpConfig | None = layer.sdp
    return [f"{'CACC' if sdp.from_cacc else 'memory'} to {'PDP' if sdp.to_pdp else 'memory'}"] if sdp else []


def _sdp_sizes(layer: RandomLayer) -> Sizes | None:
    return (layer.sdp.width, layer.sdp.height, layer.sdp.channels) if layer.sdp else None


def _pdp_sizes(layer: RandomLayer) -> Sizes | None:
    return (layer.pdp.width, layer.pdp.height, layer.pdp.channels) if layer.pdp else None


def _cdp_sizes(layer: RandomLayer) -> Sizes | None:
    if layer.cdp is None or layer.source is None:
        return None
    cube = layer.source[1]
    return cube.width, cube.height, cube.channels


_WINDOW = ("left", "right", "top", "bottom", "overlap", "gap")


def _window(layer: RandomLayer) -> Sequence[bool] | None:
    pdp = layer.pdp
    if pdp is None:
        return None
    pads = (pdp.pad_left, pdp.pad_right, pdp.pad_top, pdp.pad_bottom)
    return (
        *(pad > 0 for pad in pads),
        pdp.kernel_width > pdp.stride_width,
        pdp.kernel_width < pdp.stride_width,
    )


def _cdp(layer: RandomLayer) -> Iterable[str]:
    if not layer.cdp or not layer.lut:
        return
    yield f"reach {layer.cdp.reach}"
    yield "square bypass" if layer.cdp.square_bypass else "square"
    yield "multiply bypass" if layer.cdp.multiply_bypass else "multiply"
    yield "exponential" if layer.lut.exponential else "linear"


_STAGE_BINS = (
    "bypass",
    *(f"{op.name} {source}" for op in AluOperation for source in ("memory", "register")),
    *(f"{mul} {source}" for mul in ("MUL", "PRELU") for source in ("memory", "register")),
    "relu",
    "no relu",
)
_OPERAND_BINS = tuple(
    _operand_name(use, two, element) for use in OperandUse for two in (False, True) for element in (False, True)
)
_KINDS = (*KINDS, "reuse", "image_reuse")

POINTS = (
    Point("kind", _KINDS, lambda layer: [layer.kind]),
    Point("pixel format", tuple(f.name for f in PIXEL_FORMATS.values()), _format),
    Point(
        "post-extension", ("1 lines, CH 1", "1 lines, CH 3", "1 lines, CH 4", "2 lines, CH 1", "2 lines, CH 3",
                           "2 lines, CH 4", "4 lines, CH 1"), _merged,
    ),
    _flags("image", _IMAGE, _image),
    _flags("fetch", _FETCH, _fetch),
    _flags("buffer", _BUFFER, _buffer),
    _csc_numbers("stride x", range(1, 9), lambda csc: csc.stride_x),
    _csc_numbers("stride y", range(1, 9), lambda csc: csc.stride_y),
    _csc_numbers("dilation x", (1, 2, 3, 4, 16, MAX_DILATION), lambda csc: csc.dilation_x, image=False),
    _csc_numbers("dilation y", (1, 2, 3, 4, 16, MAX_DILATION), lambda csc: csc.dilation_y, image=False),
    _csc_numbers("kernel width", (1, 2, 3, 4, 5, 6, 9, MAX_KERNEL), lambda csc: csc.kernel_width, image=False),
    _csc_numbers("kernel height", (1, 2, 3, 4, 5, 6, 9, MAX_KERNEL), lambda csc: csc.kernel_height),
    _csc_numbers("padding left", (0, 1, 2, 8, 24, 31), lambda csc: csc.pad_left, image=False),
    _csc_numbers("padding top", (0, 1, 2, 8, 24, 31), lambda csc: csc.pad_top),
    _csc_numbers("channels of the last block", range(8), lambda csc: csc.channels % ATOM),
    _csc_numbers("kernels of the last group", range(8), lambda csc: csc.kernels % ATOM),
    _csc_numbers("data banks", (1, 2, 3, 5), lambda csc: csc.data_banks),
    _csc_numbers("weight banks", (1, 2, 3, 5, 9), lambda csc: csc.weight_banks),
    Point("SDP stream", ("CACC to memory", "CACC to PDP", "memory to memory", "memory to PDP"), _destination),
    Point("SDP cube", ("1x1", "column", "line", "cube", "whole surfaces", "partial surface"), _cube),
    _largest("SDP sizes", _sdp_sizes),
    Point("BS", _STAGE_BINS, _stage("bs")),
    Point("BN", _STAGE_BINS, _stage("bn")),
    Point("BS operands", _OPERAND_BINS, _operand("bs")),
    Point("BN operands", _OPERAND_BINS, _operand("bn")),
    Point("pooling", tuple(m.name for m in Pooling), lambda layer: [layer.pdp.method.name] if layer.pdp else []),
    _flags("pooling window", _WINDOW, _window),
    _pdp_numbers("pooling kernel width", range(1, 9), lambda pdp: pdp.kernel_width),
    _pdp_numbers("pooling kernel height", range(1, 9), lambda pdp: pdp.kernel_height),
    _pdp_numbers("pooling stride x", (1, 2, 3, 4, 5, 8, 12, PDP_MAX_STRIDE), lambda pdp: pdp.stride_width),
    _pdp_numbers("pooling stride y", (1, 2, 3, 4, 5, 8, 12, PDP_MAX_STRIDE), lambda pdp: pdp.stride_height),
    _numbers("pooling strips", (1, 2, 3, 4), lambda x: (x.pdp.split.count if x.pdp.split else 1) if x.pdp else None),
    _largest("pooling sizes", _pdp_sizes, ("height", "channels")),
    _largest("CDP sizes", _cdp_sizes),
    Point(
        "CDP", ("reach 1", "reach 2", "reach 3", "reach 4", "square", "square bypass", "multiply", "multiply bypass",
                "exponential", "linear"), _cdp,
    ),
)  # fmt: skip
"""Everything that is counted."""

"""Random values in all fields that a layer must ignore: drivers leave anything there (spec: programming.md 5 to 7)."""

from __future__ import annotations

from collections.abc import Callable

from numpy.random import Generator

from cocodla.golden.config_conv import CdmaConfig
from cocodla.registers import MAP
from cocodla.stimulus.cubes import RandomLayer

Condition = Callable[[RandomLayer], bool]

_CHECKED = {"CONV_MODE", "PROC_PRECISION", "BATCHES", "BATCH_NUMBER", "WINOGRAD", "WEIGHT_FORMAT", "OUT_CHANNEL"}
"""Parts of names of fields that only one value is legal for, though the hardware may not look."""


def _cdma(layer: RandomLayer) -> CdmaConfig:
    assert layer.convolution
    return layer.convolution.cdma


def _always(layer: RandomLayer) -> bool:
    return True


def _feature(layer: RandomLayer) -> bool:
    return _cdma(layer).pixel_format is None


def _one_plane(layer: RandomLayer) -> bool:
    fmt = _cdma(layer).pixel_format
    return fmt is None or fmt.planes == 1


def _no_converter(layer: RandomLayer) -> bool:
    return _cdma(layer).converter is None


def _no_means(layer: RandomLayer) -> bool:
    converter = _cdma(layer).converter
    return _feature(layer) or converter is None or converter.means is None


def _means(layer: RandomLayer) -> bool:
    return not _no_means(layer)


def _no_fetch_grain(layer: RandomLayer) -> bool:
    return _cdma(layer).grains == 1


def _image(layer: RandomLayer) -> bool:
    return not _feature(layer)


def _to_pdp(layer: RandomLayer) -> bool:
    return layer.sdp is not None and layer.sdp.to_pdp


def _point(layer: RandomLayer) -> bool:
    return layer.sdp is not None and layer.sdp.width == layer.sdp.height == 1


def _no_strips(layer: RandomLayer) -> bool:
    return layer.pdp is not None and layer.pdp.split is None


def _no_main(layer: RandomLayer) -> bool:
    return layer.rdma is not None and not layer.rdma.main


def _no_bs(layer: RandomLayer) -> bool:
    return layer.rdma is not None and layer.rdma.bs is None


def _no_bn(layer: RandomLayer) -> bool:
    return layer.rdma is not None and layer.rdma.bn is None


IGNORED: tuple[tuple[Condition, tuple[str, ...]], ...] = (
    (_feature, (
        "CDMA.D_DATAIN_FORMAT.PIXEL_FORMAT", "CDMA.D_DATAIN_FORMAT.PIXEL_SIGN_OVERRIDE", "CDMA.D_PIXEL_OFFSET",
        "CDMA.D_ZERO_PADDING", "CDMA.D_ZERO_PADDING_VALUE", "CDMA.D_MEAN_FORMAT", "CSC.D_DATAIN_SIZE_EXT_1",
    )),
    (_image, (
        "CDMA.D_SURF_STRIDE", "CDMA.D_DAIN_MAP.SURF_PACKED", "CSC.D_ZERO_PADDING.PAD_LEFT", "CSC.D_DILATION_EXT",
    )),
    (_one_plane, ("CDMA.D_DAIN_ADDR_LOW_1", "CDMA.D_LINE_UV_STRIDE")),
    (_no_converter, ("CDMA.D_CVT_CFG.CVT_TRUNCATE", "CDMA.D_CVT_OFFSET", "CDMA.D_CVT_SCALE", "CDMA.D_MEAN_FORMAT")),
    (_no_means, ("CDMA.D_MEAN_GLOBAL_0", "CDMA.D_MEAN_GLOBAL_1")),
    (_means, ("CDMA.D_CVT_OFFSET",)),
    (_no_fetch_grain, ("CDMA.D_FETCH_GRAIN",)),
    (_to_pdp, ("SDP.D_DST_BASE_ADDR_LOW", "SDP.D_DST_LINE_STRIDE", "SDP.D_DST_SURFACE_STRIDE")),
    (_point, ("SDP.D_DST_LINE_STRIDE", "SDP.D_DST_SURFACE_STRIDE")),
    (_no_strips, ("PDP.D_PARTIAL_WIDTH_IN", "PDP.D_PARTIAL_WIDTH_OUT", "PDP_RDMA.D_PARTIAL_WIDTH_IN",
                  "PDP_RDMA.D_POOLING_KERNEL_CFG")),
    (_no_main, ("SDP_RDMA.D_SRC_BASE_ADDR_LOW", "SDP_RDMA.D_SRC_LINE_STRIDE", "SDP_RDMA.D_SRC_SURFACE_STRIDE")),
    (_no_bs, ("SDP_RDMA.D_BS_BASE_ADDR_LOW", "SDP_RDMA.D_BS_LINE_STRIDE", "SDP_RDMA.D_BS_SURFACE_STRIDE",
              "SDP_RDMA.D_BRDMA_CFG.BRDMA_DATA_USE", "SDP_RDMA.D_BRDMA_CFG.BRDMA_DATA_SIZE",
              "SDP_RDMA.D_BRDMA_CFG.BRDMA_DATA_MODE")),
    (_no_bn, ("SDP_RDMA.D_BN_BASE_ADDR_LOW", "SDP_RDMA.D_BN_LINE_STRIDE", "SDP_RDMA.D_BN_SURFACE_STRIDE",
              "SDP_RDMA.D_NRDMA_CFG.NRDMA_DATA_USE", "SDP_RDMA.D_NRDMA_CFG.NRDMA_DATA_SIZE",
              "SDP_RDMA.D_NRDMA_CFG.NRDMA_DATA_MODE")),
    (_always, (  # of the Y stage, which is bypassed
        "SDP.D_DP_EW_CFG.EW_ALU_BYPASS", "SDP.D_DP_EW_CFG.EW_ALU_ALGO", "SDP.D_DP_EW_CFG.EW_MUL_BYPASS",
        "SDP.D_DP_EW_CFG.EW_MUL_PRELU", "SDP.D_DP_EW_CFG.EW_LUT_BYPASS", "SDP.D_DP_EW_ALU_CFG", "SDP.D_DP_EW_MUL_CFG",
        "SDP.D_DP_EW_ALU_SRC_VALUE", "SDP.D_DP_EW_MUL_SRC_VALUE", "SDP.D_DP_EW_TRUNCATE_VALUE",
        "SDP_RDMA.D_ERDMA_CFG", "SDP_RDMA.D_EW_BASE_ADDR_LOW", "SDP_RDMA.D_EW_LINE_STRIDE",
    )),
    (_always, ("CDMA.D_PERF_ENABLE", "SDP.D_PERF_ENABLE.PERF_DMA_EN", "SDP_RDMA.D_PERF_ENABLE", "PDP.D_PERF_ENABLE",
               "PDP_RDMA.D_PERF_ENABLE", "CDP.D_PERF_ENABLE", "CDP_RDMA.D_PERF_ENABLE")),
)  # fmt: skip
"""(condition, fields): UNIT.REGISTER.FIELD or all fields of UNIT.REGISTER have no influence on results then."""


def ignored_fields(layer: RandomLayer) -> dict[str, int]:
    """{"UNIT.REGISTER": mask} of all bits in the layer's units that have no influence on its results."""
    masks: dict[str, int] = {}
    for unit in layer.words:
        for register in MAP.units[unit].registers:
            mask = 0
            for field in register.fields:
                if field.storage_only and not any(part in field.name for part in _CHECKED):
                    mask |= field.mask
            if register.group == "dual" and mask:
                masks[register.path] = mask & register.write_mask
    for condition, paths in IGNORED:
        for path in paths:
            unit, name, *field_names = path.split(".")
            if unit in layer.words and condition(layer):
                register = MAP[f"{unit}.{name}"]
                chosen = [f for f in register.fields if not field_names or f.name in field_names]
                for field in chosen:
                    masks[register.path] = masks.get(register.path, 0) | field.mask
    return masks


def add_noise(rng: Generator, layer: RandomLayer) -> None:
    """Give all ignored fields random values."""
    for path, mask in ignored_fields(layer).items():
        unit, name = path.split(".")
        word = layer.words[unit].get(name, MAP[path].reset)
        layer.words[unit][name] = word & ~mask | int.from_bytes(rng.bytes(4), "little") & mask

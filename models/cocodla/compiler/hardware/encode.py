"""Hardware layers with addresses and banks -> register words (spec: programming.md sections 2, 5 and 6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from cocodla.compiler.hardware import cdp_registers, pdp_registers, sdp_registers
from cocodla.compiler.hardware.chains import chain_words
from cocodla.compiler.hardware.layer import HardwareLayer
from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.hardware.words import Words, put, put_fields, put_zero
from cocodla.compiler.quantisation.curves import QuantisedCurve
from cocodla.compiler.quantisation.layers import (
    QuantisedAdd,
    QuantisedChain,
    QuantisedConv,
    QuantisedMove,
    QuantisedMultiply,
    QuantisedPooling,
)
from cocodla.compiler.quantisation.lrn import QuantisedLrn
from cocodla.compiler.quantisation.pointwise import QuantisedPointwise


def encode(layer: HardwareLayer) -> Words:
    """All registers of a layer that matter, D_OP_ENABLE excepted. Tensors are those of the first image in flight."""
    words: Words = chain_words(layer) if isinstance(layer.layer, QuantisedChain) else {}
    for tensor, path, offset in _address_registers(layer):
        put(words, path, tensor.address + offset)
    if isinstance(layer.layer, QuantisedChain):
        return words
    if isinstance(layer.layer, QuantisedAdd):
        sdp_registers.add(words, layer.layer, layer)
        return words
    if isinstance(layer.layer, QuantisedMultiply):
        sdp_registers.multiply(words, layer.layer, layer)
        return words
    if isinstance(layer.layer, (QuantisedLrn, QuantisedCurve)):
        return {**words, **cdp_registers.layer_words(layer.layer, layer.source, layer.target)}
    if isinstance(layer.layer, QuantisedPooling):
        pdp_registers.pooling_rdma(words, layer.layer, layer.source)
        function = layer.layer.pool.function
        size = (min(layer.source.height, function.covered(0)), min(layer.source.width, function.covered(1)))
        pdp_registers.pooling(words, layer.layer.pool, size, layer.target, on_the_fly=False)
        return words
    if isinstance(layer.layer, QuantisedPointwise):
        sdp_registers.pointwise(words, layer.layer, layer)
        return words
    if isinstance(layer.layer, QuantisedMove):
        sdp_registers.move(words, layer)
        return words
    conv = layer.layer
    assert isinstance(conv, QuantisedConv)
    if conv.pool is not None:
        pdp_registers.pooling(words, conv.pool, conv.size, layer.target, on_the_fly=True)
    sdp_registers.convolution(words, conv, layer)
    _cacc_cmac(words, conv)
    _csc(words, conv, layer)
    _cdma(words, conv, layer)
    return words


def shared_registers(layer: HardwareLayer) -> tuple[Words, dict[str, tuple[int, ...]]]:
    """Registers a layer needs that both groups of a unit share, and the contents of its look-up tables."""
    if isinstance(layer.layer, QuantisedChain) and (cdp := layer.layer.chain.cdp):
        return cdp.shared, cdp.entries
    if not isinstance(layer.layer, (QuantisedLrn, QuantisedCurve)):
        return {}, {}
    return cdp_registers.shared_words(layer.layer), cdp_registers.tables(layer.layer)


def address_registers(layer: HardwareLayer) -> dict[str, tuple[str, int]]:
    """Registers of a layer that hold an address inside a tensor -> (tensor's name, offset from its address)."""
    return {path: (tensor.memory, tensor.offset + offset) for tensor, path, offset in _address_registers(layer)}


def _address_registers(layer: HardwareLayer) -> Iterator[tuple[Tensor, str, int]]:
    """(tensor, register, offset) of all addresses of tensors a layer reads and writes."""
    if isinstance(layer.layer, QuantisedChain):
        yield from ((cast(Tensor, cube), path, 0) for cube, path in layer.layer.chain.address_registers())
        return
    writer = next(unit for unit in ("PDP", "CDP", "SDP") if unit in layer.units)
    yield layer.target, f"{writer}.D_DST_BASE_ADDR_LOW", 0
    if isinstance(layer.layer, QuantisedPooling):
        yield layer.source, "PDP_RDMA.D_SRC_BASE_ADDR_LOW", 0
    elif isinstance(layer.layer, (QuantisedLrn, QuantisedCurve)):
        yield layer.source, "CDP_RDMA.D_SRC_BASE_ADDR_LOW", 0
    elif isinstance(layer.layer, QuantisedAdd):
        yield layer.sources[0], "SDP_RDMA.D_SRC_BASE_ADDR_LOW", 0
        yield layer.sources[1], "SDP_RDMA.D_BN_BASE_ADDR_LOW", 0
        if layer.layer.again is not None:
            yield layer.sources[0], "SDP_RDMA.D_BS_BASE_ADDR_LOW", 0
    elif isinstance(layer.layer, (QuantisedMove, QuantisedPointwise)):
        yield layer.source, "SDP_RDMA.D_SRC_BASE_ADDR_LOW", 0
    elif isinstance(layer.layer, QuantisedMultiply):
        yield layer.sources[0], "SDP_RDMA.D_SRC_BASE_ADDR_LOW", 0
        stage = "BN" if sdp_registers.in_turns(layer.layer, layer) else "BS"
        yield layer.sources[1], f"SDP_RDMA.D_{stage}_BASE_ADDR_LOW", 0
        if layer.layer.zero_shift is not None:
            yield layer.sources[0], "SDP_RDMA.D_BN_BASE_ADDR_LOW", 0
    else:
        for summand in layer.sources[1:]:
            yield summand, "SDP_RDMA.D_BN_BASE_ADDR_LOW", 0
        for plane, offset in enumerate(layer.source.planes):
            yield layer.source, f"CDMA.D_DAIN_ADDR_LOW_{plane}", offset


def _cdma(words: Words, conv: QuantisedConv, layer: HardwareLayer) -> None:
    source, (kernels, channels, rows, columns) = layer.source, conv.weight.shape
    pixels = source.form == "pixels"
    put_zero(words, "CDMA.D_MISC_CFG", "CDMA.D_BATCH_NUMBER", "CDMA.D_WEIGHT_FORMAT", "CDMA.D_PIXEL_OFFSET")
    put_fields(words, "CDMA.D_DATAIN_FORMAT", DATAIN_FORMAT="PIXEL" if pixels else "FEATURE")
    if pixels:
        put_fields(
            words, "CDMA.D_DATAIN_FORMAT", PIXEL_FORMAT=source.pixel_format.code, PIXEL_SIGN_OVERRIDE="UNSIGNED_INT"
        )
    put_fields(words, "CDMA.D_DATAIN_SIZE_0", DATAIN_WIDTH=source.width - 1, DATAIN_HEIGHT=source.height - 1)
    put_fields(words, "CDMA.D_DATAIN_SIZE_1", DATAIN_CHANNEL=source.channels - 1)
    put(words, "CDMA.D_DAIN_RAM_TYPE", 1)
    put(words, "CDMA.D_LINE_STRIDE", source.line_strides[0])
    if len(source.line_strides) > 1:
        put(words, "CDMA.D_LINE_UV_STRIDE", source.line_strides[1])
    put(words, "CDMA.D_SURF_STRIDE", source.surface_stride)
    put_fields(words, "CDMA.D_DAIN_MAP", LINE_PACKED=int(source.line_packed), SURF_PACKED=int(source.surface_packed))
    put(words, "CDMA.D_ENTRY_PER_SLICE", layer.slice_entries - 1)
    put(words, "CDMA.D_FETCH_GRAIN", 0)
    put(words, "CDMA.D_WEIGHT_SIZE_0", rows * columns * channels - 1)
    put(words, "CDMA.D_WEIGHT_SIZE_1", kernels - 1)
    put(words, "CDMA.D_WEIGHT_RAM_TYPE", 1)
    put(words, "CDMA.D_WEIGHT_ADDR_LOW", layer.addresses["weights"])
    put(words, "CDMA.D_WEIGHT_BYTES", len(layer.blobs["weights"]))
    _converter(words, conv)
    put_fields(words, "CDMA.D_CONV_STRIDE", CONV_Y_STRIDE=conv.stride[0] - 1, CONV_X_STRIDE=conv.stride[1] - 1)
    put_fields(words, "CDMA.D_ZERO_PADDING", PAD_LEFT=conv.pad[1], PAD_RIGHT=layer.pad_right, PAD_TOP=conv.pad[0])
    put_fields(words, "CDMA.D_ZERO_PADDING_VALUE", PAD_VALUE=conv.pad_value)
    _banks(words, "CDMA", layer)


def _converter(words: Words, conv: QuantisedConv) -> None:
    """CDMA's input converter: pixels only, feature cubes pass unchanged."""
    conversion = conv.conversion
    if conversion is None:
        put_zero(words, "CDMA.D_CVT_CFG", "CDMA.D_MEAN_FORMAT")
        return
    offsets = (*conversion.offsets, 0, 0, 0)
    per_channel = len(set(conversion.offsets)) > 1
    put_fields(words, "CDMA.D_MEAN_FORMAT", MEAN_FORMAT=int(per_channel))
    if per_channel:
        put_fields(words, "CDMA.D_MEAN_GLOBAL_0", MEAN_RY=offsets[0], MEAN_GU=offsets[1])
        put_fields(words, "CDMA.D_MEAN_GLOBAL_1", MEAN_BV=offsets[2], MEAN_AX=offsets[3])
    put_fields(words, "CDMA.D_CVT_CFG", CVT_EN=1, CVT_TRUNCATE=conversion.shift)
    put(words, "CDMA.D_CVT_OFFSET", offsets[0])
    put(words, "CDMA.D_CVT_SCALE", conversion.scale)


def _csc(words: Words, conv: QuantisedConv, layer: HardwareLayer) -> None:
    source, (kernels, channels, rows, columns) = layer.source, conv.weight.shape
    pixels = source.form == "pixels"
    height, width = conv.size
    put_zero(words, "CSC.D_MISC_CFG", "CSC.D_BATCH_NUMBER", "CSC.D_POST_Y_EXTENSION", "CSC.D_WEIGHT_FORMAT")
    put_fields(words, "CSC.D_DATAIN_FORMAT", DATAIN_FORMAT="PIXEL" if pixels else "FEATURE")
    put_fields(words, "CSC.D_DATAIN_SIZE_EXT_0", DATAIN_WIDTH_EXT=source.width - 1, DATAIN_HEIGHT_EXT=source.height - 1)
    put(words, "CSC.D_DATAIN_SIZE_EXT_1", source.channels - 1)
    put(words, "CSC.D_ENTRY_PER_SLICE", layer.slice_entries - 1)
    extended = (1, columns * channels) if pixels else (columns, channels)
    put_fields(words, "CSC.D_WEIGHT_SIZE_EXT_0", WEIGHT_WIDTH_EXT=extended[0] - 1, WEIGHT_HEIGHT_EXT=rows - 1)
    put_fields(words, "CSC.D_WEIGHT_SIZE_EXT_1", WEIGHT_CHANNEL_EXT=extended[1] - 1, WEIGHT_KERNEL=kernels - 1)
    put(words, "CSC.D_WEIGHT_BYTES", len(layer.blobs["weights"]))
    put_fields(words, "CSC.D_DATAOUT_SIZE_0", DATAOUT_WIDTH=width - 1, DATAOUT_HEIGHT=height - 1)
    put(words, "CSC.D_DATAOUT_SIZE_1", kernels - 1)
    put(words, "CSC.D_ATOMICS", width * height - 1)
    put(words, "CSC.D_RELEASE", source.height - 1)
    put_fields(
        words, "CSC.D_CONV_STRIDE_EXT", CONV_Y_STRIDE_EXT=conv.stride[0] - 1, CONV_X_STRIDE_EXT=conv.stride[1] - 1
    )
    put_fields(words, "CSC.D_DILATION_EXT", Y_DILATION_EXT=conv.dilation[0] - 1, X_DILATION_EXT=conv.dilation[1] - 1)
    put_fields(words, "CSC.D_ZERO_PADDING", PAD_LEFT=conv.pad[1], PAD_TOP=conv.pad[0])
    put_fields(words, "CSC.D_ZERO_PADDING_VALUE", PAD_VALUE=conv.pad_value)
    _banks(words, "CSC", layer)


def _cacc_cmac(words: Words, conv: QuantisedConv) -> None:
    height, width = conv.size
    put_zero(words, "CMAC_A.D_MISC_CFG", "CMAC_B.D_MISC_CFG", "CACC.D_MISC_CFG", "CACC.D_CLIP_CFG")
    put_fields(words, "CACC.D_DATAOUT_SIZE_0", DATAOUT_WIDTH=width - 1, DATAOUT_HEIGHT=height - 1)
    put(words, "CACC.D_DATAOUT_SIZE_1", len(conv.weight) - 1)


def _banks(words: Words, unit: str, layer: HardwareLayer) -> None:
    put_fields(words, f"{unit}.D_BANK", DATA_BANK=layer.data_banks - 1, WEIGHT_BANK=layer.weight_banks - 1)

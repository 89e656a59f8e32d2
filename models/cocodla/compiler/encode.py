"""Hardware layers with addresses and banks -> register words (spec: programming.md sections 2, 5 and 6)."""

from __future__ import annotations

from collections.abc import Iterator

from cocodla import hw
from cocodla.compiler import limits, lrn_registers
from cocodla.compiler.ir import PoolFunction, Shape
from cocodla.compiler.lower import HardwareLayer
from cocodla.compiler.lrn import QuantisedLrn
from cocodla.compiler.quantize import (
    QuantisedAdd,
    QuantisedConv,
    QuantisedMove,
    QuantisedMultiply,
    QuantisedPool,
    QuantisedPooling,
)
from cocodla.compiler.tensors import Tensor
from cocodla.registers import MAP

MAX_STRIP = 1024
"""Columns of a strip: the partial width fields have 10 bits."""

Words = dict[str, int]
"""Register path -> 32-bit word, in the order of writing."""


def encode(layer: HardwareLayer) -> Words:
    """All registers of a layer that matter, D_OP_ENABLE excepted. Tensors are those of the first image in flight."""
    words: Words = {}
    for tensor, path, offset in _address_registers(layer):
        _plain(words, path, tensor.address + offset)
    if isinstance(layer.layer, QuantisedAdd):
        _add(words, layer.layer, layer)
        return words
    if isinstance(layer.layer, QuantisedMultiply):
        _multiply(words, layer.layer, layer)
        return words
    if isinstance(layer.layer, QuantisedLrn):
        return {**words, **lrn_registers.layer_words(layer.layer, layer.source, layer.target)}
    if isinstance(layer.layer, QuantisedPooling):
        _pdp_rdma(words, layer.layer, layer.source)
        function = layer.layer.pool.function
        size = (min(layer.source.height, function.covered(0)), min(layer.source.width, function.covered(1)))
        _pdp(words, layer.layer.pool, size, layer.target, on_the_fly=False)
        return words
    if isinstance(layer.layer, QuantisedMove):
        _move(words, layer)
        return words
    conv = layer.layer
    assert isinstance(conv, QuantisedConv)
    if conv.pool is not None:
        _pdp(words, conv.pool, conv.size, layer.target, on_the_fly=True)
    if conv.mean is not None:
        _sdp_mean(words, conv, layer)
    else:
        _sdp(words, conv, layer.target)
        _sdp_rdma(words, conv, layer)
    _cacc_cmac(words, conv)
    _csc(words, conv, layer)
    _cdma(words, conv, layer)
    return words


def shared_registers(layer: HardwareLayer) -> tuple[Words, dict[str, tuple[int, ...]]]:
    """Registers a layer needs that both groups of a unit share, and the contents of its look-up tables."""
    if not isinstance(layer.layer, QuantisedLrn):
        return {}, {}
    return lrn_registers.shared_words(layer.layer), lrn_registers.tables(layer.layer)


def address_registers(layer: HardwareLayer) -> dict[str, tuple[str, int]]:
    """Registers of a layer that hold an address inside a tensor -> (tensor's name, offset from its address)."""
    return {path: (tensor.memory, tensor.offset + offset) for tensor, path, offset in _address_registers(layer)}


def _address_registers(layer: HardwareLayer) -> Iterator[tuple[Tensor, str, int]]:
    """(tensor, register, offset) of all addresses of tensors a layer reads and writes."""
    writer = next(unit for unit in ("PDP", "CDP", "SDP") if unit in layer.units)
    yield layer.target, f"{writer}.D_DST_BASE_ADDR_LOW", 0
    if isinstance(layer.layer, QuantisedPooling):
        yield layer.source, "PDP_RDMA.D_SRC_BASE_ADDR_LOW", 0
    elif isinstance(layer.layer, QuantisedLrn):
        yield layer.source, "CDP_RDMA.D_SRC_BASE_ADDR_LOW", 0
    elif isinstance(layer.layer, QuantisedAdd):
        yield layer.sources[0], "SDP_RDMA.D_SRC_BASE_ADDR_LOW", 0
        yield layer.sources[1], "SDP_RDMA.D_BN_BASE_ADDR_LOW", 0
    elif isinstance(layer.layer, QuantisedMove):
        yield layer.source, "SDP_RDMA.D_SRC_BASE_ADDR_LOW", 0
    elif isinstance(layer.layer, QuantisedMultiply):
        yield layer.sources[0], "SDP_RDMA.D_SRC_BASE_ADDR_LOW", 0
        yield layer.sources[1], "SDP_RDMA.D_BS_BASE_ADDR_LOW", 0
    else:
        for summand in layer.sources[1:]:
            yield summand, "SDP_RDMA.D_BN_BASE_ADDR_LOW", 0
        for plane, offset in enumerate(layer.source.planes):
            yield layer.source, f"CDMA.D_DAIN_ADDR_LOW_{plane}", offset


def _set(words: Words, path: str, **fields: int | str) -> None:
    words[path] = MAP[path].encode(words.get(path, 0), **fields)


def _plain(words: Words, path: str, value: int) -> None:
    """Set a register whose one field fills it."""
    (only,) = MAP[path].fields
    words[path] = MAP[path].encode(0, **{only.name: value})


def _cdma(words: Words, conv: QuantisedConv, layer: HardwareLayer) -> None:
    source, (kernels, channels, rows, columns) = layer.source, conv.weight.shape
    pixels = source.form == "pixels"
    _plain_zero(words, "CDMA.D_MISC_CFG", "CDMA.D_BATCH_NUMBER", "CDMA.D_WEIGHT_FORMAT", "CDMA.D_PIXEL_OFFSET")
    _set(words, "CDMA.D_DATAIN_FORMAT", DATAIN_FORMAT="PIXEL" if pixels else "FEATURE")
    if pixels:
        _set(words, "CDMA.D_DATAIN_FORMAT", PIXEL_FORMAT=source.pixel_format.code, PIXEL_SIGN_OVERRIDE="UNSIGNED_INT")
    _set(words, "CDMA.D_DATAIN_SIZE_0", DATAIN_WIDTH=source.width - 1, DATAIN_HEIGHT=source.height - 1)
    _set(words, "CDMA.D_DATAIN_SIZE_1", DATAIN_CHANNEL=source.channels - 1)
    _plain(words, "CDMA.D_DAIN_RAM_TYPE", 1)
    _plain(words, "CDMA.D_LINE_STRIDE", source.line_strides[0])
    if len(source.line_strides) > 1:
        _plain(words, "CDMA.D_LINE_UV_STRIDE", source.line_strides[1])
    _plain(words, "CDMA.D_SURF_STRIDE", source.surface_stride)
    _set(words, "CDMA.D_DAIN_MAP", LINE_PACKED=int(source.line_packed), SURF_PACKED=int(source.surface_packed))
    _plain(words, "CDMA.D_ENTRY_PER_SLICE", layer.slice_entries - 1)
    _plain(words, "CDMA.D_FETCH_GRAIN", 0)
    _plain(words, "CDMA.D_WEIGHT_SIZE_0", rows * columns * channels - 1)
    _plain(words, "CDMA.D_WEIGHT_SIZE_1", kernels - 1)
    _plain(words, "CDMA.D_WEIGHT_RAM_TYPE", 1)
    _plain(words, "CDMA.D_WEIGHT_ADDR_LOW", layer.addresses["weights"])
    _plain(words, "CDMA.D_WEIGHT_BYTES", len(layer.blobs["weights"]))
    _converter(words, conv)
    _set(words, "CDMA.D_CONV_STRIDE", CONV_Y_STRIDE=conv.stride[0] - 1, CONV_X_STRIDE=conv.stride[1] - 1)
    _set(words, "CDMA.D_ZERO_PADDING", PAD_LEFT=conv.pad[1], PAD_RIGHT=layer.pad_right, PAD_TOP=conv.pad[0])
    _set(words, "CDMA.D_ZERO_PADDING_VALUE", PAD_VALUE=conv.pad_value)
    _banks(words, "CDMA", layer)


def _converter(words: Words, conv: QuantisedConv) -> None:
    """CDMA's input converter: pixels only, feature cubes pass unchanged."""
    conversion = conv.conversion
    if conversion is None:
        _plain_zero(words, "CDMA.D_CVT_CFG", "CDMA.D_MEAN_FORMAT")
        return
    offsets = (*conversion.offsets, 0, 0, 0)
    per_channel = len(set(conversion.offsets)) > 1
    _set(words, "CDMA.D_MEAN_FORMAT", MEAN_FORMAT=int(per_channel))
    if per_channel:
        _set(words, "CDMA.D_MEAN_GLOBAL_0", MEAN_RY=offsets[0], MEAN_GU=offsets[1])
        _set(words, "CDMA.D_MEAN_GLOBAL_1", MEAN_BV=offsets[2], MEAN_AX=offsets[3])
    _set(words, "CDMA.D_CVT_CFG", CVT_EN=1, CVT_TRUNCATE=conversion.shift)
    _plain(words, "CDMA.D_CVT_OFFSET", offsets[0])
    _plain(words, "CDMA.D_CVT_SCALE", conversion.scale)


def _csc(words: Words, conv: QuantisedConv, layer: HardwareLayer) -> None:
    source, (kernels, channels, rows, columns) = layer.source, conv.weight.shape
    pixels = source.form == "pixels"
    height, width = conv.size
    _plain_zero(words, "CSC.D_MISC_CFG", "CSC.D_BATCH_NUMBER", "CSC.D_POST_Y_EXTENSION", "CSC.D_WEIGHT_FORMAT")
    _set(words, "CSC.D_DATAIN_FORMAT", DATAIN_FORMAT="PIXEL" if pixels else "FEATURE")
    _set(words, "CSC.D_DATAIN_SIZE_EXT_0", DATAIN_WIDTH_EXT=source.width - 1, DATAIN_HEIGHT_EXT=source.height - 1)
    _plain(words, "CSC.D_DATAIN_SIZE_EXT_1", source.channels - 1)
    _plain(words, "CSC.D_ENTRY_PER_SLICE", layer.slice_entries - 1)
    extended = (1, columns * channels) if pixels else (columns, channels)
    _set(words, "CSC.D_WEIGHT_SIZE_EXT_0", WEIGHT_WIDTH_EXT=extended[0] - 1, WEIGHT_HEIGHT_EXT=rows - 1)
    _set(words, "CSC.D_WEIGHT_SIZE_EXT_1", WEIGHT_CHANNEL_EXT=extended[1] - 1, WEIGHT_KERNEL=kernels - 1)
    _plain(words, "CSC.D_WEIGHT_BYTES", len(layer.blobs["weights"]))
    _set(words, "CSC.D_DATAOUT_SIZE_0", DATAOUT_WIDTH=width - 1, DATAOUT_HEIGHT=height - 1)
    _plain(words, "CSC.D_DATAOUT_SIZE_1", kernels - 1)
    _plain(words, "CSC.D_ATOMICS", width * height - 1)
    _plain(words, "CSC.D_RELEASE", source.height - 1)
    _set(words, "CSC.D_CONV_STRIDE_EXT", CONV_Y_STRIDE_EXT=conv.stride[0] - 1, CONV_X_STRIDE_EXT=conv.stride[1] - 1)
    _set(words, "CSC.D_DILATION_EXT", Y_DILATION_EXT=conv.dilation[0] - 1, X_DILATION_EXT=conv.dilation[1] - 1)
    _set(words, "CSC.D_ZERO_PADDING", PAD_LEFT=conv.pad[1], PAD_TOP=conv.pad[0])
    _set(words, "CSC.D_ZERO_PADDING_VALUE", PAD_VALUE=conv.pad_value)
    _banks(words, "CSC", layer)


def _cacc_cmac(words: Words, conv: QuantisedConv) -> None:
    height, width = conv.size
    _plain_zero(words, "CMAC_A.D_MISC_CFG", "CMAC_B.D_MISC_CFG", "CACC.D_MISC_CFG", "CACC.D_CLIP_CFG")
    _set(words, "CACC.D_DATAOUT_SIZE_0", DATAOUT_WIDTH=width - 1, DATAOUT_HEIGHT=height - 1)
    _plain(words, "CACC.D_DATAOUT_SIZE_1", len(conv.weight) - 1)


def _sdp(words: Words, conv: QuantisedConv, target: Tensor) -> None:
    """BS: multiplier per channel. BN: bias per channel, then the activation. CVT: drop the fraction.

    With a summand BS takes the bias too, before the multiplier, and BN adds the summand. Of a large bias BS takes a
    part.
    """
    _cube_size(words, "SDP", (len(conv.weight), *conv.size))
    _sdp_common(words, None if conv.pool is not None else target, flying=True)
    _set(
        words, "SDP.D_DP_BS_CFG", BS_BYPASS=0, BS_ALU_BYPASS=int(not _adds_in_bs(conv)), BS_ALU_ALGO="SUM",
        BS_MUL_BYPASS=0, BS_MUL_PRELU=0, BS_RELU_BYPASS=1,
    )  # fmt: skip
    in_bs = conv.bias_shift if conv.has_summand else conv.early_shift
    _set(words, "SDP.D_DP_BS_ALU_CFG", BS_ALU_SRC="MEM", BS_ALU_SHIFT_VALUE=in_bs)
    _set(words, "SDP.D_DP_BS_MUL_CFG", BS_MUL_SRC="MEM", BS_MUL_SHIFT_VALUE=conv.multiplier_shift)
    leaky = conv.leaky
    _set(
        words, "SDP.D_DP_BN_CFG", BN_BYPASS=0, BN_ALU_BYPASS=0, BN_ALU_ALGO="SUM",
        BN_MUL_BYPASS=int(leaky is None), BN_MUL_PRELU=int(leaky is not None), BN_RELU_BYPASS=int(not conv.relu),
    )  # fmt: skip
    in_bn = conv.fraction if conv.has_summand else conv.bias_shift
    _set(words, "SDP.D_DP_BN_ALU_CFG", BN_ALU_SRC="MEM", BN_ALU_SHIFT_VALUE=in_bn)
    _set(
        words, "SDP.D_DP_BN_MUL_CFG", BN_MUL_SRC="MEM" if conv.slopes is not None else "REG",
        BN_MUL_SHIFT_VALUE=leaky.shift if leaky else 0,
    )  # fmt: skip
    _plain(words, "SDP.D_DP_BN_MUL_SRC_VALUE", leaky.operand if leaky else 0)
    _plain(words, "SDP.D_CVT_OFFSET", conv.offset)
    _plain(words, "SDP.D_CVT_SCALE", conv.scale)
    _plain(words, "SDP.D_CVT_SHIFT", conv.scale_shift)


def _sdp_mean(words: Words, conv: QuantisedConv, layer: HardwareLayer) -> None:
    """BS: takes the zero points out, then a multiplier by position, the same for all surfaces. BN: a second one and the
    shift. CVT: drop the fraction.
    """
    assert conv.mean is not None
    for unit in ("SDP", "SDP_RDMA"):
        _cube_size(words, unit, (len(conv.weight), *conv.size))
    _sdp_common(words, layer.target, flying=True)
    _set(
        words, "SDP.D_DP_BS_CFG", BS_BYPASS=0, BS_ALU_BYPASS=0, BS_ALU_ALGO="SUM", BS_MUL_BYPASS=0, BS_MUL_PRELU=0,
        BS_RELU_BYPASS=1,
    )  # fmt: skip
    # A zero point is 0 or -128: its shift leaves an operand of the kernel's size.
    _set(words, "SDP.D_DP_BS_ALU_CFG", BS_ALU_SRC="REG", BS_ALU_SHIFT_VALUE=7)
    _plain(words, "SDP.D_DP_BS_ALU_SRC_VALUE", conv.mean.correction >> 7)
    _set(words, "SDP.D_DP_BS_MUL_CFG", BS_MUL_SRC="MEM", BS_MUL_SHIFT_VALUE=0)
    _set(words, "SDP.D_DP_BN_CFG", BN_BYPASS=0, BN_ALU_BYPASS=1, BN_MUL_BYPASS=0, BN_MUL_PRELU=0, BN_RELU_BYPASS=1)
    _set(words, "SDP.D_DP_BN_ALU_CFG", BN_ALU_SRC="REG", BN_ALU_SHIFT_VALUE=0)
    _set(words, "SDP.D_DP_BN_MUL_CFG", BN_MUL_SRC="MEM", BN_MUL_SHIFT_VALUE=conv.mean.shift)
    _plain(words, "SDP.D_CVT_OFFSET", conv.offset)
    _plain(words, "SDP.D_CVT_SCALE", conv.scale)
    _plain(words, "SDP.D_CVT_SHIFT", conv.scale_shift)
    for engine, stage, role in (("B", "BS", "multiplier"), ("N", "BN", "second multiplier")):
        fields = {
            "DISABLE": "NO", "DATA_USE": "MUL", "DATA_SIZE": "TWO_BYTE", "DATA_MODE": "PER_ELEMENT", "RAM_TYPE": "MC",
        }  # fmt: skip
        path = f"SDP_RDMA.D_{engine}RDMA_CFG"
        _set(words, path, **{f"{engine}RDMA_{name}": value for name, value in fields.items()})
        _plain(words, f"SDP_RDMA.D_{stage}_BASE_ADDR_LOW", layer.addresses[role])
        _plain(words, f"SDP_RDMA.D_{stage}_LINE_STRIDE", 2 * hw.ATOM * conv.size[1])
        _plain(words, f"SDP_RDMA.D_{stage}_SURFACE_STRIDE", 0)
    _sdp_rdma_common(words, flying=True)


def _adds_in_bs(conv: QuantisedConv) -> bool:
    return conv.has_summand or conv.early is not None


def _sdp_rdma(words: Words, conv: QuantisedConv, layer: HardwareLayer) -> None:
    _cube_size(words, "SDP_RDMA", (len(conv.weight), *conv.size))
    _set(
        words, "SDP_RDMA.D_BRDMA_CFG", BRDMA_DISABLE="NO", BRDMA_DATA_USE="BOTH" if _adds_in_bs(conv) else "MUL",
        BRDMA_DATA_SIZE="TWO_BYTE", BRDMA_DATA_MODE="PER_KERNEL", BRDMA_RAM_TYPE="MC",
    )  # fmt: skip
    _plain(words, "SDP_RDMA.D_BS_BASE_ADDR_LOW", layer.addresses["multiplier"])
    if conv.has_summand:
        _operand_cube(words, "N", "ALU", layer.sources[1], per_channel=False)
    else:
        _set(
            words, "SDP_RDMA.D_NRDMA_CFG", NRDMA_DISABLE="NO", NRDMA_DATA_USE="ALU" if conv.slopes is None else "BOTH",
            NRDMA_DATA_SIZE="TWO_BYTE", NRDMA_DATA_MODE="PER_KERNEL", NRDMA_RAM_TYPE="MC",
        )  # fmt: skip
        _plain(words, "SDP_RDMA.D_BN_BASE_ADDR_LOW", layer.addresses["bias"])
    _sdp_rdma_common(words, flying=True)


def _operand_cube(words: Words, engine: str, use: str, cube: Tensor, per_channel: bool) -> None:
    """Operand engine B or N reads a cube of int8, or one value per channel. Its address is set elsewhere."""
    fields = {
        "DISABLE": "NO", "DATA_USE": use, "DATA_SIZE": "ONE_BYTE", "RAM_TYPE": "MC",
        "DATA_MODE": "PER_KERNEL" if per_channel else "PER_ELEMENT",
    }  # fmt: skip
    _set(words, f"SDP_RDMA.D_{engine}RDMA_CFG", **{f"{engine}RDMA_{name}": value for name, value in fields.items()})
    stage = {"B": "BS", "N": "BN"}[engine]
    _plain(words, f"SDP_RDMA.D_{stage}_LINE_STRIDE", cube.line_strides[0])
    _plain(words, f"SDP_RDMA.D_{stage}_SURFACE_STRIDE", cube.surface_stride)


def _multiply(words: Words, product: QuantisedMultiply, layer: HardwareLayer) -> None:
    """BS: the first cube, from memory, times the second. CVT: to output steps."""
    for unit in ("SDP", "SDP_RDMA"):
        _cube_size(words, unit, layer.target.shape)
    _sdp_common(words, layer.target, flying=False)
    _set(
        words, "SDP.D_DP_BS_CFG", BS_BYPASS=0, BS_ALU_BYPASS=int(product.first_alu == 0), BS_ALU_ALGO="SUM",
        BS_MUL_BYPASS=0, BS_MUL_PRELU=0, BS_RELU_BYPASS=int(not product.relu),
    )  # fmt: skip
    _set(words, "SDP.D_DP_BS_ALU_CFG", BS_ALU_SRC="REG", BS_ALU_SHIFT_VALUE=0)
    _plain(words, "SDP.D_DP_BS_ALU_SRC_VALUE", product.first_alu)
    _set(words, "SDP.D_DP_BS_MUL_CFG", BS_MUL_SRC="MEM", BS_MUL_SHIFT_VALUE=0)
    _set(words, "SDP.D_DP_BN_CFG", BN_BYPASS=1, BN_ALU_BYPASS=1, BN_MUL_BYPASS=1, BN_RELU_BYPASS=1)
    _plain(words, "SDP.D_CVT_OFFSET", product.offset)
    _plain(words, "SDP.D_CVT_SCALE", product.scale)
    _plain(words, "SDP.D_CVT_SHIFT", product.scale_shift)
    _plain(words, "SDP_RDMA.D_SRC_LINE_STRIDE", layer.source.line_strides[0])
    _plain(words, "SDP_RDMA.D_SRC_SURFACE_STRIDE", layer.source.surface_stride)
    _operand_cube(words, "B", "MUL", layer.sources[1], product.per_channel)
    _set(words, "SDP_RDMA.D_NRDMA_CFG", NRDMA_DISABLE="YES")
    _sdp_rdma_common(words, flying=False)


def _move(words: Words, layer: HardwareLayer) -> None:
    """SDP as a wire from memory to memory: what moves atoms is the strides of both sides."""
    for unit in ("SDP", "SDP_RDMA"):
        _cube_size(words, unit, layer.target.shape)
    _sdp_common(words, layer.target, flying=False)
    for stage in ("BS", "BN"):
        fields = {f"{stage}_{name}": 1 for name in ("BYPASS", "ALU_BYPASS", "MUL_BYPASS", "RELU_BYPASS")}
        _set(words, f"SDP.D_DP_{stage}_CFG", **fields)
    _plain(words, "SDP.D_CVT_OFFSET", 0)
    _plain(words, "SDP.D_CVT_SCALE", 1)
    _plain(words, "SDP.D_CVT_SHIFT", 0)
    _plain(words, "SDP_RDMA.D_SRC_LINE_STRIDE", layer.source.line_strides[0])
    _plain(words, "SDP_RDMA.D_SRC_SURFACE_STRIDE", layer.source.surface_stride)
    _set(words, "SDP_RDMA.D_BRDMA_CFG", BRDMA_DISABLE="YES")
    _set(words, "SDP_RDMA.D_NRDMA_CFG", NRDMA_DISABLE="YES")
    _sdp_rdma_common(words, flying=False)


def _add(words: Words, add: QuantisedAdd, layer: HardwareLayer) -> None:
    """BS: the first cube, from memory, times a register. BN: plus the second cube, shifted. CVT: to output steps."""
    second = layer.sources[1]
    for unit in ("SDP", "SDP_RDMA"):
        _cube_size(words, unit, layer.target.shape)
    _sdp_common(words, layer.target, flying=False)
    _set(
        words, "SDP.D_DP_BS_CFG", BS_BYPASS=0, BS_ALU_BYPASS=int(add.first_alu == 0), BS_ALU_ALGO="SUM",
        BS_MUL_BYPASS=0, BS_MUL_PRELU=0, BS_RELU_BYPASS=1,
    )  # fmt: skip
    _set(words, "SDP.D_DP_BS_ALU_CFG", BS_ALU_SRC="REG", BS_ALU_SHIFT_VALUE=0)
    _plain(words, "SDP.D_DP_BS_ALU_SRC_VALUE", add.first_alu)
    _set(words, "SDP.D_DP_BS_MUL_CFG", BS_MUL_SRC="REG", BS_MUL_SHIFT_VALUE=0)
    _plain(words, "SDP.D_DP_BS_MUL_SRC_VALUE", add.multiplier)
    _set(
        words, "SDP.D_DP_BN_CFG", BN_BYPASS=0, BN_ALU_BYPASS=0, BN_ALU_ALGO=add.operation.upper(),
        BN_MUL_BYPASS=1, BN_MUL_PRELU=0, BN_RELU_BYPASS=int(not add.relu),
    )  # fmt: skip
    _set(words, "SDP.D_DP_BN_ALU_CFG", BN_ALU_SRC="MEM", BN_ALU_SHIFT_VALUE=add.second_shift)
    _set(words, "SDP.D_DP_BN_MUL_CFG", BN_MUL_SRC="REG", BN_MUL_SHIFT_VALUE=0)
    _plain(words, "SDP.D_CVT_OFFSET", add.offset)
    _plain(words, "SDP.D_CVT_SCALE", add.scale)
    _plain(words, "SDP.D_CVT_SHIFT", add.scale_shift)
    _plain(words, "SDP_RDMA.D_SRC_LINE_STRIDE", layer.source.line_strides[0])
    _plain(words, "SDP_RDMA.D_SRC_SURFACE_STRIDE", layer.source.surface_stride)
    _set(words, "SDP_RDMA.D_BRDMA_CFG", BRDMA_DISABLE="YES")
    _operand_cube(words, "N", "ALU", second, add.per_channel)
    _sdp_rdma_common(words, flying=False)


def _sdp_common(words: Words, target: Tensor | None, flying: bool) -> None:
    """Where SDP gets its input and puts its output (`target` None: to PDP)."""
    if target is not None:
        _plain(words, "SDP.D_DST_LINE_STRIDE", target.line_strides[0])
        _plain(words, "SDP.D_DST_SURFACE_STRIDE", target.surface_stride)
    _set(words, "SDP.D_DP_EW_CFG", EW_BYPASS=1, EW_ALU_BYPASS=1, EW_MUL_BYPASS=1, EW_LUT_BYPASS=1)
    _set(words, "SDP.D_FEATURE_MODE_CFG", FLYING_MODE=int(flying), OUTPUT_DST="PDP" if target is None else "MEM")
    _plain(words, "SDP.D_DST_DMA_CFG", 1)
    _plain_zero(words, "SDP.D_DATA_FORMAT", "SDP.D_PERF_ENABLE")


def _sdp_rdma_common(words: Words, flying: bool) -> None:
    _set(words, "SDP_RDMA.D_ERDMA_CFG", ERDMA_DISABLE="YES")
    _set(words, "SDP_RDMA.D_FEATURE_MODE_CFG", FLYING_MODE=int(flying))
    _plain(words, "SDP_RDMA.D_SRC_DMA_CFG", 1)
    _plain_zero(words, "SDP_RDMA.D_PERF_ENABLE")


def _cube_size(words: Words, unit: str, shape: Shape) -> None:
    channels, height, width = shape
    _plain(words, f"{unit}.D_DATA_CUBE_WIDTH", width - 1)
    _plain(words, f"{unit}.D_DATA_CUBE_HEIGHT", height - 1)
    _plain(words, f"{unit}.D_DATA_CUBE_CHANNEL", channels - 1)


def _pdp(words: Words, pool: QuantisedPool, extent: tuple[int, int], target: Tensor, on_the_fly: bool) -> None:
    """`extent`: (height, width) of the input."""
    function = pool.function
    behind = [function.covered(axis) - extent[axis] for axis in (0, 1)]
    for side, (height, width) in (("IN", extent), ("OUT", (target.height, target.width))):
        _plain(words, f"PDP.D_DATA_CUBE_{side}_WIDTH", width - 1)
        _plain(words, f"PDP.D_DATA_CUBE_{side}_HEIGHT", height - 1)
        _plain(words, f"PDP.D_DATA_CUBE_{side}_CHANNEL", target.channels - 1)
    inputs, outputs = strips(function, extent[1], limits.pdp_columns(function))
    _set(
        words,
        "PDP.D_OPERATION_MODE_CFG",
        POOLING_METHOD=f"POOLING_METHOD_{function.kind.upper()}",
        FLYING_MODE="ON_FLYING" if on_the_fly else "OFF_FLYING",
        SPLIT_NUM=len(outputs) - 1,
    )
    _strip_widths(words, "PDP", "IN", inputs)
    _strip_widths(words, "PDP", "OUT", outputs)
    _set(
        words, "PDP.D_POOLING_KERNEL_CFG", KERNEL_WIDTH=function.kernel[1] - 1, KERNEL_HEIGHT=function.kernel[0] - 1,
        KERNEL_STRIDE_WIDTH=function.stride[1] - 1, KERNEL_STRIDE_HEIGHT=function.stride[0] - 1,
    )  # fmt: skip
    _plain(words, "PDP.D_RECIP_KERNEL_WIDTH", pool.recip_width)
    _plain(words, "PDP.D_RECIP_KERNEL_HEIGHT", pool.recip_height)
    _set(
        words, "PDP.D_POOLING_PADDING_CFG", PAD_LEFT=function.pad[1], PAD_TOP=function.pad[0],
        PAD_RIGHT=max(0, behind[1]), PAD_BOTTOM=max(0, behind[0]),
    )  # fmt: skip
    for count in range(1, 8):
        _plain(words, f"PDP.D_POOLING_PADDING_VALUE_{count}_CFG", count * pool.pad_value)
    _plain(words, "PDP.D_DST_LINE_STRIDE", target.line_strides[0])
    _plain(words, "PDP.D_DST_SURFACE_STRIDE", target.surface_stride)
    _plain(words, "PDP.D_DST_RAM_CFG", 1)
    _plain_zero(words, "PDP.D_DATA_FORMAT", "PDP.D_PERF_ENABLE")


def _pdp_rdma(words: Words, layer: QuantisedPooling, source: Tensor) -> None:
    function = layer.pool.function
    height, width = (min(extent, function.covered(axis)) for axis, extent in enumerate(source.shape[1:]))
    for path, value in (("WIDTH", width), ("HEIGHT", height), ("CHANNEL", source.channels)):
        _plain(words, f"PDP_RDMA.D_DATA_CUBE_IN_{path}", value - 1)
    _plain(words, "PDP_RDMA.D_FLYING_MODE", 1)
    _plain(words, "PDP_RDMA.D_SRC_LINE_STRIDE", source.line_strides[0])
    _plain(words, "PDP_RDMA.D_SRC_SURFACE_STRIDE", source.surface_stride)
    _plain(words, "PDP_RDMA.D_SRC_RAM_CFG", 1)
    _plain_zero(words, "PDP_RDMA.D_DATA_FORMAT", "PDP_RDMA.D_PERF_ENABLE")
    inputs, outputs = strips(function, width, limits.pdp_columns(function))
    _set(words, "PDP_RDMA.D_OPERATION_MODE_CFG", SPLIT_NUM=len(outputs) - 1)
    _strip_widths(words, "PDP_RDMA", "IN", inputs)
    _set(
        words, "PDP_RDMA.D_POOLING_KERNEL_CFG",
        KERNEL_WIDTH=function.kernel[1] - 1, KERNEL_STRIDE_WIDTH=function.stride[1] - 1,
    )  # fmt: skip


def strips(function: PoolFunction, width: int, columns: int) -> tuple[list[int], list[int]]:
    """(input, output) widths of the vertical strips PDP works in (spec: pdp.md section 5).

    columns: most output columns of a strip. Input widths of all strips but the first are without the overlap that
    is read again.
    """
    total, stride = function.size[1], function.stride[1]
    count = hw.ceil_div(total, min(columns, (MAX_STRIP - hw.PDP_MAX_KERNEL) // stride))
    outputs = [hw.ceil_div(total, count)] * (count - 1)
    outputs.append(total - sum(outputs))
    inputs = [out * stride for out in outputs]
    inputs[0] += function.kernel[1] - stride - function.pad[1]
    inputs[-1] += width - sum(inputs)
    return inputs, outputs


def _strip_widths(words: Words, unit: str, side: str, widths: list[int]) -> None:
    """First, middle and last strip; nothing reads them where there is one strip only."""
    register = f"{unit}.D_PARTIAL_WIDTH_{side}"
    words[register] = 0
    if len(widths) > 1:
        values = {"FIRST": widths[0], "LAST": widths[-1], "MID": widths[min(1, len(widths) - 2)]}
        _set(words, register, **{f"PARTIAL_WIDTH_{side}_{strip}": value - 1 for strip, value in values.items()})


def _banks(words: Words, unit: str, layer: HardwareLayer) -> None:
    _set(words, f"{unit}.D_BANK", DATA_BANK=layer.data_banks - 1, WEIGHT_BANK=layer.weight_banks - 1)


def _plain_zero(words: Words, *paths: str) -> None:
    """Registers of several fields (or one) that are all 0."""
    for path in paths:
        words[path] = 0

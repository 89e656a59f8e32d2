"""Registers of SDP and SDP_RDMA for every kind of layer (spec: sdp.md, programming.md section 6)."""

from __future__ import annotations

from cocodla import hw
from cocodla.compiler.hardware.layer import HardwareLayer
from cocodla.compiler.hardware.tensors import Tensor
from cocodla.compiler.hardware.words import Words, put, put_fields, put_zero
from cocodla.compiler.ir import Shape
from cocodla.compiler.quantisation.layers import Positions, QuantisedAdd, QuantisedConv, QuantisedMultiply
from cocodla.compiler.quantisation.pointwise import Operands, QuantisedPointwise, stages


def convolution(words: Words, conv: QuantisedConv, layer: HardwareLayer) -> None:
    """What follows a convolution."""
    if conv.positions is not None:
        by_position(words, conv, conv.positions, layer)
        return
    _convolution(words, conv, layer.target)
    _convolution_rdma(words, conv, layer)


def _convolution(words: Words, conv: QuantisedConv, target: Tensor) -> None:
    """BS: multiplier per channel. BN: bias per channel, then the activation. CVT: drop the fraction.

    With a summand BS takes the bias too, before the multiplier, and BN adds the summand. Of a large bias BS takes a
    part. Gains are a second multiplier in BN.
    """
    _cube_size(words, "SDP", (len(conv.weight), *conv.size))
    _common(words, None if conv.pool is not None else target, flying=True)
    put_fields(
        words, "SDP.D_DP_BS_CFG", BS_BYPASS=0, BS_ALU_BYPASS=int(not _adds_in_bs(conv)), BS_ALU_ALGO="SUM",
        BS_MUL_BYPASS=0, BS_MUL_PRELU=0, BS_RELU_BYPASS=1,
    )  # fmt: skip
    in_bs = conv.bias_shift if conv.has_summand else conv.early_shift
    put_fields(words, "SDP.D_DP_BS_ALU_CFG", BS_ALU_SRC="MEM", BS_ALU_SHIFT_VALUE=in_bs)
    put_fields(words, "SDP.D_DP_BS_MUL_CFG", BS_MUL_SRC="MEM", BS_MUL_SHIFT_VALUE=conv.multiplier_shift)
    leaky = conv.leaky
    put_fields(
        words, "SDP.D_DP_BN_CFG", BN_BYPASS=0, BN_ALU_BYPASS=0, BN_ALU_ALGO="SUM",
        BN_MUL_BYPASS=int(leaky is None and conv.gains is None), BN_MUL_PRELU=int(leaky is not None),
        BN_RELU_BYPASS=int(not conv.relu),
    )  # fmt: skip
    in_bn = conv.fraction if conv.has_summand else conv.bias_shift
    put_fields(words, "SDP.D_DP_BN_ALU_CFG", BN_ALU_SRC="MEM", BN_ALU_SHIFT_VALUE=in_bn)
    put_fields(
        words, "SDP.D_DP_BN_MUL_CFG", BN_MUL_SRC="MEM" if _factors_in_bn(conv) else "REG",
        BN_MUL_SHIFT_VALUE=leaky.shift if leaky else conv.gain_shift,
    )  # fmt: skip
    put(words, "SDP.D_DP_BN_MUL_SRC_VALUE", leaky.operand if leaky else 0)
    put(words, "SDP.D_CVT_OFFSET", conv.offset)
    put(words, "SDP.D_CVT_SCALE", conv.scale)
    put(words, "SDP.D_CVT_SHIFT", conv.scale_shift)


def by_position(words: Words, conv: QuantisedConv, positions: Positions, layer: HardwareLayer) -> None:
    """BS: takes the zero points out, then a multiplier by position, the same for all surfaces. BN: a second one and the
    shift. CVT: drop the fraction.
    """
    for unit in ("SDP", "SDP_RDMA"):
        _cube_size(words, unit, (len(conv.weight), *conv.size))
    _common(words, layer.target, flying=True)
    adds = positions.correction != 0
    both = adds and layer.one_source
    put_fields(
        words, "SDP.D_DP_BS_CFG", BS_BYPASS=0, BS_ALU_BYPASS=int(not adds), BS_ALU_ALGO="SUM", BS_MUL_BYPASS=0,
        BS_MUL_PRELU=0, BS_RELU_BYPASS=1,
    )  # fmt: skip
    put_fields(
        words, "SDP.D_DP_BS_ALU_CFG", BS_ALU_SRC="MEM" if both else "REG", BS_ALU_SHIFT_VALUE=positions.correction_shift
    )
    put(words, "SDP.D_DP_BS_ALU_SRC_VALUE", positions.correction)
    put_fields(words, "SDP.D_DP_BS_MUL_CFG", BS_MUL_SRC="MEM", BS_MUL_SHIFT_VALUE=0)
    put_fields(
        words, "SDP.D_DP_BN_CFG", BN_BYPASS=0, BN_ALU_BYPASS=1, BN_MUL_BYPASS=0, BN_MUL_PRELU=0, BN_RELU_BYPASS=1
    )
    put_fields(words, "SDP.D_DP_BN_ALU_CFG", BN_ALU_SRC="REG", BN_ALU_SHIFT_VALUE=0)
    put_fields(words, "SDP.D_DP_BN_MUL_CFG", BN_MUL_SRC="MEM", BN_MUL_SHIFT_VALUE=positions.shift)
    put(words, "SDP.D_CVT_OFFSET", conv.offset)
    put(words, "SDP.D_CVT_SCALE", conv.scale)
    put(words, "SDP.D_CVT_SHIFT", conv.scale_shift)
    engines = (("B", "BS", "multiplier", "BOTH" if both else "MUL"), ("N", "BN", "second multiplier", "MUL"))
    for engine, stage, role, use in engines:
        fields = {
            "DISABLE": "NO", "DATA_USE": use, "DATA_SIZE": "TWO_BYTE", "DATA_MODE": "PER_ELEMENT", "RAM_TYPE": "MC",
        }  # fmt: skip
        path = f"SDP_RDMA.D_{engine}RDMA_CFG"
        put_fields(words, path, **{f"{engine}RDMA_{name}": value for name, value in fields.items()})
        put(words, f"SDP_RDMA.D_{stage}_BASE_ADDR_LOW", layer.addresses[role])
        put(words, f"SDP_RDMA.D_{stage}_LINE_STRIDE", (4 if use == "BOTH" else 2) * hw.ATOM * conv.size[1])
        put(words, f"SDP_RDMA.D_{stage}_SURFACE_STRIDE", 0)
    _rdma_common(words, flying=True)


def _adds_in_bs(conv: QuantisedConv) -> bool:
    return conv.has_summand or conv.early is not None


def _factors_in_bn(conv: QuantisedConv) -> bool:
    return conv.slopes is not None or conv.gains is not None


def _convolution_rdma(words: Words, conv: QuantisedConv, layer: HardwareLayer) -> None:
    _cube_size(words, "SDP_RDMA", (len(conv.weight), *conv.size))
    put_fields(
        words, "SDP_RDMA.D_BRDMA_CFG", BRDMA_DISABLE="NO", BRDMA_DATA_USE="BOTH" if _adds_in_bs(conv) else "MUL",
        BRDMA_DATA_SIZE="TWO_BYTE", BRDMA_DATA_MODE="PER_KERNEL", BRDMA_RAM_TYPE="MC",
    )  # fmt: skip
    put(words, "SDP_RDMA.D_BS_BASE_ADDR_LOW", layer.addresses["multiplier"])
    if conv.has_summand:
        _operand_cube(words, "N", "ALU", layer.sources[1], per_channel=False)
    else:
        put_fields(
            words, "SDP_RDMA.D_NRDMA_CFG", NRDMA_DISABLE="NO", NRDMA_DATA_USE="BOTH" if _factors_in_bn(conv) else "ALU",
            NRDMA_DATA_SIZE="TWO_BYTE", NRDMA_DATA_MODE="PER_KERNEL", NRDMA_RAM_TYPE="MC",
        )  # fmt: skip
        put(words, "SDP_RDMA.D_BN_BASE_ADDR_LOW", layer.addresses["bias"])
    _rdma_common(words, flying=True)


def multiply(words: Words, product: QuantisedMultiply, layer: HardwareLayer) -> None:
    """BS: the first cube, from memory, times the second. BN: perhaps plus the first, shifted, times a register. CVT: to
    output steps. Where a stage has one source, and BS adds a register, BN multiplies by the second.
    """
    alone = product.zero_shift is None
    in_turn = in_turns(product, layer)
    for unit in ("SDP", "SDP_RDMA"):
        _cube_size(words, unit, layer.target.shape)
    _common(words, layer.target, flying=False)
    put_fields(
        words, "SDP.D_DP_BS_CFG", BS_BYPASS=0, BS_ALU_BYPASS=int(product.first_alu == 0), BS_ALU_ALGO="SUM",
        BS_MUL_BYPASS=int(in_turn), BS_MUL_PRELU=0, BS_RELU_BYPASS=1,
    )  # fmt: skip
    put_fields(words, "SDP.D_DP_BS_ALU_CFG", BS_ALU_SRC="REG", BS_ALU_SHIFT_VALUE=0)
    put(words, "SDP.D_DP_BS_ALU_SRC_VALUE", product.first_alu)
    put_fields(words, "SDP.D_DP_BS_MUL_CFG", BS_MUL_SRC="REG" if in_turn else "MEM", BS_MUL_SHIFT_VALUE=0)
    put(words, "SDP.D_CVT_OFFSET", product.offset)
    put(words, "SDP.D_CVT_SCALE", product.scale)
    put(words, "SDP.D_CVT_SHIFT", product.scale_shift)
    put(words, "SDP_RDMA.D_SRC_LINE_STRIDE", layer.source.line_strides[0])
    put(words, "SDP_RDMA.D_SRC_SURFACE_STRIDE", layer.source.surface_stride)
    _rdma_common(words, flying=False)
    _operand_cube(words, "N" if in_turn else "B", "MUL", layer.sources[1], product.per_channel)
    if in_turn:
        put_fields(words, "SDP_RDMA.D_BRDMA_CFG", BRDMA_DISABLE="YES")
    put_fields(
        words, "SDP.D_DP_BN_CFG", BN_BYPASS=0, BN_ALU_BYPASS=int(alone), BN_ALU_ALGO="SUM",
        BN_MUL_BYPASS=int(product.gain == 1 and not in_turn), BN_MUL_PRELU=0, BN_RELU_BYPASS=int(not product.relu),
    )  # fmt: skip
    put_fields(
        words, "SDP.D_DP_BN_ALU_CFG", BN_ALU_SRC="REG" if alone else "MEM", BN_ALU_SHIFT_VALUE=product.zero_shift or 0
    )
    put_fields(
        words, "SDP.D_DP_BN_MUL_CFG", BN_MUL_SRC="MEM" if in_turn else "REG", BN_MUL_SHIFT_VALUE=product.gain_shift
    )
    put(words, "SDP.D_DP_BN_MUL_SRC_VALUE", product.gain)
    if in_turn:
        return
    if alone:
        put_fields(words, "SDP_RDMA.D_NRDMA_CFG", NRDMA_DISABLE="YES")
    else:
        _operand_cube(words, "N", "ALU", layer.source, per_channel=False)


def in_turns(product: QuantisedMultiply, layer: HardwareLayer) -> bool:
    """True if BS takes the zero point off the first factor, and only BN multiplies: a stage has one source."""
    return layer.one_source and product.first_alu != 0


def move(words: Words, layer: HardwareLayer) -> None:
    """SDP as a wire from memory to memory: what moves atoms is the strides of both sides."""
    for unit in ("SDP", "SDP_RDMA"):
        _cube_size(words, unit, layer.target.shape)
    _common(words, layer.target, flying=False)
    for stage in ("BS", "BN"):
        fields = {f"{stage}_{name}": 1 for name in ("BYPASS", "ALU_BYPASS", "MUL_BYPASS", "RELU_BYPASS")}
        put_fields(words, f"SDP.D_DP_{stage}_CFG", **fields)
    put(words, "SDP.D_CVT_OFFSET", 0)
    put(words, "SDP.D_CVT_SCALE", 1)
    put(words, "SDP.D_CVT_SHIFT", 0)
    put(words, "SDP_RDMA.D_SRC_LINE_STRIDE", layer.source.line_strides[0])
    put(words, "SDP_RDMA.D_SRC_SURFACE_STRIDE", layer.source.surface_stride)
    put_fields(words, "SDP_RDMA.D_BRDMA_CFG", BRDMA_DISABLE="YES")
    put_fields(words, "SDP_RDMA.D_NRDMA_CFG", NRDMA_DISABLE="YES")
    _rdma_common(words, flying=False)


def pointwise(words: Words, layer: QuantisedPointwise, hardware: HardwareLayer) -> None:
    """BS: adds to the code and multiplies. BN: adds what is left, then the activation. CVT: drop the fraction."""
    for unit in ("SDP", "SDP_RDMA"):
        _cube_size(words, unit, hardware.target.shape)
    _common(words, hardware.target, flying=False)
    before, behind = stages(layer, hardware.one_source)
    leaky = layer.slopes is not None
    put_fields(
        words, "SDP.D_DP_BS_CFG", BS_BYPASS=0, BS_ALU_BYPASS=int(before.alu == 0), BS_ALU_ALGO="SUM",
        BS_MUL_BYPASS=0, BS_MUL_PRELU=0, BS_RELU_BYPASS=1,
    )  # fmt: skip
    put_fields(
        words, "SDP.D_DP_BN_CFG", BN_BYPASS=0, BN_ALU_BYPASS=int(behind.alu == 0), BN_ALU_ALGO="SUM",
        BN_MUL_BYPASS=int(layer.factors is None), BN_MUL_PRELU=int(leaky), BN_RELU_BYPASS=int(not layer.relu),
    )  # fmt: skip
    _stage(words, ("B", "BS"), before, (0, layer.shift), layer.input_shape, hardware)
    shifts = (layer.late_shift, layer.slope_shift if leaky else layer.gain_shift)
    _stage(words, ("N", "BN"), behind, shifts, layer.input_shape, hardware)
    put(words, "SDP.D_CVT_OFFSET", layer.offset)
    put(words, "SDP.D_CVT_SCALE", 1)
    put(words, "SDP.D_CVT_SHIFT", layer.fraction)
    put(words, "SDP_RDMA.D_SRC_LINE_STRIDE", hardware.source.line_strides[0])
    put(words, "SDP_RDMA.D_SRC_SURFACE_STRIDE", hardware.source.surface_stride)
    _rdma_common(words, flying=False)


def _stage(
    words: Words, names: tuple[str, str], stage: Operands, shifts: tuple[int, int], shape: Shape, place: HardwareLayer
) -> None:
    """Operands of a stage. names: of its engine and of itself; shifts: of ALU (left) and multiplier (right)."""
    engine, name = names
    alu = {f"{name}_ALU_SRC": "REG" if stage.alu is not None else "MEM", f"{name}_ALU_SHIFT_VALUE": shifts[0]}
    mul = {f"{name}_MUL_SRC": "REG" if stage.mul is not None else "MEM", f"{name}_MUL_SHIFT_VALUE": shifts[1]}
    put_fields(words, f"SDP.D_DP_{name}_ALU_CFG", **alu)
    put_fields(words, f"SDP.D_DP_{name}_MUL_CFG", **mul)
    put(words, f"SDP.D_DP_{name}_ALU_SRC_VALUE", stage.alu or 0)
    put(words, f"SDP.D_DP_{name}_MUL_SRC_VALUE", stage.mul or 0)
    path = f"SDP_RDMA.D_{engine}RDMA_CFG"
    if not stage.use:
        put_fields(words, path, **{f"{engine}RDMA_DISABLE": "YES"})
        return
    fields = {
        "DISABLE": "NO", "DATA_USE": stage.use, "DATA_SIZE": "TWO_BYTE", "RAM_TYPE": "MC",
        "DATA_MODE": "PER_ELEMENT" if stage.per_element else "PER_KERNEL",
    }  # fmt: skip
    put_fields(words, path, **{f"{engine}RDMA_{field}": value for field, value in fields.items()})
    put(words, f"SDP_RDMA.D_{name}_BASE_ADDR_LOW", place.addresses[name.lower()])
    put(words, f"SDP_RDMA.D_{name}_LINE_STRIDE", stage.group_bytes * shape[2])
    put(words, f"SDP_RDMA.D_{name}_SURFACE_STRIDE", stage.group_bytes * shape[1] * shape[2])


def add(words: Words, add: QuantisedAdd, layer: HardwareLayer) -> None:
    """BS: the first cube, from memory, times a register. BN: plus the second cube, shifted, times a register. CVT: to
    output steps.
    """
    second, alone = layer.sources[1], add.again is None
    for unit in ("SDP", "SDP_RDMA"):
        _cube_size(words, unit, layer.target.shape)
    _common(words, layer.target, flying=False)
    put_fields(
        words, "SDP.D_DP_BS_CFG", BS_BYPASS=0, BS_ALU_BYPASS=int(alone and add.first_alu == 0), BS_ALU_ALGO="SUM",
        BS_MUL_BYPASS=0, BS_MUL_PRELU=0, BS_RELU_BYPASS=1,
    )  # fmt: skip
    put_fields(
        words, "SDP.D_DP_BS_ALU_CFG", BS_ALU_SRC="REG" if alone else "MEM", BS_ALU_SHIFT_VALUE=add.again or 0
    )
    put(words, "SDP.D_DP_BS_ALU_SRC_VALUE", add.first_alu if alone else 0)
    put_fields(words, "SDP.D_DP_BS_MUL_CFG", BS_MUL_SRC="REG", BS_MUL_SHIFT_VALUE=0)
    put(words, "SDP.D_DP_BS_MUL_SRC_VALUE", add.multiplier)
    put_fields(
        words, "SDP.D_DP_BN_CFG", BN_BYPASS=0, BN_ALU_BYPASS=0, BN_ALU_ALGO=add.operation.upper(),
        BN_MUL_BYPASS=int(add.gain == 1), BN_MUL_PRELU=0, BN_RELU_BYPASS=int(not add.relu),
    )  # fmt: skip
    put_fields(words, "SDP.D_DP_BN_ALU_CFG", BN_ALU_SRC="MEM", BN_ALU_SHIFT_VALUE=add.second_shift)
    put_fields(words, "SDP.D_DP_BN_MUL_CFG", BN_MUL_SRC="REG", BN_MUL_SHIFT_VALUE=add.gain_shift)
    put(words, "SDP.D_DP_BN_MUL_SRC_VALUE", add.gain)
    put(words, "SDP.D_CVT_OFFSET", add.offset)
    put(words, "SDP.D_CVT_SCALE", add.scale)
    put(words, "SDP.D_CVT_SHIFT", add.scale_shift)
    put(words, "SDP_RDMA.D_SRC_LINE_STRIDE", layer.source.line_strides[0])
    put(words, "SDP_RDMA.D_SRC_SURFACE_STRIDE", layer.source.surface_stride)
    if alone:
        put_fields(words, "SDP_RDMA.D_BRDMA_CFG", BRDMA_DISABLE="YES")
    else:
        _operand_cube(words, "B", "ALU", layer.source, per_channel=False)
    _operand_cube(words, "N", "ALU", second, add.per_channel)
    _rdma_common(words, flying=False)


def _operand_cube(words: Words, engine: str, use: str, cube: Tensor, per_channel: bool) -> None:
    """Operand engine B or N reads a cube of int8, or one value per channel. Its address is set elsewhere."""
    fields = {
        "DISABLE": "NO", "DATA_USE": use, "DATA_SIZE": "ONE_BYTE", "RAM_TYPE": "MC",
        "DATA_MODE": "PER_KERNEL" if per_channel else "PER_ELEMENT",
    }  # fmt: skip
    put_fields(
        words, f"SDP_RDMA.D_{engine}RDMA_CFG", **{f"{engine}RDMA_{name}": value for name, value in fields.items()}
    )
    stage = {"B": "BS", "N": "BN"}[engine]
    put(words, f"SDP_RDMA.D_{stage}_LINE_STRIDE", cube.line_strides[0])
    put(words, f"SDP_RDMA.D_{stage}_SURFACE_STRIDE", cube.surface_stride)


def _common(words: Words, target: Tensor | None, flying: bool) -> None:
    """Where SDP gets its input and puts its output (`target` None: to PDP)."""
    if target is not None:
        put(words, "SDP.D_DST_LINE_STRIDE", target.line_strides[0])
        put(words, "SDP.D_DST_SURFACE_STRIDE", target.surface_stride)
    put_fields(words, "SDP.D_DP_EW_CFG", EW_BYPASS=1, EW_ALU_BYPASS=1, EW_MUL_BYPASS=1, EW_LUT_BYPASS=1)
    put_fields(words, "SDP.D_FEATURE_MODE_CFG", FLYING_MODE=int(flying), OUTPUT_DST="PDP" if target is None else "MEM")
    put(words, "SDP.D_DST_DMA_CFG", 1)
    put_zero(words, "SDP.D_DATA_FORMAT", "SDP.D_PERF_ENABLE")


def _rdma_common(words: Words, flying: bool) -> None:
    put_fields(words, "SDP_RDMA.D_ERDMA_CFG", ERDMA_DISABLE="YES")
    put_fields(words, "SDP_RDMA.D_FEATURE_MODE_CFG", FLYING_MODE=int(flying))
    put(words, "SDP_RDMA.D_SRC_DMA_CFG", 1)
    put_zero(words, "SDP_RDMA.D_PERF_ENABLE")


def _cube_size(words: Words, unit: str, shape: Shape) -> None:
    channels, height, width = shape
    put(words, f"{unit}.D_DATA_CUBE_WIDTH", width - 1)
    put(words, f"{unit}.D_DATA_CUBE_HEIGHT", height - 1)
    put(words, f"{unit}.D_DATA_CUBE_CHANNEL", channels - 1)

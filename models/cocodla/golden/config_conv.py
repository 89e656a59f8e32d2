"""Configuration of the convolution pipeline, decoded from CDMA, CSC and CACC registers (see config)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cocodla.formats.feature import CubeLayout
from cocodla.formats.pixels import PIXEL_FORMATS, PixelFormat
from cocodla.golden.rules import require, require_present
from cocodla.golden.snapshot import Snapshot
from cocodla.hw import ATOM, CBUF_BANK_BYTES, CBUF_BANK_ENTRIES, CBUF_BANKS, ceil_div, surfaces


@dataclass(frozen=True)
class Converter:
    """CDMA input converter (cdma.md 5): clamp8(round((x - offset) * scale >> truncate))."""

    offset: int = 0
    scale: int = 1
    truncate: int = 0
    means: tuple[int, int, int, int] | None = None
    """Per-channel offsets instead of `offset` (image mode with MEAN_FORMAT)."""


@dataclass(frozen=True)
class CdmaConfig:
    """CDMA (cdma.md 1). pixel_format is None for feature input; image-only fields are 0 then."""

    width: int
    height: int
    channels: int
    address: int
    line_stride: int
    surface_stride: int
    entries: int
    kernels: int
    kernel_bytes: int
    weight_address: int
    weight_bytes: int
    data_banks: int
    weight_banks: int
    converter: Converter | None = None
    data_reuse: bool = False
    weight_reuse: bool = False
    skip_data_release: bool = False
    skip_weight_release: bool = False
    packed_1x1: bool = False
    grains: int = 1
    pixel_format: PixelFormat | None = None
    signed_pixels: bool = False
    x_offset: int = 0
    chroma_address: int = 0
    chroma_stride: int = 0
    pad_left: int = 0
    pad_right: int = 0
    pad_value: int = 0

    @property
    def layout(self) -> CubeLayout:
        """The feature cube; in 1x1 packed mode one line of atoms (cdma.md 3)."""
        if self.packed_1x1:
            return CubeLayout.packed(1, 1, self.channels)
        return CubeLayout(self.width, self.height, self.channels, self.line_stride, self.surface_stride)

    @staticmethod
    def from_registers(cdma: Snapshot) -> CdmaConfig:
        misc, size, bank = "D_MISC_CFG.", "D_DATAIN_SIZE_0.", "D_BANK."
        require_present(not cdma.flag(misc + "CONV_MODE"), "CDMA.CONV_MODE must be 0 (there is no winograd)")
        require(cdma.get(misc + "PROC_PRECISION") == 0, "CDMA.PROC_PRECISION must be 0 (int8)")
        require(cdma.flag("D_DAIN_RAM_TYPE"), "CDMA.DATAIN_RAM_TYPE 0: there is no such memory")
        require(cdma.flag("D_WEIGHT_RAM_TYPE"), "CDMA.WEIGHT_RAM_TYPE 0: there is no such memory")
        require_present(cdma.get("D_BATCH_NUMBER") == 0, "CDMA.BATCHES must be 0 (there is no batch mode)")
        image = cdma.flag("D_DATAIN_FORMAT.DATAIN_FORMAT")
        width, height = cdma.size(size + "DATAIN_WIDTH"), cdma.size(size + "DATAIN_HEIGHT")
        config = CdmaConfig(
            width=width,
            height=height,
            channels=cdma.size("D_DATAIN_SIZE_1"),
            address=cdma.address("D_DAIN_ADDR_LOW_0"),
            line_stride=cdma.address("D_LINE_STRIDE"),
            surface_stride=cdma.address("D_SURF_STRIDE"),
            entries=cdma.size("D_ENTRY_PER_SLICE"),
            kernels=cdma.size("D_WEIGHT_SIZE_1"),
            kernel_bytes=cdma.size("D_WEIGHT_SIZE_0"),
            weight_address=cdma.address("D_WEIGHT_ADDR_LOW"),
            weight_bytes=cdma.get("D_WEIGHT_BYTES"),
            data_banks=cdma.size(bank + "DATA_BANK"),
            weight_banks=cdma.size(bank + "WEIGHT_BANK"),
            converter=_converter(cdma, image) if cdma.flag("D_CVT_CFG.CVT_EN") else None,
            data_reuse=cdma.flag(misc + "DATA_REUSE"),
            weight_reuse=cdma.flag(misc + "WEIGHT_REUSE"),
            skip_data_release=cdma.flag(misc + "SKIP_DATA_RLS"),
            skip_weight_release=cdma.flag(misc + "SKIP_WEIGHT_RLS"),
            packed_1x1=width == 1 and height == 1 and cdma.flag("D_DAIN_MAP.SURF_PACKED"),
            grains=cdma.size("D_FETCH_GRAIN") if cdma.flag("D_DAIN_MAP.LINE_PACKED") else 1,
        )
        return _with_image(config, cdma) if image else config


def _converter(cdma: Snapshot, image: bool) -> Converter:
    means = None
    if image and cdma.flag("D_MEAN_FORMAT"):
        first, second = "D_MEAN_GLOBAL_0.MEAN_", "D_MEAN_GLOBAL_1.MEAN_"
        ry, gu = cdma.signed(first + "RY", 16), cdma.signed(first + "GU", 16)
        means = (ry, gu, cdma.signed(second + "BV", 16), cdma.signed(second + "AX", 16))
    return Converter(
        offset=cdma.signed("D_CVT_OFFSET", 16),
        scale=cdma.signed("D_CVT_SCALE", 16),
        truncate=cdma.get("D_CVT_CFG.CVT_TRUNCATE"),
        means=means,
    )


def _with_image(config: CdmaConfig, cdma: Snapshot) -> CdmaConfig:
    code = cdma.get("D_DATAIN_FORMAT.PIXEL_FORMAT")
    require_present(code in PIXEL_FORMATS, f"CDMA.PIXEL_FORMAT {code} is not implemented")
    fmt = PIXEL_FORMATS[code]
    x_offset = cdma.get("D_PIXEL_OFFSET.PIXEL_X_OFFSET")
    require(
        x_offset <= fmt.max_x_offset,
        f"CDMA.PIXEL_X_OFFSET is {x_offset}, beyond the first atom of {fmt.name}: 0 to {fmt.max_x_offset} (cdma.md 10)",
    )
    require(config.channels == fmt.channels, f"CDMA.DATAIN_CHANNEL is {config.channels}, {fmt.name} has {fmt.channels}")
    return replace(
        config,
        pixel_format=fmt,
        signed_pixels=cdma.flag("D_DATAIN_FORMAT.PIXEL_SIGN_OVERRIDE"),
        x_offset=x_offset,
        chroma_address=cdma.address("D_DAIN_ADDR_LOW_1"),
        chroma_stride=cdma.address("D_LINE_UV_STRIDE"),
        pad_left=cdma.get("D_ZERO_PADDING.PAD_LEFT"),
        pad_right=cdma.get("D_ZERO_PADDING.PAD_RIGHT"),
        pad_value=cdma.signed("D_ZERO_PADDING_VALUE", 8),
    )


@dataclass(frozen=True)
class CscConfig:
    """CSC and CACC (csc_cmac_cacc.md 1, 6): what is computed from the lines and weights in CBUF.

    channels: of a kernel as the MACs see it, E = S*C in image mode, where kernel_width is 1.
    pixel_channels: bytes per pixel in image mode, else 0. rows_merged: N of post-extension.
    """

    width: int
    height: int
    channels: int
    kernels: int
    kernel_width: int
    kernel_height: int
    out_width: int
    out_height: int
    entries: int
    data_banks: int
    weight_banks: int
    weight_bytes: int
    image: bool = False
    pixel_channels: int = 0
    rows_merged: int = 1
    stride_x: int = 1
    stride_y: int = 1
    dilation_x: int = 1
    dilation_y: int = 1
    pad_left: int = 0
    pad_top: int = 0
    pad_value: int = 0
    release_lines: int = 1
    data_reuse: bool = False
    weight_reuse: bool = False
    skip_data_release: bool = False
    skip_weight_release: bool = False
    clip_truncate: int = 0

    @property
    def kernel_bytes(self) -> int:
        return self.kernel_width * self.kernel_height * self.channels

    @staticmethod
    def from_registers(csc: Snapshot, cacc: Snapshot) -> CscConfig:
        misc, size, bank = "D_MISC_CFG.", "D_DATAIN_SIZE_EXT_0.", "D_BANK."
        require_present(not csc.flag(misc + "CONV_MODE"), "CSC.CONV_MODE must be 0 (there is no winograd)")
        require_present(not csc.flag("D_WEIGHT_FORMAT"), "CSC.WEIGHT_FORMAT must be 0 (there is no compression)")
        image = csc.flag("D_DATAIN_FORMAT")
        extension = csc.get("D_POST_Y_EXTENSION")
        require(extension < (3 if image else 1), f"CSC.Y_EXTENSION {extension} is illegal in this mode")
        out_width, out_height = csc.size("D_DATAOUT_SIZE_0.DATAOUT_WIDTH"), csc.size("D_DATAOUT_SIZE_0.DATAOUT_HEIGHT")
        if not image:
            atomics = csc.size("D_ATOMICS")
            require(
                atomics == out_width * out_height, f"CSC.ATOMICS is {atomics}, the output {out_width} x {out_height}"
            )
        return CscConfig(
            width=csc.size(size + "DATAIN_WIDTH_EXT"),
            height=csc.size(size + "DATAIN_HEIGHT_EXT"),
            channels=csc.size("D_WEIGHT_SIZE_EXT_1.WEIGHT_CHANNEL_EXT"),
            kernels=csc.size("D_WEIGHT_SIZE_EXT_1.WEIGHT_KERNEL"),
            kernel_width=1 if image else csc.size("D_WEIGHT_SIZE_EXT_0.WEIGHT_WIDTH_EXT"),
            kernel_height=csc.size("D_WEIGHT_SIZE_EXT_0.WEIGHT_HEIGHT_EXT"),
            out_width=out_width,
            out_height=out_height,
            entries=csc.size("D_ENTRY_PER_SLICE"),
            data_banks=csc.size(bank + "DATA_BANK"),
            weight_banks=csc.size(bank + "WEIGHT_BANK"),
            weight_bytes=csc.get("D_WEIGHT_BYTES"),
            image=image,
            pixel_channels=(1, 1, 3, 4)[csc.get("D_DATAIN_SIZE_EXT_1") & 3] if image else 0,
            rows_merged=1 << extension,
            stride_x=csc.size("D_CONV_STRIDE_EXT.CONV_X_STRIDE_EXT"),
            stride_y=csc.size("D_CONV_STRIDE_EXT.CONV_Y_STRIDE_EXT"),
            dilation_x=1 if image else csc.size("D_DILATION_EXT.X_DILATION_EXT"),
            dilation_y=1 if image else csc.size("D_DILATION_EXT.Y_DILATION_EXT"),
            pad_left=0 if image else csc.get("D_ZERO_PADDING.PAD_LEFT"),
            pad_top=csc.get("D_ZERO_PADDING.PAD_TOP"),
            pad_value=csc.signed("D_ZERO_PADDING_VALUE", 8),
            release_lines=csc.size("D_RELEASE"),
            data_reuse=csc.flag(misc + "DATA_REUSE"),
            weight_reuse=csc.flag(misc + "WEIGHT_REUSE"),
            skip_data_release=csc.flag(misc + "SKIP_DATA_RLS"),
            skip_weight_release=csc.flag(misc + "SKIP_WEIGHT_RLS"),
            clip_truncate=cacc.get("D_CLIP_CFG"),
        )


@dataclass(frozen=True)
class ConvConfig:
    """A convolution layer: what is fetched and what is computed."""

    cdma: CdmaConfig
    csc: CscConfig

    def check(self) -> None:
        """convolution.md 3 and 4: CDMA and CSC agree, everything fits CBUF."""
        cdma, csc = self.cdma, self.csc
        image = cdma.pixel_format is not None
        pairs = [
            ("DATAIN_FORMAT", image, csc.image),
            ("ENTRIES", cdma.entries, csc.entries),
            ("DATA_BANK", cdma.data_banks, csc.data_banks),
            ("WEIGHT_BANK", cdma.weight_banks, csc.weight_banks),
            ("DATA_REUSE", cdma.data_reuse, csc.data_reuse),
            ("WEIGHT_REUSE", cdma.weight_reuse, csc.weight_reuse),
            ("SKIP_DATA_RLS", cdma.skip_data_release, csc.skip_data_release),
            ("SKIP_WEIGHT_RLS", cdma.skip_weight_release, csc.skip_weight_release),
            ("WEIGHT_KERNEL", cdma.kernels, csc.kernels),
            ("WEIGHT_BYTES", cdma.weight_bytes, csc.weight_bytes),
            ("bytes per kernel", cdma.kernel_bytes, csc.kernel_bytes),
        ]
        if image:
            pairs += [
                ("pixel channels", cdma.channels, csc.pixel_channels),
                ("PAD_VALUE", cdma.pad_value, csc.pad_value),
            ]
        else:
            pairs += [
                ("DATAIN_WIDTH", cdma.width, csc.width),
                ("channel count", cdma.channels, csc.channels),
            ]
        for name, ours, theirs in pairs:
            require(ours == theirs, f"{name} is {ours} in CDMA, {theirs} in CSC (convolution.md 3)")
        self._check_buffer()

    def _check_buffer(self) -> None:
        cdma, csc = self.cdma, self.csc
        banks = csc.data_banks + csc.weight_banks
        require(banks <= CBUF_BANKS, f"{banks} CBUF banks used, there are {CBUF_BANKS}")
        room = csc.data_banks * CBUF_BANK_ENTRIES
        need = csc.entries * csc.height
        require(need <= room, f"{csc.height} lines of {csc.entries} entries do not fit {csc.data_banks} data banks")
        require(cdma.grains * cdma.entries <= room, "CDMA.GRAINS lines do not fit the data banks")
        require(csc.release_lines <= csc.height, f"CSC.RLS_SLICES {csc.release_lines} exceeds {csc.height} lines")
        stream = csc.kernels * csc.kernel_bytes
        require(
            csc.weight_bytes % ATOM == 0 and csc.weight_bytes >= stream,
            f"WEIGHT_BYTES {csc.weight_bytes}: a multiple of 8 from {stream} is needed",
        )
        tail = csc.kernels % ATOM or ATOM
        last = csc.weight_bytes - (csc.kernels - tail) * csc.kernel_bytes
        group = max(last, ATOM * csc.kernel_bytes if csc.kernels > tail else 0)
        if csc.skip_weight_release:
            group = csc.weight_bytes
        room = csc.weight_banks * CBUF_BANK_BYTES
        require(group <= room, f"{group} bytes of weights exceed {csc.weight_banks} weight banks (convolution.md 4)")
        self._check_lines()

    def _check_lines(self) -> None:
        cdma, csc = self.cdma, self.csc
        if cdma.pixel_format is None:
            need = cdma.width * surfaces(cdma.channels)
        else:
            length = (cdma.pad_left + cdma.width + cdma.pad_right) * csc.pixel_channels
            need = ceil_div(length, ATOM)
            used = (csc.out_width - 1) * csc.stride_x * csc.pixel_channels + csc.channels
            require(used <= length, f"image line of {length} bytes with padding, the last window ends at {used}")
            lanes = ATOM // csc.rows_merged
            require(
                csc.rows_merged == 1 or (csc.channels <= lanes and csc.stride_x * csc.pixel_channels <= lanes),
                f"post-extension by {csc.rows_merged} lines: kernel line and stride must be at most {lanes} bytes",
            )
        require(cdma.entries >= need, f"ENTRIES {cdma.entries}: a line needs {need}")

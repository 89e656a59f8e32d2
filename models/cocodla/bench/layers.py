"""The layers the benchmark measures: single layers of known networks, and series of 1x1 convolutions.

Large layers are cut in height or kernels to what fits the convolution buffer in one piece.
"""

from __future__ import annotations

from dataclasses import dataclass

from cocodla.golden.config import Pooling, Split
from cocodla.hw import ATOM, CBUF_BANK_ENTRIES, CBUF_BANKS, align, ceil_div, surfaces


@dataclass(frozen=True)
class Traffic:
    """What a layer asks for: cycles of the MAC array, one kernel element a cycle, and memory beats of 8 bytes."""

    mac_cycles: int
    read_beats: int
    write_beats: int

    def bound(self, every: int = 1) -> int:
        """Cycles of a machine that takes one kernel element of 8 channels a cycle (ours two of at most 4 channels).

        The memory takes a request every n-th cycle.
        """
        return max(self.mac_cycles, self.read_beats * every, self.write_beats * every)


@dataclass(frozen=True)
class ConvShape:
    """A convolution with `kernels` kernels of size x size; pads: left, right, top, bottom.

    image: the input is 1 or 4-channel pixels through the converter. bias: per channel, 2 bytes, from memory.
    pool: max pooling of pool x pool behind it, on the fly.
    """

    width: int
    height: int
    channels: int
    kernels: int
    size: int
    stride: int = 1
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    image: bool = False
    bias: bool = False
    pool: int = 1

    @property
    def out_width(self) -> int:
        return (self.width + self.pads[0] + self.pads[1] - self.size) // self.stride + 1

    @property
    def out_height(self) -> int:
        return (self.height + self.pads[2] + self.pads[3] - self.size) // self.stride + 1

    @property
    def operations(self) -> int:
        """MAC steps of 8 channels for one output of a kernel group."""
        if self.image:
            return self.size * ceil_div(self.size * self.channels, ATOM)
        return self.size * self.size * surfaces(self.channels)

    @property
    def entries(self) -> int:
        """CBUF entries of an input line."""
        if self.image:
            return ceil_div((self.pads[0] + self.width + self.pads[1]) * self.channels, ATOM)
        return self.width * surfaces(self.channels)

    @property
    def data_banks(self) -> int:
        return ceil_div(self.entries * self.height, CBUF_BANK_ENTRIES)

    @property
    def weight_banks(self) -> int:
        return CBUF_BANKS - self.data_banks

    @property
    def kernel_bytes(self) -> int:
        return self.size * self.size * self.channels

    @property
    def weight_bytes(self) -> int:
        return align(self.kernels * self.kernel_bytes)

    @property
    def traffic(self) -> Traffic:
        line = ceil_div(self.width * self.channels, ATOM) if self.image else self.entries
        operands = surfaces(self.kernels) * 2 if self.bias else 0
        groups = surfaces(self.kernels)
        return Traffic(
            self.out_width * self.out_height * self.operations * groups,
            line * self.height + self.weight_bytes // ATOM + operands,
            (self.out_width // self.pool) * (self.out_height // self.pool) * groups,
        )


@dataclass(frozen=True)
class SdpShape:
    """SDP from memory to memory. operation: copy; add (a second cube); biasscale (2 x 2 bytes per channel)."""

    width: int
    height: int
    channels: int
    operation: str

    @property
    def traffic(self) -> Traffic:
        atoms = self.width * self.height * surfaces(self.channels)
        extra = {"copy": 0, "add": atoms, "biasscale": 4 * surfaces(self.channels)}[self.operation]
        return Traffic(0, atoms + extra, atoms)


@dataclass(frozen=True)
class PdpShape:
    """Pooling from memory to memory; pad: at the right and at the bottom. split: two vertical strips."""

    width: int
    height: int
    channels: int
    method: Pooling
    kernel: int
    stride: int
    pad: int = 0
    split: bool = False

    @property
    def out_width(self) -> int:
        return (self.width + self.pad - self.kernel) // self.stride + 1

    @property
    def out_height(self) -> int:
        return (self.height + self.pad - self.kernel) // self.stride + 1

    @property
    def strips(self) -> Split | None:
        if not self.split:
            return None
        half_in, half_out = self.width // 2, self.out_width // 2
        return Split(2, half_in, 1, half_in, half_out, 1, half_out)

    @property
    def traffic(self) -> Traffic:
        count = surfaces(self.channels)
        return Traffic(0, self.width * self.height * count, self.out_width * self.out_height * count)


@dataclass(frozen=True)
class CdpShape:
    """Local response normalisation over 2 * reach + 1 channels."""

    width: int
    height: int
    channels: int
    reach: int

    @property
    def traffic(self) -> Traffic:
        atoms = self.width * self.height * surfaces(self.channels)
        return Traffic(0, atoms, atoms)


Shape = ConvShape | SdpShape | PdpShape | CdpShape


@dataclass(frozen=True)
class BenchLayer:
    """One measured layer. network: where it is from."""

    name: str
    network: str
    shape: Shape

    @property
    def kind(self) -> str:
        """conv, fc (a convolution bound by its weights), sdp, pdp or cdp."""
        if isinstance(self.shape, ConvShape):
            traffic = self.shape.traffic
            return "fc" if traffic.read_beats > traffic.mac_cycles else "conv"
        return {SdpShape: "sdp", PdpShape: "pdp", CdpShape: "cdp"}[type(self.shape)]


_SAME = (1, 1, 1, 1)
_MAX, _AVERAGE = Pooling.MAX, Pooling.AVERAGE


def _layers(network: str, **shapes: Shape) -> list[BenchLayer]:
    return [BenchLayer(name, network, shape) for name, shape in shapes.items()]


LAYERS: tuple[BenchLayer, ...] = tuple(
    _layers(
        "LeNet-5",
        lenet5_conv1_img=ConvShape(28, 28, 1, 6, 5, pads=(2, 2, 2, 2), image=True),
        lenet5_conv2=ConvShape(14, 14, 6, 16, 5),
        lenet5_fc1_1x1x400=ConvShape(1, 1, 400, 120, 1),
        lenet5_fc1_5x5x16=ConvShape(5, 5, 16, 120, 5),
        lenet5_fc2=ConvShape(1, 1, 120, 84, 1),
        lenet5_fc3=ConvShape(1, 1, 84, 10, 1),
    )
    + _layers(
        "LeNet-caffe",
        lenetc_conv1_dc=ConvShape(28, 28, 1, 20, 5),
        lenetc_conv1_img=ConvShape(28, 28, 1, 20, 5, image=True),
        lenetc_conv2=ConvShape(12, 12, 20, 50, 5),
        lenetc_fc1=ConvShape(1, 1, 800, 500, 1),
        lenetc_fc2=ConvShape(1, 1, 500, 10, 1),
    )
    + _layers(
        "ResNet18-CIFAR",
        r18_conv1_dc=ConvShape(32, 32, 3, 16, 3, pads=_SAME),
        r18_32x32x16=ConvShape(32, 32, 16, 16, 3, pads=_SAME),
        r18_16x16x32=ConvShape(16, 16, 32, 32, 3, pads=_SAME),
        r18_8x8x64=ConvShape(8, 8, 64, 64, 3, pads=_SAME),
        r18_ds_1x1s2=ConvShape(31, 31, 16, 32, 1, stride=2),
        r18_add_32x32x16=SdpShape(32, 32, 16, "add"),
        r18_add_16x16x32=SdpShape(16, 16, 32, "add"),
        r18_add_8x8x64=SdpShape(8, 8, 64, "add"),
        r18_gap_8x8x64=PdpShape(8, 8, 64, _AVERAGE, 8, 1),
    )
    + _layers(
        "ResNet-50",
        r50_conv1_7x7s2_img=ConvShape(224, 138, 4, 64, 7, stride=2, pads=(3, 2, 3, 2), image=True),
        r50_1x1_56x14x64_k64=ConvShape(56, 14, 64, 64, 1),
        r50_1x1_56x14x64_k256=ConvShape(56, 14, 64, 256, 1),
        r50_3x3_56x14x64_k64=ConvShape(56, 14, 64, 64, 3, pads=_SAME),
        r50_3x3_56x14x64_k64_bias=ConvShape(56, 14, 64, 64, 3, pads=_SAME, bias=True),
        r50_1x1_28x28x128_k512=ConvShape(28, 28, 128, 512, 1),
        r50_3x3_14x14x256_k256=ConvShape(14, 14, 256, 256, 3, pads=_SAME),
        r50_1x1_14x14x1024_k256=ConvShape(14, 8, 1024, 256, 1),
        r50_3x3_7x7x512_k512=ConvShape(7, 7, 512, 512, 3, pads=_SAME),
        r50_1x1_7x7x2048_k512=ConvShape(7, 7, 2048, 512, 1),
        r50_fc=ConvShape(1, 1, 2048, 1000, 1),
    )
    + _layers(
        "VGG-16",
        vgg_224x64_k64=ConvShape(224, 8, 64, 64, 3, pads=_SAME),
        vgg_56x256_k256=ConvShape(56, 7, 256, 256, 3, pads=_SAME),
        vgg_14x14x512_k512=ConvShape(14, 13, 512, 512, 3, pads=_SAME),
        vgg_fc8=ConvShape(1, 1, 4096, 1000, 1),
    )
    + _layers(
        "Tiny-YOLOv2",
        ty_416x16_k32=ConvShape(416, 19, 16, 32, 3, pads=_SAME),
        ty_13x13x512_k384=ConvShape(13, 13, 512, 384, 3, pads=_SAME),
        ty_1x1_13x13x1024_k125=ConvShape(13, 9, 1024, 125, 1),
        ty_pool_416x52x16_s2=PdpShape(416, 52, 16, _MAX, 2, 2, split=True),
        ty_pool_13x13x512_s1=PdpShape(13, 13, 512, _MAX, 2, 1, pad=1),
    )
    + _layers(
        "micro",
        m_1x1_28x28_c8_k64=ConvShape(28, 28, 8, 64, 1),
        m_1x1_28x28_c16_k64=ConvShape(28, 28, 16, 64, 1),
        m_1x1_28x28_c24_k64=ConvShape(28, 28, 24, 64, 1),
        m_1x1_28x28_c32_k64=ConvShape(28, 28, 32, 64, 1),
        m_1x1_28x28_c48_k64=ConvShape(28, 28, 48, 64, 1),
        m_1x1_28x28_c64_k64=ConvShape(28, 28, 64, 64, 1),
        m_dw_3x3_c8_k8=ConvShape(28, 28, 8, 8, 3, pads=_SAME),
        m_conv_pdp_28x28x16_k32=ConvShape(28, 28, 16, 32, 3, pads=_SAME, pool=2),
        m_sdp_copy_28x28x64=SdpShape(28, 28, 64, "copy"),
        m_sdp_biasscale_28x28x64=SdpShape(28, 28, 64, "biasscale"),
        m_pdp_max3s2_28x28x64=PdpShape(28, 28, 64, _MAX, 3, 2, pad=1),
        m_pdp_avg2s2_28x28x64=PdpShape(28, 28, 64, _AVERAGE, 2, 2),
        m_cdp_lrn5_28x28x64=CdpShape(28, 28, 64, 2),
    )
)

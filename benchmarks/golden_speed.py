"""Speed of the golden model: LeNet-5 images a second, bit-exact with the one-image Device.

usage: python benchmarks/golden_speed.py [--images N] [--chunk N] [--workers N] [--seed N]
The network is synthetic: the layers of LeNet-5 with random weights (image-mode first layer, per-channel
scale and bias from memory, ReLU, pooling on the fly).
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from cocodla.formats import PIXEL_FORMATS, CubeLayout, pack_channel_operands, pack_weights, pad_stream
from cocodla.formats.weights import extend_image_kernel
from cocodla.golden import run
from cocodla.golden.batch import CHUNK, run_batch
from cocodla.golden.config import (
    OperandConfig,
    OperandUse,
    PdpConfig,
    Pooling,
    SdpConfig,
    SdpRdmaConfig,
    StageConfig,
)
from cocodla.golden.config_conv import CdmaConfig, ConvConfig, CscConfig
from cocodla.golden.encode import encode_convolution, encode_pdp, encode_sdp, encode_sdp_rdma, merge
from cocodla.golden.sequencer import Sequencer
from cocodla.hw import align, ceil_div, surfaces
from cocodla.program.commands import CheckMemory, LoadMemory, Mark
from cocodla.program.program import Program

IMAGE = 0x1000
STRIDE = 32


class LenetBuilder:
    """Emits the layers one after the other into a Program; memory is handed out upwards."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.sequencer = Sequencer()
        self.program = Program(meta={"name": "synthetic LeNet-5", "seed": seed})
        self.free = {"constants": 0x100000, "activations": 0x10000}

    def place(self, size: int, region: str = "activations") -> int:
        address = self.free[region]
        self.free[region] = align(address + size, 256)
        return address

    def load(self, data: np.ndarray) -> int:
        address = self.place(data.size, "constants")
        self.program.append(LoadMemory(address, data.tobytes()))
        return address

    def layer(
        self, name: str, source: int, shape: tuple[int, int, int], kernels: int, size: int, image: bool, pool: bool
    ) -> int:
        """One convolution; image mode pads by 2. Returns the address of its output."""
        channels, height, width = shape
        weights = self.rng.integers(-127, 128, (kernels, channels, size, size)).astype(np.int8)
        pad = 2 if image else 0
        out_h, out_w = height + 2 * pad - size + 1, width + 2 * pad - size + 1
        kernel = extend_image_kernel(weights) if image else weights
        stream = pad_stream(pack_weights(kernel))
        line = ceil_div((width + 2 * pad) * channels, 8) if image else surfaces(channels) * width
        bits = {"data_banks": ceil_div(line * height, 512), "weight_banks": 16, "weight_bytes": stream.size}
        cdma = CdmaConfig(
            width=width, height=height, channels=channels, address=source, entries=line, kernels=kernels,
            line_stride=STRIDE if image else 8 * width, surface_stride=8 * width * height,
            kernel_bytes=kernel[0].size, weight_address=self.load(stream),
            pixel_format=PIXEL_FORMATS[0] if image else None, pad_left=pad, pad_right=pad, **bits,
        )  # fmt: skip
        csc = CscConfig(
            width=width, height=height, channels=kernel.shape[1], kernels=kernels, kernel_width=kernel.shape[3],
            kernel_height=size, out_width=out_w, out_height=out_h, entries=line, image=image,
            pixel_channels=channels if image else 0, pad_top=pad, release_lines=height, **bits,
        )  # fmt: skip
        final = (out_w // 2, out_h // 2) if pool else (out_w, out_h)
        layout = CubeLayout.packed(*final, kernels)
        target = self.place(layout.size)
        places = {"address": target, "line_stride": layout.line_stride, "surface_stride": layout.surface_stride}
        words = merge(
            encode_convolution(ConvConfig(cdma, csc)),
            *self.sdp(kernels, out_w, out_h, name != "fc3", pool, {} if pool else places),
        )
        if pool:
            words = merge(words, encode_pdp(PdpConfig(
                width=out_w, height=out_h, channels=kernels, out_width=final[0], out_height=final[1],
                method=Pooling.MAX, kernel_width=2, kernel_height=2, stride_width=2, stride_height=2,
                from_sdp=True, **places,
            )))  # fmt: skip
        self.program.append(Mark(name), *self.sequencer.run(words), CheckMemory(target, layout.size, name))
        return target

    def sdp(self, kernels: int, width: int, height: int, relu: bool, to_pdp: bool, places: dict) -> tuple:
        """Scheme C of numerics.md: scale in BS, bias in BN, converter shift 14."""
        scale = self.load(pack_channel_operands(kernels, mul=self.rng.integers(2000, 9000, kernels), two_bytes=True))
        bias = self.load(pack_channel_operands(kernels, alu=self.rng.integers(-9000, 9000, kernels), two_bytes=True))
        cube = {"width": width, "height": height, "channels": kernels}
        sdp = SdpConfig(
            **cube, from_cacc=True, to_pdp=to_pdp, cvt_shift=14, **places,
            bs=StageConfig(bypass=False, mul_bypass=False, mul_from_memory=True, mul_shift=6),
            bn=StageConfig(bypass=False, alu_bypass=False, alu_from_memory=True, alu_shift=4, relu_bypass=not relu),
        )  # fmt: skip
        rdma = SdpRdmaConfig(
            **cube, main=False, address=0, line_stride=0, surface_stride=0,
            bs=OperandConfig(OperandUse.MUL, True, False, scale),
            bn=OperandConfig(OperandUse.ALU, True, False, bias),
        )  # fmt: skip
        return encode_sdp(sdp), encode_sdp_rdma(rdma)


def lenet_program(seed: int) -> Program:
    """LeNet-5 with random weights for one image of 28 lines of 32 bytes at IMAGE."""
    builder = LenetBuilder(seed)
    builder.program.append(LoadMemory(IMAGE, bytes(28 * STRIDE)))
    x = builder.layer("conv1", IMAGE, (1, 28, 28), 6, 5, image=True, pool=True)
    x = builder.layer("conv2", x, (6, 14, 14), 16, 5, image=False, pool=True)
    x = builder.layer("fc1", x, (16, 5, 5), 120, 5, image=False, pool=False)
    x = builder.layer("fc2", x, (120, 1, 1), 84, 1, image=False, pool=False)
    builder.layer("fc3", x, (84, 1, 1), 10, 1, image=False, pool=False)
    return builder.program


def one_by_one(program: Program, image: np.ndarray) -> dict[str, bytes]:
    """The reference: the program with this image in it, on the one-image Device."""
    commands = [
        LoadMemory(IMAGE, image.tobytes()) if isinstance(c, LoadMemory) and c.address == IMAGE else c for c in program
    ]
    return {o.name: o.data for o in run(Program(commands)).observations if o.name in ("conv1", "conv2", "fc1", "fc3")}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--chunk", type=int, default=CHUNK)
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", type=int, default=25, help="images compared with the one-image Device")
    options = parser.parse_args(arguments)
    program = lenet_program(options.seed)
    images = np.random.default_rng(options.seed).integers(0, 128, (options.images, 28 * STRIDE)).astype(np.uint8)
    run_batch(program, {IMAGE: images[:64]}, options.chunk, options.workers)
    start, start_cpu = time.perf_counter(), time.process_time()
    outputs = run_batch(program, {IMAGE: images}, options.chunk, options.workers)
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    for index in np.linspace(0, options.images - 1, options.check).astype(int):
        for name, data in one_by_one(program, images[index]).items():
            if outputs[name][index].tobytes() != data:
                sys.stdout.write(f"image {index}: {name} differs from the one-image Device (seed {options.seed})\n")
                return 1
    spread = len(np.unique(outputs["fc3"][:, :10]))
    sys.stdout.write(
        f"{options.images} images in {seconds:.2f} s: {options.images / seconds:.0f} images/s "
        f"({options.images / cpu:.0f} for each CPU second); "
        f"{options.check} images equal to the one-image Device ({spread} output values, seed {options.seed})\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

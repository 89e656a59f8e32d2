"""Arrays <-> bytes for everything the accelerator reads or writes in memory (spec: data_formats.md)."""

from cocodla.formats.feature import (
    CubeLayout,
    atoms_to_bytes,
    atoms_to_tensor,
    bytes_to_atoms,
    bytes_to_tensor,
    tensor_to_atoms,
    tensor_to_bytes,
)
from cocodla.formats.operands import pack_channel_operands, pack_operands, unpack_operands
from cocodla.formats.pixels import PIXEL_FORMATS, PixelFormat, image_to_planes, pixel_format, planes_to_image
from cocodla.formats.weights import (
    extend_image_kernel,
    pack_weights,
    pad_stream,
    reduce_image_kernel,
    unpack_weights,
)

__all__ = [
    "PIXEL_FORMATS",
    "CubeLayout",
    "PixelFormat",
    "atoms_to_bytes",
    "atoms_to_tensor",
    "bytes_to_atoms",
    "bytes_to_tensor",
    "extend_image_kernel",
    "image_to_planes",
    "pack_channel_operands",
    "pack_operands",
    "pack_weights",
    "pad_stream",
    "pixel_format",
    "planes_to_image",
    "reduce_image_kernel",
    "tensor_to_atoms",
    "tensor_to_bytes",
    "unpack_operands",
    "unpack_weights",
]

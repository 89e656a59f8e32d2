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

__all__ = [
    "CubeLayout",
    "atoms_to_bytes",
    "atoms_to_tensor",
    "bytes_to_atoms",
    "bytes_to_tensor",
    "pack_channel_operands",
    "pack_operands",
    "tensor_to_atoms",
    "tensor_to_bytes",
    "unpack_operands",
]

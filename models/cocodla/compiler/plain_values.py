"""Types of the values in a network file, with the ranges that are checked when one is read."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from cocodla import hw

SINGLE = 3.4e38
"""Nothing real is larger: the host computes in float32."""

Name = Annotated[str, Meta(min_length=1, max_length=10_000)]
Address = Annotated[int, Meta(ge=0, lt=1 << hw.ADDRESS_BITS)]
End = Annotated[int, Meta(ge=0, le=1 << hw.ADDRESS_BITS)]
Size = Annotated[int, Meta(ge=1, le=1 << hw.ADDRESS_BITS)]
Count = Annotated[int, Meta(ge=0, le=1 << 53)]
Stage = Annotated[int, Meta(ge=0, lt=10_000)]
Extent = Annotated[int, Meta(ge=1, lt=1 << 31)]
Place = Annotated[int, Meta(ge=0, lt=1 << 31)]
Extents = Annotated[tuple[Extent, ...], Meta(max_length=8)]
OpenExtents = Annotated[tuple[Place, ...], Meta(max_length=8)]
"""Extents of what may have no elements for some images."""
Cube = Annotated[tuple[Extent, ...], Meta(min_length=3, max_length=3)]
"""Channels, rows, columns."""
Ends = tuple[Place, Extent]
"""First and last + 1."""
Part = tuple[Ends, Ends, Ends]
"""Channels, rows, columns of a tensor."""
Code = Annotated[int, Meta(ge=-128, le=127)]
CodeShift = Annotated[int, Meta(ge=-255, le=255)]
CodeKind = Annotated[str, Meta(pattern="^u?int8$")]
Scale = Annotated[float, Meta(gt=0, le=SINGLE)]
Real = Annotated[float, Meta(ge=-SINGLE, le=SINGLE)]
Word = Annotated[int, Meta(ge=0, lt=1 << 32)]
Entry = Annotated[int, Meta(ge=-(1 << 15), lt=1 << 16)]
"""One value of a look-up table."""
Unit = Annotated[str, Meta(pattern="^(CDMA|CSC|CMAC_[AB]|CACC|(SDP|PDP|CDP)(_RDMA)?)$")]

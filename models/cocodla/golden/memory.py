"""The memory of the golden Device: sparse, 32-bit byte addresses, with an optional batch axis.

With a batch of N images every byte exists N times in principle. A page keeps one copy that all
images share until something is written that differs from image to image; then it becomes private.
Bytes nobody wrote read 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

from cocodla.errors import UserError
from cocodla.formats.feature import ByteArray, CubeLayout, Int8Array, transposed
from cocodla.hw import ADDRESS_BITS, ATOM

PAGE_BITS = 12
PAGE = 1 << PAGE_BITS
LIMIT = 1 << ADDRESS_BITS
MOST_PAGES = 3 << 15
"""Pages that may hold something other than zeros."""

_FEW_LINES = 16
_SPARSE = 16
"""Cubes of more lines than this, in at most so many bytes for each of theirs, are written in one go."""


class Memory:
    """Byte arrays passed in and out have shape (1 or batch, length): 1 means equal for all images."""

    def __init__(self, batch: int = 1) -> None:
        if batch < 1:
            raise ValueError("a batch has at least one image")
        self.batch = batch
        self._pages: dict[int, ByteArray] = {}

    # -- plain bytes -------------------------------------------------------------------------

    def read(self, address: int, length: int) -> ByteArray:
        """A copy of `length` bytes, shape (1, length) when all images share them, else (batch, length)."""
        self._check(address, length)
        first, last = address >> PAGE_BITS, (address + max(length, 1) - 1) >> PAGE_BITS
        if first == last and first in self._pages:
            start = address & PAGE - 1
            return self._pages[first][:, start : start + length].copy()
        pages = [self._pages.get(number) for number in range(first, last + 1)]
        count = max((page.shape[0] for page in pages if page is not None), default=1)
        data = np.zeros((count, length), np.uint8)
        for page, part, inside in self._parts(address, length):
            stored = self._pages.get(page)
            if stored is not None:
                data[:, part] = stored[:, inside]
        return data

    def read_common(self, address: int, length: int) -> ByteArray:
        """As read, but (1, length) also when the images have private pages with equal bytes (weights)."""
        data = self.read(address, length)
        return data[:1] if data.shape[0] > 1 and bool((data == data[:1]).all()) else data

    def write(self, address: int, data: ByteArray) -> None:
        """Store bytes of shape (1 or batch, length)."""
        length = data.shape[-1]
        self._check(address, length)
        for page, part, inside in self._parts(address, length):
            self._page(page, data.shape[0])[:, inside] = data[:, part]

    def fill(self, address: int, length: int, value: int) -> None:
        """Set `length` bytes to `value`."""
        self._check(address, length)
        for page, _, inside in self._parts(address, length):
            if inside == slice(0, PAGE) or page in self._pages:
                whole = inside == slice(0, PAGE)
                if whole and value == 0:
                    self._pages.pop(page, None)
                    continue
                if whole:
                    self._store(page, np.full((1, PAGE), value, np.uint8))
                    continue
            elif value == 0:
                continue
            self._page(page, 1)[:, inside] = value

    def load(self, address: int, data: bytes) -> None:
        """Store the same bytes for all images."""
        self.write(address, np.frombuffer(data, np.uint8)[None])

    def dump(self, address: int, length: int, image: int = 0) -> bytes:
        """The bytes one image sees."""
        data = self.read(address, length)
        return data[image if data.shape[0] > 1 else 0].tobytes()

    def stored(self, address: int, length: int) -> Iterator[tuple[int, bytes]]:
        """(address, bytes one image sees) of all pages in a range that may hold something other than zeros."""
        self._check(address, length)
        for page, part, inside in self._parts(address, length):
            if page in self._pages:
                yield address + part.start, self._pages[page][0, inside].tobytes()

    # -- cubes -------------------------------------------------------------------------------

    def read_cube(self, address: int, layout: CubeLayout) -> Int8Array:
        """Atoms (1 or batch, S, H, W, 8) of a cube whose base is `address`."""
        raw = self.read_strided(
            address,
            (layout.surfaces, layout.height),
            (layout.surface_stride, layout.line_stride),
            ATOM * layout.width,
        )
        return raw.reshape(*raw.shape[:-1], layout.width, ATOM).view(np.int8)

    def write_cube(self, address: int, layout: CubeLayout, atoms: Int8Array) -> None:
        """Store atoms (1 or batch, S, H, W, 8), in the order surface, line."""
        lines = transposed(atoms, (0, 1, 2, 3)).view(np.uint8)
        shape = (atoms.shape[0], layout.surfaces, layout.height, ATOM * layout.width)
        lines = lines.reshape(shape)
        if layout.is_packed:
            self.write(address, lines.reshape(shape[0], -1))
            return
        if layout.height > _FEW_LINES and layout.size <= _SPARSE * lines[0].size and _disjoint(layout):
            before = self.read(address, layout.size)
            data = np.repeat(before, shape[0] // before.shape[0] or 1, axis=0)
            strides = (data.strides[0], layout.surface_stride, layout.line_stride, 1)
            np.lib.stride_tricks.as_strided(data, (len(data), *shape[1:]), strides)[...] = lines
            self.write(address, data)
            return
        if layout.line_stride == ATOM * layout.width:
            lines = lines.reshape(shape[0], layout.surfaces, 1, -1)
        for surface, y in product(range(layout.surfaces), range(lines.shape[2])):
            self.write(address + surface * layout.surface_stride + y * layout.line_stride, lines[:, surface, y])

    def read_strided(self, address: int, shape: tuple[int, ...], strides: tuple[int, ...], run: int) -> ByteArray:
        """Runs of `run` bytes at every combination of strides: (1 or batch, *shape, run), a copy."""
        span = sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) + run
        payload = run * math.prod(shape)
        self._check(address, span)
        if span <= 4 * payload + 16 * PAGE:
            data = self.read(address, span)
            if span == payload and _is_dense(shape, strides, run):
                return data.reshape(len(data), *shape, run)
            view = np.lib.stride_tricks.as_strided(data, (data.shape[0], *shape, run), (data.strides[0], *strides, 1))
            return np.ascontiguousarray(view)
        parts = [self.read_strided(address + i * strides[0], shape[1:], strides[1:], run) for i in range(shape[0])]
        count = max(part.shape[0] for part in parts)
        return np.stack([np.broadcast_to(part, (count, *part.shape[1:])) for part in parts], axis=1)

    # -- pages -------------------------------------------------------------------------------

    @staticmethod
    def _check(address: int, length: int) -> None:
        if address < 0 or address + length > LIMIT:
            raise UserError(f"bytes {address:#x}..{address + length:#x} are outside the 32-bit memory")

    @staticmethod
    def _parts(address: int, length: int) -> Iterator[tuple[int, slice, slice]]:
        """(page, slice of the data, slice of the page) for each page a range touches."""
        position = 0
        while position < length:
            page, inside = divmod(address + position, PAGE)
            count = min(PAGE - inside, length - position)
            yield page, slice(position, position + count), slice(inside, inside + count)
            position += count

    def _page(self, number: int, count: int) -> ByteArray:
        """The page, made if it does not exist, and private if `count` images differ."""
        page = self._pages.get(number)
        if page is None:
            page = np.zeros((count, PAGE), np.uint8)
        elif page.shape[0] < count:
            page = np.repeat(page, count, axis=0)
        else:
            return page
        self._store(number, page)
        return page

    def _store(self, number: int, page: ByteArray) -> None:
        if len(self._pages) >= MOST_PAGES and number not in self._pages:
            raise UserError(f"more than {MOST_PAGES * PAGE >> 20} MiB of memory are written; no more are kept")
        self._pages[number] = page


def _is_dense(shape: tuple[int, ...], strides: tuple[int, ...], run: int) -> bool:
    """True if runs of `run` bytes follow each other without gaps, the last stride innermost."""
    for extent, stride in zip(reversed(shape), reversed(strides), strict=True):
        if extent > 1 and stride != run:
            return False
        run *= extent
    return True


def _disjoint(layout: CubeLayout) -> bool:
    """True if no two lines of a cube share a byte."""
    surfaces = np.arange(layout.surfaces, dtype=np.int64)[:, None] * layout.surface_stride
    starts = np.sort((surfaces + np.arange(layout.height, dtype=np.int64) * layout.line_stride).reshape(-1))
    return bool((np.diff(starts) >= ATOM * layout.width).all())

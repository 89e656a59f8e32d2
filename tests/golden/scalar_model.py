"""Slow scalar models: the executable formulas of the specification, one element at a time.

Written independently of the vectorised code: plain Python integers, a bytes-like memory, no numpy.
"""

from cocodla.golden.config import OperandConfig, OperandUse, PdpConfig, SdpConfig, SdpRdmaConfig, StageConfig
from cocodla.golden.config_cdp import CdpConfig, LutConfig, TableConfig
from cocodla.golden.config_conv import ConvConfig

Cube = dict[tuple[int, int, int, int], int]  # (surface, line, column, lane) -> value


def sx(v: int, n: int) -> int:
    v &= (1 << n) - 1
    return v - (1 << n) if v >> (n - 1) else v


def sat(v: int, n: int) -> int:
    return max(-(1 << (n - 1)), min((1 << (n - 1)) - 1, v))


def rha(v: int, s: int) -> int:
    """Nearest, ties away from zero, from the definition by magnitude."""
    magnitude = (2 * abs(v) + (1 << s)) >> (s + 1)
    return magnitude if v >= 0 else -magnitude


# -- convolution (convolution.md 6) ----------------------------------------------------------


def cacc_final(v: int, t: int) -> int:
    f = (v << 16) >> t
    q, guide, stick = f >> 16, (f >> 15) & 1, f & 0x7FFF
    if guide and (v >= 0 or stick):
        q += 1
    return sat(q, 32)


ORDER = {0: (0,), 12: (0, 1, 2, 3), 16: (0, 1, 2, 3), 13: (2, 1, 0, 3), 17: (2, 1, 0, 3), 26: (2, 1, 0, 3),
         14: (1, 2, 3, 0), 18: (1, 2, 3, 0), 27: (1, 2, 3, 0), 15: (3, 2, 1, 0), 19: (3, 2, 1, 0)}  # fmt: skip


class Convolution:
    """One layer on a memory that can be indexed by address."""

    def __init__(self, mem: bytes, config: ConvConfig) -> None:
        self.mem, self.d, self.c = mem, config.cdma, config.csc

    def cvt(self, x: int, offset: int) -> int:
        converter = self.d.converter
        assert converter
        q = 0 if converter.truncate >= 34 else rha((x - offset) * converter.scale, converter.truncate)
        return sat(q, 8)

    def feature(self, y: int, x: int, c: int) -> int:
        d = self.d
        if not (0 <= x < d.width and 0 <= y < self.c.height):
            return self.c.pad_value
        line, surface = (8, 8) if d.packed_1x1 else (d.line_stride, d.surface_stride)
        v = sx(self.mem[d.address + c // 8 * surface + y * line + 8 * x + c % 8], 8)
        return self.cvt(v, d.converter.offset) if d.converter else v

    def pixel_byte(self, y: int, x: int, ch: int) -> int:
        d = self.d
        assert d.pixel_format
        code = d.pixel_format.code
        if code in (28, 29):
            if ch == 0:
                return self.mem[d.address + y * d.line_stride + x + d.x_offset % 8]
            i = (2 - ch) if code == 28 else (ch - 1)
            return self.mem[d.chroma_address + y * d.chroma_stride + 2 * (x + d.x_offset % 4) + i]
        n = len(ORDER[code])
        return self.mem[d.address + y * d.line_stride + (x + d.x_offset % (8 // n)) * n + ORDER[code][ch]]

    def image(self, y: int, byte: int) -> int:
        if not 0 <= y < self.c.height:
            return self.c.pad_value
        x, ch = divmod(byte, self.c.pixel_channels)
        x -= self.d.pad_left
        if not 0 <= x < self.d.width:
            return self.d.pad_value
        b = self.pixel_byte(y, x, ch)
        converter = self.d.converter
        if not converter:
            return sx(b, 8)
        offset = converter.means[ch] if converter.means else converter.offset
        return self.cvt(sx(b, 8) if self.d.signed_pixels else b, offset)

    def input(self, oy: int, ox: int, r: int, s: int, e: int) -> int:
        c = self.c
        if c.image:
            return self.image(oy * c.stride_y - c.pad_top + r, ox * c.stride_x * c.pixel_channels + e)
        return self.feature(
            oy * c.stride_y - c.pad_top + r * c.dilation_y, ox * c.stride_x - c.pad_left + s * c.dilation_x, e
        )

    def weights(self) -> dict[tuple[int, int, int, int], int]:
        """(k, r, s, e) -> weight, in stream order."""
        c, place, result = self.c, self.d.weight_address, {}
        for g in range(0, c.kernels, 8):
            for cb in range(0, c.channels, 8):
                for r0 in range(0, c.kernel_height, c.rows_merged):
                    for s in range(c.kernel_width):
                        for k in range(g, min(g + 8, c.kernels)):
                            for r in range(r0, min(r0 + c.rows_merged, c.kernel_height)):
                                for e in range(cb, min(cb + 8, c.channels)):
                                    result[k, r, s, e] = sx(self.mem[place], 8)
                                    place += 1
        return result

    def run(self) -> Cube:
        c, wt, out = self.c, self.weights(), {}
        for oy in range(c.out_height):
            for ox in range(c.out_width):
                x = {
                    (r, s, e): self.input(oy, ox, r, s, e)
                    for r in range(c.kernel_height)
                    for s in range(c.kernel_width)
                    for e in range(c.channels)
                }
                for k in range((c.kernels + 7) // 8 * 8):
                    acc = sum(v * wt[(k, *i)] for i, v in x.items()) if k < c.kernels else 0
                    out[k // 8, oy, ox, k % 8] = cacc_final(acc, c.clip_truncate)
        return out


# -- SDP (sdp.md 11) -------------------------------------------------------------------------


def stage(x: int, c: StageConfig, alu_mem: int | None, mul_mem: int | None) -> int:
    if c.bypass:
        return x
    y = x
    if not c.alu_bypass:
        a = alu_mem if c.alu_from_memory else c.alu_operand
        a = sat(a << c.alu_shift, 32)
        y = (max(x, a), min(x, a), x + a)[c.alu_operation]
    if c.mul_bypass:
        z = sat(rha(y, c.mul_shift), 32)
    elif c.prelu and y >= 0:
        z = sx(y, 32)
    else:
        m = mul_mem if c.mul_from_memory else c.mul_operand
        z = sat(rha(y * m, c.mul_shift), 32)
    return z if c.relu_bypass else max(z, 0)


def operand(
    mem: bytes, cfg: OperandConfig | None, size: tuple[int, int], at: tuple[int, int, int], lane: int
) -> tuple[int | None, int | None]:
    if cfg is None:
        return None, None
    (width, height), (s, h, w) = size, at
    b = 2 if cfg.two_bytes else 1
    both = cfg.use == OperandUse.BOTH
    n = 8 * b * (2 if both else 1)
    o = cfg.address + s * n
    if cfg.per_element and not (width == 1 and height == 1):
        o = cfg.address + s * cfg.surface_stride + h * cfg.line_stride + w * n

    def rd(k: int) -> int:
        return int.from_bytes(mem[o + k * b : o + (k + 1) * b], "little", signed=True)

    if both:
        return rd(2 * lane), rd(2 * lane + 1)
    return (rd(lane), None) if cfg.use == OperandUse.ALU else (None, rd(lane))


def sdp(mem: bytes, c: SdpConfig, q: SdpRdmaConfig | None, cacc: Cube | None) -> Cube:
    out = {}
    packed = c.width == 1 and c.height == 1
    for s in range((c.channels + 7) // 8):
        for h in range(c.height):
            for w in range(c.width):
                for i in range(8):
                    if cacc is not None:
                        x = cacc[s, h, w, i]
                    else:
                        assert q
                        at = 8 * s if packed else s * q.surface_stride + h * q.line_stride + 8 * w
                        x = sx(mem[q.address + at + i], 8)
                    for st, engine in ((c.bs, q.bs if q else None), (c.bn, q.bn if q else None)):
                        x = stage(x, st, *operand(mem, engine, (c.width, c.height), (s, h, w), i))
                    e = (x - c.cvt_offset) * c.cvt_scale
                    out[s, h, w, i] = sat(sat(rha(e, c.cvt_shift), 17), 8)
    return out


# -- PDP (pdp.md 9) --------------------------------------------------------------------------


def rnd16(p: int, n: int) -> int:
    f, fr = p >> 16, p & 0xFFFF
    r = f + (fr > 0x8000) if p < 0 else (f & ((1 << (n - 1)) - 1)) + (fr >> 15)
    return sx(r, n)


def pdp(c: PdpConfig, x: Cube) -> Cube:
    out = {}
    pv = (0, *c.pad_values)
    overlap = c.kernel_width - c.stride_width
    count = c.split.count if c.split else 1
    x0 = ox = 0
    for strip in range(count):
        nin, nout = c.width, c.out_width
        if c.split and strip == 0:
            nin, nout = c.split.first_in, c.split.first_out
        elif c.split and strip == count - 1:
            nin, nout = c.split.last_in + overlap, c.split.last_out
        elif c.split:
            nin, nout = c.split.mid_in + overlap, c.split.mid_out
        left = c.pad_left if strip == 0 else 0
        for s in range((c.channels + 7) // 8):
            for i in range(8):
                for o in range(nout):
                    columns = range(
                        max(o * c.stride_width - left, 0), min(o * c.stride_width - left + c.kernel_width, nin)
                    )
                    for oh in range(c.out_height):
                        t = oh * c.stride_height - c.pad_top
                        rows = range(max(t, 0), min(t + c.kernel_height, c.height))
                        value = window(c, [[x[s, h, x0 + w, i] for w in columns] for h in rows], pv)
                        out[s, oh, ox + o, i] = value
        ox += nout
        x0 += nin - overlap
    return out


def window(c: PdpConfig, values: list[list[int]], pv: tuple[int, ...]) -> int:
    if c.method == 1:
        return max(map(max, values))
    if c.method == 2:
        return min(map(min, values))
    b = 0
    for row in values:
        a = sx(sum(row), 11)
        if len(row) < c.kernel_width:
            a = sx(a + sx(pv[c.kernel_width - len(row)], 11), 11)
        b += a
    b = sx(b, 14)
    if len(values) < c.kernel_height:
        b += sx(sx(pv[c.kernel_height - len(values)], 19) * c.kernel_width, 14)
    return rnd16(rnd16(b * c.reciprocal_width, 11) * c.reciprocal_height, 8)


# -- CDP (cdp.md 7) --------------------------------------------------------------------------


def classify(q: int, start: int, last: int, select: int, offset: int | None) -> tuple[bool, bool, int, int]:
    """(underflow, overflow, index, fraction); `offset` for the exponential function."""
    st = sx(start, 22)
    if q <= st:
        return True, False, 0, 0
    d = (q - st) % (1 << 22)
    if offset is not None:
        e = d.bit_length() - 1
        if offset >= 0 and e < offset:
            return True, False, 0, 0
        index, fraction = e - offset, ((d - (1 << e)) << 16) >> e
    elif select >= 0:
        index, fraction = d >> select, ((d << 16) >> select) % 65536
    else:
        index, fraction = d << -select, 0
    return (False, True, last, 0) if index >= last else (False, False, index, fraction)


def look_up(q: int, c: LutConfig, le: list[int], lo: list[int]) -> tuple[int, str]:
    """Value and which counter it adds to."""
    a = classify(q, c.le.start, 64, c.le.select, c.offset if c.exponential else None)
    b = classify(q, c.lo.start, 256, c.lo.select, None)
    miss_a, miss_b = a[0] or a[1], b[0] or b[1]
    if a[0] and b[0]:
        use_le, counter = not c.underflow_lo, "underflow"
    elif a[1] and b[1]:
        use_le, counter = not c.overflow_lo, "overflow"
    elif miss_a == miss_b:
        use_le, counter = not c.hybrid_lo, "hybrid"
    else:
        use_le, counter = not miss_a, "lo_hit" if miss_a else "le_hit"
    reference = c.le.start + (1 << c.offset if c.exponential and c.offset >= 0 else 0)
    if use_le:
        return table_value(q, c.le, le, a, reference), counter
    return table_value(q, c.lo, lo, b, c.lo.start), counter


def table_value(q: int, t: TableConfig, entries: list[int], place: tuple[bool, bool, int, int], reference: int) -> int:
    under, over, index, fraction = place
    if under:
        base, p, s = entries[0], (q - reference) * t.underflow_scale, t.underflow_shift
    elif over:
        base, p, s = entries[-1], (q - t.end) * t.overflow_scale, t.overflow_shift
    else:
        base, p, s = entries[index], (entries[index + 1] - entries[index]) * fraction, 16
    return sat(base + (rha(p, s) if s >= 0 else p << -s), 16)


def cdp(
    c: CdpConfig, lut: LutConfig, tables: tuple[list[int], list[int]], x: Cube, channels: int
) -> tuple[Cube, dict[str, int]]:
    out, counters = {}, dict.fromkeys(("underflow", "overflow", "hybrid", "le_hit", "lo_hit"), 0)
    lanes = (channels + 7) // 8 * 8
    for h, w in {(h, w) for _, h, w, _ in x}:
        y = [sat(rha((x[k // 8, h, w, k % 8] - c.in_offset) * c.in_scale, c.in_shift), 9) for k in range(lanes)]
        y = [v if k < channels else 0 for k, v in enumerate(y)]
        for k in range(lanes):
            near = y[max(0, k - c.reach) : k + c.reach + 1]
            v, counter = look_up(y[k] if c.square_bypass else sum(n * n for n in near), lut, *tables)
            counters[counter] += 1
            p = v if c.multiply_bypass else v * y[k]
            out[k // 8, h, w, k % 8] = sat(rha((p - c.out_offset) * c.out_scale, c.out_shift), 8)
    return out, counters

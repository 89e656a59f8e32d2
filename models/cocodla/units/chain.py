"""A chain of units: what is fused into one hardware layer, checked, and as registers.

    Convolve -> Sdp (-> Pool)      CDMA, CSC, CMAC, CACC, SDP_RDMA for operands, SDP, PDP
    Sdp (-> Pool)                  SDP_RDMA, SDP, PDP
    Pool                           PDP_RDMA, PDP
    Cdp                            CDP_RDMA, CDP
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cocodla import hw
from cocodla.golden.config import PdpConfig, SdpConfig, SdpRdmaConfig
from cocodla.golden.encode import (
    Words,
    encode_cdp,
    encode_cdp_rdma,
    encode_convolution,
    encode_pdp,
    encode_pdp_rdma,
    encode_sdp,
    encode_sdp_rdma,
    merge,
)
from cocodla.registers import MAP
from cocodla.units.cdp import Cdp
from cocodla.units.convolve import Convolve
from cocodla.units.cubes import Cube, beats
from cocodla.units.places import Place, blamed, require_at, written_at
from cocodla.units.pool import Pool
from cocodla.units.sdp import Operands, Sdp

Unit = Convolve | Sdp | Pool | Cdp
FORMS = {(Convolve, Sdp), (Convolve, Sdp, Pool), (Sdp,), (Sdp, Pool), (Pool,), (Cdp,)}
CONVOLUTION = ("CACC", "CMAC_A", "CMAC_B", "CSC", "CDMA")
NOT_SETTINGS = ("D_OP_ENABLE", "S_LUT_ACCESS_CFG", "S_LUT_ACCESS_DATA")
"""Registers that are written when a layer starts."""


@dataclass(eq=False)
class Chain:
    """Units that run together and write `to`. BrokenRule, with the line that wrote the unit, where they cannot.

    blobs: constants by role; sources: tensors that are read, the main one first; shape: of what leaves the chain.
    """

    units: tuple[Unit, ...]
    to: Cube
    name: str = ""
    place: Place = field(default_factory=written_at)
    blobs: dict[str, bytes] = field(default_factory=dict, init=False)
    operands: dict[str, Operands] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        kinds = tuple(type(unit) for unit in self.units)
        require_at(
            self.place, "chain", kinds in FORMS,
            f"{' -> '.join(kind.__name__ for kind in kinds) or 'no unit'} given; possible are "
            + ", ".join(sorted(" -> ".join(kind.__name__ for kind in form) for form in FORMS)),
        )  # fmt: skip
        self._check_sources()
        if self.convolution is not None:
            self.convolution.check()
            self.blobs["weights"] = self.convolution.stream
        if self.sdp is not None:
            for name, stage in (("bs", self.sdp.bs), ("bn", self.sdp.bn)):
                found = stage.operands(self.shape_of_sdp, name)
                if found is not None:
                    self.operands[name] = found
                    if found.data:
                        self.blobs[name] = found.data
        self._check_pixels()
        self.words({role: 0 for role in self.blobs}, *self._some_banks())  # every field fits its register
        made, place = self._made(), self.units[-1].place
        require_at(
            place, "to", tuple(self.to.shape) == made,
            f"{self.to.name!r} has shape {tuple(self.to.shape)}, the chain makes {made}",
        )  # fmt: skip

    def _check_sources(self) -> None:
        for index, unit in enumerate(self.units):
            if isinstance(unit, (Sdp, Pool)):
                require_at(
                    unit.place, f"{type(unit).__name__}.source", (unit.source is None) == (index > 0),
                    "it is given by the unit before it" if index else "the first unit of a chain reads a tensor",
                )  # fmt: skip

    def _check_pixels(self) -> None:
        """SDP takes surfaces of a single pixel for neighbours, whatever the strides are (sdp.md 4 and 5)."""
        if self.sdp is None:
            return
        cubes = [part.cube for part in self.operands.values() if part.cube is not None]
        cubes += [self.source] * (self.convolution is None) + [self.to] * (self.pool is None)
        for cube in cubes:
            apart = cube.width == cube.height == 1 and cube.channels > hw.ATOM
            require_at(
                self.sdp.place, "Sdp", not apart or cube.layout.surface_stride == hw.ATOM,
                f"{cube.name!r} is one pixel of surfaces {cube.layout.surface_stride} bytes apart, SDP takes them "
                f"{hw.ATOM} bytes apart (sdp.md 5)",
            )  # fmt: skip

    # -- what it consists of ----------------------------------------------------------------

    @property
    def convolution(self) -> Convolve | None:
        return next((unit for unit in self.units if isinstance(unit, Convolve)), None)

    @property
    def sdp(self) -> Sdp | None:
        return next((unit for unit in self.units if isinstance(unit, Sdp)), None)

    @property
    def pool(self) -> Pool | None:
        return next((unit for unit in self.units if isinstance(unit, Pool)), None)

    @property
    def cdp(self) -> Cdp | None:
        return next((unit for unit in self.units if isinstance(unit, Cdp)), None)

    @property
    def source(self) -> Cube:
        """The tensor the first unit reads."""
        first = self.units[0].source
        assert first is not None
        return first

    @property
    def sources(self) -> tuple[Cube, ...]:
        return (self.source, *(part.cube for part in self.operands.values() if part.cube is not None))

    @property
    def shape_of_sdp(self) -> tuple[int, ...]:
        """What goes through SDP."""
        return self.convolution.out if self.convolution else tuple(self.source.shape)

    def _made(self) -> tuple[int, ...]:
        return self.pool.out(self.shape_of_sdp) if self.pool else self.shape_of_sdp

    @property
    def hardware_units(self) -> tuple[str, ...]:
        """In the order of enabling: those that read tensors last."""
        if self.cdp:
            return "CDP", "CDP_RDMA"
        if not self.sdp:
            return "PDP", "PDP_RDMA"
        before = ("PDP",) if self.pool else ()
        if not self.convolution:
            return (*before, "SDP", "SDP_RDMA")
        if any(part.cube is not None for part in self.operands.values()):
            return (*before, "SDP", *CONVOLUTION[:-1], "SDP_RDMA", "CDMA")
        return (*before, "SDP", *(("SDP_RDMA",) if self.operands else ()), *CONVOLUTION)

    @property
    def operation(self) -> str:
        """What it does, for reports."""
        parts = []
        if self.convolution:
            rows, columns = self.convolution.weight.shape[2:]
            parts.append(f"conv{rows}x{columns}")
        if self.sdp and not (self.convolution and not self.operands):
            parts.append("sdp")
        if self.pool:
            parts.append(f"{self.pool.method}pool")
        return "+".join(parts) or "cdp"

    @property
    def read_beats(self) -> int:
        """Atoms it reads."""
        weights = len(self.blobs.get("weights", b"")) // hw.ATOM
        return beats(self.source) + weights + sum(part.beats for part in self.operands.values())

    @property
    def write_beats(self) -> int:
        """Atoms it writes."""
        return beats(self.to)

    # -- registers --------------------------------------------------------------------------

    def address_registers(self) -> list[tuple[Cube, str]]:
        """(tensor, register that holds its address) of all it reads and writes."""
        writer = "CDP" if self.cdp else "PDP" if self.pool else "SDP"
        reader = (
            "CDMA.D_DAIN_ADDR_LOW_0" if self.convolution
            else f"{self.hardware_units[-1]}.D_SRC_BASE_ADDR_LOW"
        )  # fmt: skip
        found: list[tuple[Cube, str]] = [(self.to, f"{writer}.D_DST_BASE_ADDR_LOW"), (self.source, reader)]
        for name, part in self.operands.items():
            if part.cube is not None:
                found.append((part.cube, f"SDP_RDMA.D_{name.upper()}_BASE_ADDR_LOW"))
        return found

    def _some_banks(self) -> tuple[int, int]:
        data = self.convolution.banks[0] if self.convolution else 1
        return data, hw.CBUF_BANKS - data

    def words(self, addresses: dict[str, int], data_banks: int, weight_banks: int) -> dict[str, int]:
        """Register path -> word of all units; addresses of tensors stay 0. addresses: of the blobs by role.

        Registers that say nothing to the layer have their reset values.
        """
        parts: list[Words] = []
        if self.convolution:
            with blamed(self.convolution.place, "Convolve"):
                config = self.convolution.config(data_banks, weight_banks, addresses["weights"])
                parts.append(encode_convolution(config))
        pool = self.pool.config(self.shape_of_sdp, self.to) if self.pool else None
        if self.sdp:
            parts += self._sdp_words(self.sdp, addresses)
        if self.pool and pool:
            parts += self._pool_words(self.pool, pool)
        if self.cdp:
            with blamed(self.cdp.place, "Cdp"):
                parts += [encode_cdp(self.cdp.config(self.to)), encode_cdp_rdma(0, self.source.layout)]
        return _complete(merge(*parts), self.hardware_units)

    def _sdp_words(self, sdp: Sdp, addresses: dict[str, int]) -> list[Words]:
        channels, height, width = self.shape_of_sdp
        layout = self.to.layout
        strides = (0, 0) if self.pool else (layout.line_stride, layout.surface_stride)
        config = SdpConfig(
            width, height, channels, sdp.bs.config, sdp.bn.config, int(sdp.offset), int(sdp.scale), int(sdp.shift),
            self.convolution is not None, self.pool is not None, 0, *strides,
        )  # fmt: skip
        with blamed(sdp.place, "Sdp"):
            parts = [encode_sdp(config)]
            if config.needs_rdma:
                source = self.source.layout
                engines = {
                    name: replace(part.config, address=addresses.get(name, 0)) for name, part in self.operands.items()
                }
                rdma = SdpRdmaConfig(
                    width, height, channels, self.convolution is None, 0, source.line_stride, source.surface_stride,
                    engines.get("bs"), engines.get("bn"),
                )  # fmt: skip
                parts.append(encode_sdp_rdma(rdma))
        return parts

    def _pool_words(self, pool: Pool, config: PdpConfig) -> list[Words]:
        with blamed(pool.place, "Pool"):
            if pool.source is None:
                return [encode_pdp(config)]
            layout = pool.source.layout
            return [encode_pdp(config), encode_pdp_rdma(config, 0, layout.line_stride, layout.surface_stride)]


def _complete(words: Words, units: tuple[str, ...]) -> dict[str, int]:
    """All settings of the units: what a layer does not say must not be left over from the one before."""
    result = {}
    for unit in units:
        for register in MAP.units[unit].registers:
            if register.group == "dual" and register.write_mask and register.name not in NOT_SETTINGS:
                result[register.path] = words[unit].get(register.name, register.reset)
    return result

"""Look-up of registers by name and by address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cocodla.errors import UserError
from cocodla.registers.model import Register, Unit


class RegisterMap:
    """All units of a configuration. Names are `UNIT.REGISTER`, addresses are byte addresses."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units: dict[str, Unit] = {u.name: u for u in units}
        self._by_path = {r.path: r for u in self.units.values() for r in u.registers}
        self._by_address = {r.address: r for r in self._by_path.values()}

    def __iter__(self) -> Iterator[Register]:
        return iter(self._by_path.values())

    def __len__(self) -> int:
        return len(self._by_path)

    def __contains__(self, path: object) -> bool:
        return path in self._by_path

    def find_path(self, path: str) -> Register | None:
        """The register `UNIT.REGISTER`, or None."""
        return self._by_path.get(path)

    def __getitem__(self, path: str) -> Register:
        """The register `UNIT.REGISTER`; UserError when unit or register do not exist."""
        found = self._by_path.get(path)
        if found is not None:
            return found
        unit = path.partition(".")[0]
        if unit not in self.units:
            raise UserError(f"unknown unit in register name {path!r}; units: {', '.join(self.units)}")
        raise UserError(f"unknown register {path!r}")

    def at(self, address: int) -> Register:
        """The register at byte `address`; UserError when there is none."""
        found = self._by_address.get(address)
        if found is None:
            raise UserError(f"no register at address 0x{address:05x}")
        return found

    def find(self, address: int) -> Register | None:
        """The register at byte `address`, or None (such an address reads 0 and ignores writes)."""
        return self._by_address.get(address)

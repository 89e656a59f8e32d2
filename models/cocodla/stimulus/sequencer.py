"""Layers -> commands with correct groups, enable order and interrupts (spec: programming.md sections 1 to 4)."""

from __future__ import annotations

from cocodla.golden.encode import Words, register_writes
from cocodla.program.commands import Command, PollRegister, WaitInterrupt, WriteRegister
from cocodla.registers import MAP

ENABLE_ORDER = (
    "PDP", "SDP", "SDP_RDMA", "CACC", "CMAC_A", "CMAC_B", "CSC", "CDMA", "PDP_RDMA", "CDP", "CDP_RDMA",
)  # fmt: skip
DONE_BITS = {"SDP": (0,), "CDP": (2,), "PDP": (4,), "CDMA": (16, 18), "CACC": (20,)}


class Sequencer:
    """Keeps the group every unit uses next; the units alternate independently of each other."""

    def __init__(self) -> None:
        self.group = dict.fromkeys(ENABLE_ORDER, 0)
        self.layers = dict.fromkeys(ENABLE_ORDER, 0)
        self._written: dict[tuple[str, int], dict[str, int]] = {}

    def enable(self, words: Words, reverse: bool = False, changes: bool = False) -> tuple[list[Command], int]:
        """Commands that program and enable one layer, and the interrupt bits that announce its end.

        `words`: {unit: {register: word}} of all its units. The layer that used the same group of a unit
        before must have been waited for; some units then still take a few cycles, hence the polls.
        reverse: enable reading units first, as layers from memory to memory may (section 3). changes: write only
        registers that this sequencer has not already given the value in the same group.
        """
        commands: list[Command] = []
        if "CDMA" in words and not self.layers["CDMA"]:
            commands.append(PollRegister(MAP["CDMA.S_CBUF_FLUSH_STATUS"].address, 1, 1))
        for unit in words:
            if self.layers[unit] >= 2:
                commands.append(PollRegister(MAP[f"{unit}.S_STATUS"].address, 3 << 16 * self.group[unit], 0))
            commands.append(WriteRegister(MAP[f"{unit}.S_POINTER"].address, self.group[unit]))
        commands += [WriteRegister(address, value) for address, value in register_writes(self._missing(words, changes))]
        bits = 0
        for unit in reversed(ENABLE_ORDER) if reverse else ENABLE_ORDER:
            if unit in words:
                commands.append(WriteRegister(MAP[f"{unit}.D_OP_ENABLE"].address, 1))
                for bit in DONE_BITS.get(unit, ()):
                    bits |= 1 << bit + self.group[unit]
                self.group[unit] ^= 1
                self.layers[unit] += 1
        return commands, bits

    def _missing(self, words: Words, changes: bool) -> Words:
        """The words to write; they are in the groups from now on."""
        result: Words = {}
        for unit, part in words.items():
            known = self._written.setdefault((unit, self.group[unit]), {})
            result[unit] = {n: word for n, word in part.items() if not changes or known.get(n) != word}
            known.update(part)
        return result

    def run(self, words: Words) -> list[Command]:
        """Commands that run one layer to its end."""
        commands, bits = self.enable(words)
        return [*commands, WaitInterrupt(bits)]

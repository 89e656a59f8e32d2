"""The command about operators of plug-ins: operators."""

from __future__ import annotations

from cocodla.cli.base import command, console, emit


@command
def operators() -> None:
    """List the operators that plug-ins of the compiler bring, with the place of each."""
    from rich.table import Table

    from cocodla.units.registry import known_operators

    known = sorted(known_operators().values(), key=lambda made: made.key)
    table = Table("domain", "operator", "codes", "zero points", "written at", "reference")
    for made in known:
        zeros = "any" if made.zeros else "none"
        table.add_row(made.domain, made.name, made.codes, zeros, str(made.place), made.reference)
    console.print(table)
    emit(
        lambda: [
            {
                "domain": made.domain, "operator": made.name, "codes": made.codes, "zeros": made.zeros,
                "place": str(made.place), "reference": made.reference,
            }
            for made in known
        ]
    )  # fmt: skip

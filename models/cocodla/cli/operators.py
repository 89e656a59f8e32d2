"""The command about operators of plug-ins: operators."""

from __future__ import annotations

from cocodla.cli.base import command, console, emit


@command
def operators() -> None:
    """List the operators that plug-ins of the compiler bring, with the place of each."""
    from rich.table import Table

    from cocodla.units.registry import known_operators

    known = sorted(known_operators().values(), key=lambda made: made.key)
    table = Table("domain", "operator", "what", "codes", "zero points", "written at")
    for made in known:
        zeros = "any" if made.zeros else "none"
        table.add_row(made.domain, made.name, made.about, made.codes, zeros, str(made.place))
    console.print(table)
    emit(
        lambda: [
            {
                "domain": made.domain, "operator": made.name, "about": made.about, "codes": made.codes,
                "zeros": made.zeros, "place": str(made.place), "reference": made.reference,
            }
            for made in known
        ]
    )  # fmt: skip

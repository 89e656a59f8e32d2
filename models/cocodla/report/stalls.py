"""Tables and JSON of a handshake analysis."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from cocodla.errors import one_line
from cocodla.waves.analysis import Analysis, Result
from cocodla.waves.cause import Cause
from cocodla.waves.latency import Latency


def show(analysis: Analysis, console: Console) -> None:
    """Print everything found: counts, violations, differences, latency, root causes."""
    _show_counts(analysis, console)
    _show_faults(analysis, console)
    if analysis.latency:
        _show_latency(analysis.latency, console)
    _show_causes(analysis, console)
    for note in analysis.notes:
        console.print(f"note: {one_line(note)}", highlight=False)


def as_json(analysis: Analysis) -> dict[str, Any]:
    """The same as plain data. Cycles are of each interface's clock; times in ticks of `tick_ns` nanoseconds."""
    factor, exponent = analysis.dump.tick
    return {
        "dump": str(analysis.dump.path),
        "clock": analysis.clock.name,
        "cycles": len(analysis.clock),
        "from": analysis.start,
        "to": analysis.end,
        "tick_ns": factor * 10.0 ** (exponent + 9),
        "interfaces": [_result_json(analysis, result) for result in analysis.results],
        "latency": vars(analysis.latency) if analysis.latency else None,
        "root": _cause_json(analysis.whole) if analysis.whole else None,
        "windows": [_cause_json(cause) for cause in analysis.causes],
        "notes": list(analysis.notes),
    }


def _result_json(analysis: Analysis, result: Result) -> dict[str, Any]:
    face, counts = result.interface, result.statistics
    names = ("cycles", "transfers", "stalled", "starved", "idle", "unknown", "reset", "bursts", "longest_burst")
    return {
        "name": face.name,
        "described": result.described,
        "clock": face.clock,
        "sender": face.sender,
        "receiver": face.receiver,
        **{name: getattr(counts, name) for name in names},
        "rate": round(counts.rate, 6),
        "longest_stall": counts.longest
        and {**vars(counts.longest), "time": analysis.time_of(face, counts.longest.cycle)},
        "most_in_flight": result.most_in_flight,
        "violations": [
            {**vars(one), "warning": one.is_warning, "time": analysis.time_of(face, one.cycle)}
            for one in result.violations
        ],
        "difference": result.difference
        and {**vars(result.difference), "time": analysis.time_of(face, result.difference.cycle)},
    }


def _cause_json(cause: Cause) -> dict[str, Any]:
    return {
        "from": cause.start,
        "to": cause.end,
        "root": cause.root,
        "share": round(cause.share, 4),
        "waiting": round(cause.waiting, 4),
        "chain": [{"unit": unit, "waits_on": face} for unit, face in cause.chain],
        "full": list(cause.full),
    }


def _show_counts(analysis: Analysis, console: Console) -> None:
    title = f"cycles {analysis.start:,} to {analysis.end:,} of {one_line(analysis.clock.name)}"
    table = Table(title=title)
    table.add_column("interface", overflow="fold")
    for heading in ("transfers", "per cycle", "bursts", "lost to receiver", "lost to sender", "idle", "longest stall"):
        table.add_column(heading, justify="right")
    silent = 0
    for result in analysis.results:
        counts = result.statistics
        if not counts.transfers and not counts.stalled:
            silent += 1
            continue
        longest = f"{counts.longest.length:,} @ {counts.longest.cycle:,}" if counts.longest else ""
        table.add_row(
            one_line(result.interface.name), f"{counts.transfers:,}", f"{counts.rate:.3f}", f"{counts.bursts:,}",
            f"{counts.stalled:,}", f"{counts.starved:,}", f"{counts.idle:,}", longest,
        )  # fmt: skip
    console.print(table)
    if silent:
        console.print(f"{silent} more interfaces without any valid", highlight=False)


def _show_faults(analysis: Analysis, console: Console) -> None:
    table = Table(title="broken rules")
    table.add_column("interface", overflow="fold")
    table.add_column("rule", overflow="fold")
    for heading in ("first cycle", "at", "times"):
        table.add_column(heading, justify="right")
    for result in analysis.results:
        name = one_line(result.interface.name)
        for one in result.violations:
            where = f" ({one_line(one.detail)})" if one.detail else ""
            rule = f"{one.rule}{where}{', warning' if one.is_warning else ''}"
            time = analysis.dump.time_text(analysis.time_of(result.interface, one.cycle))
            table.add_row(name, rule, f"{one.cycle:,}", time, f"{one.count:,}")
        if result.difference:
            rule = f"not as in the good dump: transfer {result.difference.number:,}, {one_line(result.difference.what)}"
            time = analysis.dump.time_text(analysis.time_of(result.interface, result.difference.cycle))
            table.add_row(name, rule, f"{result.difference.cycle:,}", time, "")
    if table.row_count:
        console.print(table)
    else:
        console.print("no rule broken", highlight=False)
    if first := analysis.first_difference:
        console.print(f"first difference from the good dump: {one_line(first.interface.name)}", highlight=False)


def _show_latency(latency: Latency, console: Console) -> None:
    console.print(
        f"latency in cycles: least {latency.least:g}, median {latency.median:g}, mean {latency.mean:.1f}, "
        f"95 % {latency.p95:g}, most {latency.most:g} (from cycle {latency.worst_cycle:,}); "
        f"{latency.matched:,} transfers, {latency.unmatched:,} still under way",
        highlight=False,
        soft_wrap=True,
    )


def _show_causes(analysis: Analysis, console: Console) -> None:
    if not analysis.whole:
        return
    table = Table(title="whom everybody waited for")
    for heading in ("from cycle", "to"):
        table.add_column(heading, justify="right")
    table.add_column("unit")
    table.add_column("of all waiting", justify="right")
    table.add_column("frequent chain", overflow="fold")
    table.add_column("always moving", overflow="fold")
    shown = analysis.causes if len(analysis.causes) < 2 else (*analysis.causes, analysis.whole)
    for cause in shown:
        table.add_row(
            f"{cause.start:,}", f"{cause.end:,}", cause.root, f"{cause.share:.0%}", chain_text(cause),
            ", ".join(cause.full),
        )  # fmt: skip
    console.print(table)


def chain_text(cause: Cause) -> str:
    """A chain in words: who waits for whom, on which interface."""
    return " ".join(f"{unit} -({face})->" if face else unit for unit, face in cause.chain)

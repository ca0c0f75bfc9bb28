"""The table: on a terminal, and as Markdown for the README."""

from benchmarks.results import Goal, Results, Row
from benchmarks.tables import Table, further_tables

_COLUMNS = (
    "",
    "a second",
    "of the floor",
    "p50 ms",
    "p99 ms",
    "CPU ms: service",
    "Postgres",
    "errors",
)


def table(results: Results) -> str:
    """The tables for a terminal, with goals and what was left out."""
    tables = "\n\n".join(map(_aligned, _tables(results)))
    return "\n\n".join(part for part in (tables, _facts(results), _goals(results)) if part)


def _aligned(table: Table) -> str:
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in table
    )


def markdown(results: Results) -> str:
    """The tables for the README, with the machine and the date."""
    lines = []
    for head, *rows in _tables(results, bold="**"):
        lines += [_line(head), "|---|" + "--:|" * (len(head) - 1), *map(_line, rows), ""]
    lines += [
        "| goal | wanted | reached | |",
        "|---|---|--:|---|",
        *(
            f"| {goal.name} | {goal.goal} | {_reached(goal)} | {_verdict(goal.met)} |"
            for goal in results.goals
        ),
        "",
        _provenance(results),
    ]
    return "\n".join(lines)


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _tables(results: Results, bold: str = "") -> list[Table]:
    """What was loaded; then what was measured of projections."""
    loads = [row for row in results.rows if row.kind == "load" and row.rounds]
    table = [_COLUMNS, *(_cells(results, row, bold) for row in loads)]
    return [*([table] if loads else []), *further_tables(results)]


def _provenance(results: Results) -> str:
    """One sentence or two that say where the figures come from."""
    here, asked = results.machine, results.settings
    return (
        f"{results.taken_at:%Y-%m-%d}, commit {here.commit}: {here.cpu}, {here.cores} cores, "
        f"{here.memory_gib:g} GiB, {here.os}, {here.disk} (a flush takes {here.flush_us:.0f} µs), "
        f"{here.python}, aiohttp {here.aiohttp}, uvloop {here.uvloop}, PostgreSQL "
        f"{results.postgres}, wrk {here.wrk}. Load generator, service and Postgres share the "
        f"cores. {asked['connections']} connections, {asked['rounds']} rounds of "
        f"{asked['seconds']:g} s in turn, medians. Made by `{results.command}`."
    )


def _cells(results: Results, row: Row, bold: str = "") -> tuple[str, ...]:
    floor = results.row("floor_workers" if row.name.endswith("_workers") else "floor")
    compared = floor and row.name in ("ours", "strangers", "naive", "ours_workers")
    ratio = f"{row.per_second / floor.per_second:.2f}" if floor and compared else ""
    title = f"{bold}{row.title}{bold}" if row.name == "ours" else row.title
    return (
        title,
        f"{row.per_second:,.0f}",
        ratio,
        _number(row.p50_ms),
        _number(row.p99_ms),
        _number(row.median(lambda each: each.service_cpu_ms), 3),
        _number(row.median(lambda each: each.postgres_cpu_ms), 3),
        str(row.errors),
    )


def _reached(goal: Goal) -> str:
    return f"{goal.reached:,.0f}" if goal.reached >= 1_000 else f"{goal.reached:g}"


def _verdict(met: bool) -> str:
    return "met" if met else "**not met**"


def _number(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _facts(results: Results) -> str:
    """What does not fit the table: answers, sizes, memory, what was left out."""
    lines = []
    for row in results.rows:
        if row.kind != "load":
            continue
        requests = sum(each.requests for each in row.rounds)
        outcomes: dict[str, int] = {}
        for each in row.rounds:
            for name, count in (each.outcomes or {}).items():
                outcomes[name] = outcomes.get(name, 0) + count
        parts = []
        if outcomes:
            created = outcomes.get("stamped", 0) + outcomes.get("visited", 0)
            parts.append(
                f"{requests:,} requests in time; the service counted {created:,} scans answered "
                f"201 and {outcomes.get('already_stamped', 0):,} answered 200"
            )
        elif row.rounds and row.rounds[0].recorded is not None:
            recorded = sum(each.recorded or 0 for each in row.rounds)
            parts.append(f"{requests:,} requests in time, {recorded:,} facts more in the log")
        if row.rounds and row.rounds[-1].answer_bytes:
            parts.append(f"{row.median(lambda each: each.answer_bytes):.0f} bytes an answer")
        if row.event_bytes:
            parts.append(f"{row.event_bytes:.0f} bytes an event, {row.card_bytes:.0f} a card")
        if row.rss_before_mib:
            parts.append(f"service {row.rss_before_mib:.0f} → {row.rss_after_mib:.0f} MiB")
        lag = row.median(lambda each: each.lag_facts)
        if lag:
            parts.append(f"all projections together {lag:,.0f} facts behind at the end")
        busy = row.median(lambda each: each.generator_share)
        if busy and busy > 0.9:
            parts.append(f"wrk itself used {busy:.0%} of a core: the rate may be its own limit")
        if parts:
            lines.append(f"{row.title}: {'; '.join(parts)}.")
    lines += [f"{name}: left out. {reason}" for name, reason in results.skipped.items()]
    if results.machine.load_before > 0.3 * results.machine.cores:
        lines.append(
            f"Something else was at work (load {results.machine.load_before} before the start): "
            "do not quote these figures."
        )
    return "\n".join(lines)


def _goals(results: Results) -> str:
    return "\n".join(
        f"{'met    ' if goal.met else 'NOT MET'}  {goal.name}: {_reached(goal)} (goal {goal.goal})"
        for goal in results.goals
    )

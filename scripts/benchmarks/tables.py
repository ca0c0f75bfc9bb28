"""What stands beside the loads in the report: a table for each kind of measurement."""

from collections.abc import Callable

from benchmarks.projecting.goals import median_ms, per_core
from benchmarks.results import Results, Row

Table = list[tuple[str, ...]]
"""Its head, then its rows."""


def further_tables(results: Results) -> list[Table]:
    """The tables of what was measured."""
    tables = []
    for kind, (head, cells) in _KINDS.items():
        rows = [row for row in results.rows if row.kind == kind and row.rounds]
        if rows:
            tables.append([head, *(cells(results, row) for row in rows)])
    return tables


def _rebuild(results: Results, row: Row) -> tuple[str, ...]:
    copy = results.row("copy")
    cpu_s = (row.median(lambda each: each.service_cpu_ms) or 0.0) / 1e3 * row.rounds[0].requests
    return (
        row.title,
        f"{row.per_second:,.0f}",
        f"{median_ms(row) / 1e3:.1f}",
        f"{copy.per_second / row.per_second:.2f}" if copy and row.name != "copy" else "",
        f"{per_core(row):,.0f}",
        f"{cpu_s:.1f}",
    )


def _wait(_: Results, row: Row) -> tuple[str, ...]:
    longest = max(each.seconds for each in row.rounds) * 1e3
    return row.title, f"{median_ms(row):.2f}", f"{longest:.1f}", str(row.errors)


def _lag(_: Results, row: Row) -> tuple[str, ...]:
    return (
        row.title,
        f"{row.median(lambda each: each.lag_p50_s) or 0:.2f}",
        f"{row.median(lambda each: each.lag_p99_s) or 0:.2f}",
        f"{max(each.lag_max_s or 0 for each in row.rounds):.2f}",
        f"{max(each.lag_facts or 0 for each in row.rounds):,}",
    )


def _code(_: Results, row: Row) -> tuple[str, ...]:
    each_us = 1e6 / row.per_second
    rate = f"{row.per_second:,.0f}"
    return row.title, str(row.characters), str(row.qr_version), rate, f"{each_us:.1f}"


def _phone(_: Results, row: Row) -> tuple[str, ...]:
    slowest = max(each.seconds for each in row.rounds) * 1e3
    return (
        row.title,
        f"{row.median(lambda each: each.first_paint_ms) or 0:,.0f}",
        f"{(row.median(lambda each: each.seconds) or 0) * 1e3:,.0f}",
        f"{slowest:,.0f}",
        f"{(row.median(lambda each: each.answer_bytes) or 0) / 1e3:,.1f}",
        f"{row.median(lambda each: float(each.requests)) or 0:g}",
        str(len(row.rounds)),
    )


def _dashboards(_: Results, row: Row) -> tuple[str, ...]:
    (taken,) = row.rounds
    return (
        row.title,
        f"{taken.seconds:,.0f}",
        f"{taken.requests:,}",
        str(taken.errors),
        f"{taken.lag_p50_s or 0:.2f}",
        f"{taken.lag_p99_s or 0:.2f}",
        f"{taken.lag_max_s or 0:.2f}",
        f"{taken.p50_ms or 0:.0f} / {taken.p99_ms or 0:.0f}",
        f"{taken.service_share or 0:.2f} / {taken.postgres_share or 0:.2f}",
        f"{row.rss_before_mib or 0:,.0f} → {row.rss_after_mib or 0:,.0f}",
    )


def _posters(_: Results, row: Row) -> tuple[str, ...]:
    return (
        row.title,
        f"{row.median(lambda each: each.seconds) or 0:.2f}",
        f"{max(each.seconds for each in row.rounds):.2f}",
        f"{row.median(lambda each: each.service_cpu_ms) or 0:.1f}",
        f"{row.median(lambda each: each.rss_mib) or 0:,.0f}",
        f"{(row.median(lambda each: each.answer_bytes) or 0) / 1e6:.1f}",
        str(row.errors),
    )


_KINDS: dict[str, tuple[tuple[str, ...], Callable[[Results, Row], tuple[str, ...]]]] = {
    "rebuild": (
        ("", "facts/s", "s", "of the COPY's time", "facts/s a core of Postgres", "Python CPU s"),
        _rebuild,
    ),
    "live": (("applied live", "median ms", "max ms", "errors"), _wait),
    "read": (("read", "median ms", "max ms", "errors"), _wait),
    "codes": (("", "characters", "QR version at M", "verified a second", "µs each"), _code),
    "phone": (
        (
            "phone on slow 4G, CPU ÷ 4",
            "first paint ms",
            "stamped ms",
            "slowest ms",
            "KB",
            "requests",
            "rounds",
        ),
        _phone,
    ),
    "dashboards": (
        (
            "dashboards",
            "s",
            "events",
            "lost",
            "delay p50 s",
            "p99 s",
            "max s",
            "check-in p50 / p99 ms",
            "cores: service / Postgres",
            "service MiB",
        ),
        _dashboards,
    ),
    "posters": (
        ("the press", "s", "slowest s", "CPU ms each", "MiB at most", "MB", "errors"),
        _posters,
    ),
    "lag": (("under the burst", "p50 s", "p99 s", "max s", "max facts"), _lag),
}

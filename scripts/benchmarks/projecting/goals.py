"""The goals that projections are held against."""

from benchmarks.results import Goal, Row, at_least, at_most

FOOTFALL_PER_CORE_GOAL = 500_000
FOOTFALL_OF_COPY_GOAL = 2.0
COMPLETION_GOAL = 100_000
ALL_S_GOAL = 60.0
"""For `ALL_FACTS` facts."""
ALL_FACTS = 5_000_000
LIVE_MS_GOAL = 20.0
READ_MS_GOAL = 20.0
LAG_P99_S_GOAL = 1.0


def projection_goals(rows: list[Row]) -> list[Goal]:
    """The goals that these rows can be held against."""
    return [*_rebuilds([row for row in rows if row.kind == "rebuild"]), *_waits(rows)]


def _rebuilds(rows: list[Row]) -> list[Goal]:
    found = {row.name: row for row in rows}
    if not found:
        return []
    copy = found.pop("copy")
    footfall, completion = found["rebuild_footfall"], found["rebuild_completion"]
    all_s = sum(ALL_FACTS / row.per_second for row in found.values())
    return [
        at_least(
            "footfall rebuilt, facts/s a core of Postgres",
            FOOTFALL_PER_CORE_GOAL,
            per_core(footfall),
        ),
        at_most(
            "footfall rebuilt, of the COPY's time",
            FOOTFALL_OF_COPY_GOAL,
            copy.per_second / footfall.per_second,
        ),
        at_least("completion rebuilt, facts/s", COMPLETION_GOAL, completion.per_second),
        at_most(f"all {len(found)} rebuilt, s per {ALL_FACTS:,} facts", ALL_S_GOAL, all_s),
    ]


def _waits(rows: list[Row]) -> list[Goal]:
    goals = []
    for row in rows:
        match row.kind:
            case "live":
                goals.append(at_most(f"{row.title}, ms", LIVE_MS_GOAL, median_ms(row)))
            case "read":
                goals.append(at_most(f"{row.title}, ms", READ_MS_GOAL, median_ms(row)))
            case "lag":
                p99 = row.median(lambda each: each.lag_p99_s) or 0.0
                goals.append(at_most(f"{row.title}, p99 s", LAG_P99_S_GOAL, p99))
    return goals


def per_core(row: Row) -> float:
    """Facts a second and core of Postgres that was used."""
    cpu_ms = row.median(lambda each: each.postgres_cpu_ms) or 0.0
    return 1e3 / cpu_ms if cpu_ms else 0.0


def median_ms(row: Row) -> float:
    """The median of how long a round took."""
    return (row.median(lambda each: each.seconds) or 0.0) * 1e3

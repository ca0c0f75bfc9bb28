"""What a run found: rounds, their medians, goals. The JSON file is exactly this."""

import statistics
from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from benchmarks.machine import Machine


class Round(Struct, kw_only=True, omit_defaults=True):
    """One round of one measurement. A field that does not apply is left out."""

    per_second: float
    """Check-ins (scans, rows) a second."""
    p50_ms: float | None = None
    p99_ms: float | None = None
    errors: int = 0
    requests: int = 0
    seconds: float = 0.0
    recorded: int | None = None
    """How many requests became a fact in the log (answered 201); the rest were repeats (200)."""
    outcomes: dict[str, int] | None = None
    answer_bytes: float | None = None
    service_cpu_ms: float | None = None
    """CPU of the service's processes, a check-in."""
    postgres_cpu_ms: float | None = None
    generator_share: float | None = None
    """The share of a core that wrk itself used: near 1 it is wrk that is being measured."""
    lag_facts: int | None = None
    """Facts that the projections had still to read when the round ended."""
    lag_p50_s: float | None = None
    """Of the samples of a round: how old the oldest fact was that a projection had not read."""
    lag_p99_s: float | None = None
    lag_max_s: float | None = None
    rss_mib: float | None = None
    service_share: float | None = None
    """Of a core."""
    postgres_share: float | None = None
    first_paint_ms: float | None = None
    """Of a page: when there was something to read."""


class Row(Struct, kw_only=True, omit_defaults=True):
    """A measurement: what it is, its rounds."""

    name: str
    title: str
    unit: str
    kind: str = "load"
    """Which table it stands in; tables.py has the further ones."""
    rounds: list[Round] = field(default_factory=list)
    facts_before: int | None = None
    event_bytes: float | None = None
    """Bytes an event with all indexes, in the log that was measured, afterwards."""
    card_bytes: float | None = None
    rss_before_mib: float | None = None
    rss_after_mib: float | None = None
    characters: int | None = None
    qr_version: int | None = None
    """Of a code, in an address with a host of 25 characters."""

    def median(self, of: Callable[[Round], float | None]) -> float | None:
        """The median over the rounds that have the figure."""
        values = [value for each in self.rounds if (value := of(each)) is not None]
        return statistics.median(values) if values else None

    @property
    def per_second(self) -> float:
        return self.median(lambda each: each.per_second) or 0.0

    @property
    def p50_ms(self) -> float | None:
        return self.median(lambda each: each.p50_ms)

    @property
    def p99_ms(self) -> float | None:
        return self.median(lambda each: each.p99_ms)

    @property
    def errors(self) -> int:
        return sum(each.errors for each in self.rounds)


class Goal(Struct):
    """A goal, what was reached, and whether that is enough."""

    name: str
    goal: str
    reached: float
    met: bool


class Results(Struct, kw_only=True):
    """A whole run."""

    taken_at: datetime
    seconds: float
    command: str
    machine: Machine
    postgres: str
    postgres_settings: dict[str, str]
    settings: dict[str, Any]
    rows: list[Row]
    goals: list[Goal]
    skipped: dict[str, str]
    errors: int

    def row(self, name: str) -> Row | None:
        """The row with this name, if it was measured."""
        return next((row for row in self.rows if row.name == name and row.rounds), None)


THROUGHPUT_GOAL = 0.80
P99_GOAL = 3.0
EVENT_BYTES_GOAL = 250
GROWTH_GOAL = 0.9


def at_least(name: str, goal: float, value: float) -> Goal:
    """A goal that is met from `goal` on upwards."""
    return Goal(name, f"≥ {goal:,}", round(value, 3), value >= goal)


def at_most(name: str, goal: float, value: float) -> Goal:
    """A goal that is met from `goal` on downwards."""
    return Goal(name, f"≤ {goal:,}", round(value, 3), value <= goal)


def goals(rows: list[Row]) -> list[Goal]:
    """The goals that these rows can be held against."""
    found = {row.name: row for row in rows if row.rounds}
    reached: list[Goal] = []

    for ours, floor, suffix in (
        ("ours", "floor", ""),
        ("ours_workers", "floor_workers", " (workers)"),
    ):
        if ours in found and floor in found:
            share = found[ours].per_second / found[floor].per_second
            reached.append(at_least(f"throughput of the floor's{suffix}", THROUGHPUT_GOAL, share))
            ours_p99, floor_p99 = found[ours].p99_ms, found[floor].p99_ms
            if ours_p99 and floor_p99:
                ratio = ours_p99 / floor_p99
                reached.append(at_most(f"p99 of the floor's{suffix}", P99_GOAL, ratio))
    for row in rows:
        if row.event_bytes and (row.name == "ours" or row.name.startswith("growth")):
            name = f"bytes an event with indexes ({row.title})"
            reached.append(at_most(name, EVENT_BYTES_GOAL, row.event_bytes))
    grown = [row for row in rows if row.name.startswith("growth") and row.rounds]
    if len(grown) > 1:
        name = f"throughput at {grown[-1].title.removeprefix('ours, ')} of empty"
        share = grown[-1].per_second / grown[0].per_second
        reached.append(at_least(name, GROWTH_GOAL, share))
    return reached

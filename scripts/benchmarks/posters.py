"""Posters: how long the press works at files of codes, and how much memory it takes meanwhile."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from benchmarks.results import Goal, Round, Row, at_most
from domain.plan import Plan
from qr.keyring import CodeKey
from qr.posters import Sheet, Size
from qr.press import Order
from service.pages.sheets import addresses, printed_spots, sheet_of
from service.plan_files import read_plan

ROOT = Path(__file__).parent.parent.parent
PLAN = ROOT / "plans" / "tokyo-antenna-shops" / "plan.yaml"
HOST = "https://tabi.some-city.example.jp"
KEY = CodeKey(7, "rally", b"k" * 32)
SECONDS_GOAL = 1.0
"""For sixty posters."""
FILES: tuple[tuple[str, int, Size, bool], ...] = (
    ("60 posters, A4", 60, "a4", True),
    ("60 posters, A5", 60, "a5", True),
    ("60 table cards", 60, "cards", True),
    ("250 posters, A4: a whole part", 250, "a4", True),
    ("2,000 codes as pictures", 2_000, "a4", False),
)


async def measure_posters(rounds: int) -> AsyncIterator[Row]:
    """A row for each kind of file; the time is that of a press from its start to its end."""
    plan = read_plan(PLAN)
    for title, count, size, pdf in FILES:
        row = Row(name=f"posters_{size}_{count}", title=title, unit="posters", kind="posters")
        order = Order("pdf" if pdf else "pictures", _sheet(plan, count, size))
        for _ in range(rounds):
            row.rounds.append(await asyncio.to_thread(_pressed, msgspec.json.encode(order), count))
        yield row


def _sheet(plan: Plan, count: int, size: Size) -> Sheet:
    """Posters of real shops; from the first on again where there are not enough."""
    spots = printed_spots(plan)
    again = [msgspec.structs.replace(spots[n % len(spots)], id=f"spot-{n}") for n in range(count)]
    return sheet_of(plan, again, addresses(KEY, HOST), size)


def _pressed(order: bytes, count: int) -> Round:
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as made:
        given.write(order)
        given.seek(0)
        began = time.perf_counter()
        files = [(os.POSIX_SPAWN_DUP2, each.fileno(), fd) for fd, each in enumerate((given, made))]
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "qr.press"],
            {**os.environ, "PYTHONPATH": str(ROOT)},
            file_actions=files,
        )
        _, status, used = os.wait4(pid, 0)
        seconds = time.perf_counter() - began
        return Round(
            per_second=count / seconds,
            errors=int(status != 0),
            requests=count,
            seconds=seconds,
            service_cpu_ms=(used.ru_utime + used.ru_stime) * 1e3 / count,
            rss_mib=used.ru_maxrss / 1024,
            answer_bytes=float(os.fstat(made.fileno()).st_size),
        )


def poster_goals(rows: list[Row]) -> list[Goal]:
    """The goals that these rows can be held against."""
    return [
        at_most(f"{row.title}: seconds", SECONDS_GOAL, row.median(lambda each: each.seconds) or 0.0)
        for row in rows
        if row.name == "posters_a4_60" and row.rounds
    ]

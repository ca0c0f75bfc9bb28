"""The report's tables as CSV files in one archive."""

import io
import zipfile
from collections.abc import Iterable
from typing import Any

from service.csv_files import csv_of
from service.report import Report

_WARNING = (
    "Internal: exact numbers. Small ones may tell of single persons; "
    "what is meant for the public is the rally's open data.\r\n"
)


def bundle(report: Report) -> bytes:
    """A ZIP archive with a CSV file for each table, and what it is."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        made = f"{report.plan.rally}, {report.made_at.isoformat(timespec='seconds')}\r\n"
        archive.writestr("README.txt", made + _WARNING)
        for name, (header, rows) in _files(report).items():
            archive.writestr(f"{name}.csv", csv_of(header, map(tuple, rows)))
    return packed.getvalue()


def _files(report: Report) -> dict[str, tuple[list[str], Iterable[Iterable[Any]]]]:
    areas = {spot.id: spot.area for spot in report.plan.spots}
    counts = ["visits", "visitors", "headcount"]
    return {
        "days": (["day", *counts], ((day, *_counts(each)) for day, each in report.days)),
        "spots": (
            ["spot", "area", *counts],
            ((spot, areas.get(spot), *_counts(each)) for spot, each in report.spots),
        ),
        "areas": (["area", "visits"], report.areas.items()),
        "hours_of_day": (["hour", "visits"], sorted(report.hours.items())),
        "languages": (["language", "visits"], report.languages.items()),
        "moves_between_areas": (
            ["origin", "destination", "moves", "median_minutes"],
            (
                (each.origin, each.destination, each.moves, each.median_minutes)
                for each in report.moves
            ),
        ),
        "funnel": (
            ["stamps", "cards"],
            ((step.stamps, step.visitors) for step in report.funnel.at_least),
        ),
        "cards_by_areas": (["areas", "cards"], report.cards_by_areas.items()),
        "prizes": (
            ["prize", "reached", "entries", "handed_over", "left"],
            ((p.prize, p.reached, p.entries, p.handed_over, p.left) for p in report.prizes),
        ),
        "refusals": (["code", "refusals"], report.refusals.items()),
    }


def _counts(each: Any) -> tuple[int, int, int]:
    return each.visits, each.visitors, each.headcount

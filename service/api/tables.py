"""The organiser's figures as tables: a header and rows, with names in the asker's language."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from aiohttp import web
from msgspec.structs import astuple

from service.context import rally_of, voice_of
from service.csv_files import csv_answer
from service.figures import Funnel, Moves, PrizeCount, RefusalCount
from service.footfall import Count, LanguageCount
from service.reasons import reason


class _Names:
    """The names of a rally's spots, areas and prizes; of one that the plan has no more, none."""

    def __init__(self, request: web.Request) -> None:
        plan = rally_of(request).plan
        self._say = voice_of(request).name
        self.spots = {each.id: each.names for each in plan.spots}
        self.areas = {each.id: each.names for each in plan.areas}
        self.prizes = {each.id: each.names for each in plan.prizes}

    def pair(self, names: Mapping[str, Any], known: str) -> tuple[str, str]:
        """An id and its name."""
        return known, self._say(names.get(known))


class Table(NamedTuple):
    """A header and rows."""

    header: Sequence[str]
    rows: Sequence[Sequence[object]]


def answer(request: web.Request, name: str, table: Table) -> web.Response:
    """A table of the rally that the address names, as a CSV file."""
    return csv_answer(f"{rally_of(request).plan.rally}-{name}", *table)


def footfall(
    request: web.Request, kind: type[Count | LanguageCount], rows: Sequence[Count | LanguageCount]
) -> Table:
    """Counts of a kind, each with its spot's name."""
    names = _Names(request)
    header = ["spot", "spot_name", *kind.__struct_fields__[1:]]
    return Table(header, [(*names.pair(names.spots, row.spot), *astuple(row)[1:]) for row in rows])


def completion(request: web.Request, funnel: Funnel) -> Table:
    """The funnel: all visitors, those with at least so many stamps, those who reached a prize."""
    names = _Names(request)
    return Table(
        ("measure", "of", "name", "visitors", "median_minutes"),
        [
            ("visitors", None, None, funnel.visitors, None),
            *(("at_least", each.stamps, None, each.visitors, None) for each in funnel.at_least),
            *(
                ("prize", *names.pair(names.prizes, each.prize), each.visitors, each.median_minutes)
                for each in funnel.prizes
            ),
        ],
    )


def flow(request: web.Request, by: str, moves: Sequence[Moves]) -> Table:
    """Moves from spot to spot or from area to area."""
    names = _Names(request)
    known = names.spots if by == "spot" else names.areas
    return Table(
        ("from", "from_name", "to", "to_name", "moves", "median_minutes"),
        [
            (
                *names.pair(known, each.origin),
                *names.pair(known, each.destination),
                each.moves,
                each.median_minutes,
            )
            for each in moves
        ],
    )


def refusals(request: web.Request, rows: Sequence[RefusalCount]) -> Table:
    """What was refused where, why in words, how often and when last."""
    names, say = _Names(request), voice_of(request).say
    return Table(
        ("spot", "spot_name", "code", "reason", "refusals", "newest"),
        [
            (
                *names.pair(names.spots, row.spot),
                row.code,
                say(reason(row.code)),
                row.refusals,
                row.newest,
            )
            for row in rows
        ],
    )


def prizes(request: web.Request, counts: Sequence[PrizeCount]) -> Table:
    """What became of each prize."""
    names = _Names(request)
    header = ["prize", "prize_name", *PrizeCount.__struct_fields__[1:]]
    return Table(
        header, [(*names.pair(names.prizes, each.prize), *astuple(each)[1:]) for each in counts]
    )

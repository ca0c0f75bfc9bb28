"""A rally beside another round of it, for programs and spreadsheets."""

from aiohttp import web
from msgspec import Struct, field

from service.answers import json_answer
from service.contract.call import Who, call, read_query
from service.csv_files import csv_answer, wants_csv
from service.failures import BeingRebuilt, QueryInvalid
from service.rounds import asked_round, compared_with, others_seen
from service.rounds_compared import Comparison


class Asked(Struct, frozen=True):
    """The other round; the last one without it."""

    other: str | None = field(name="with", default=None)


@call(Who.VIEWER, query=Asked, answers={200: Comparison}, problems=(BeingRebuilt,))
async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/comparison(.csv)?with=OTHER: day n against day n, spot by spot.

    Without `with` it is the last round; 400 if there is none.
    """
    others = others_seen(request)
    read_query(request, Asked)
    other = asked_round(request, others)
    if other is None:
        raise QueryInvalid("with names another rally: none has ended before this one began")
    compared = await compared_with(request, other)
    if wants_csv(request):
        header = ("measure", "of", "now", "before", "before_in_all")
        return csv_answer(f"{compared.rally}-beside-{compared.other}", header, _rows(compared))
    return json_answer(compared)


def _rows(compared: Comparison) -> list[tuple[object, ...]]:
    return [
        *((one.measure, None, one.now, one.before, one.before_in_all) for one in compared.totals),
        *(("visits_of_day", pair.number, pair.now, pair.before, None) for pair in compared.by_day),
        *(("visits_at_spot", pair.spot, pair.now, pair.before, None) for pair in compared.spots),
    ]

"""A rally beside another round of it."""

from aiohttp import web

from service.charts import Bar
from service.context import rally_of, voice_of
from service.i18n import Voice
from service.pages.render import page
from service.rounds import asked_round, compared_with, others_seen
from service.rounds_compared import Comparison


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/organiser/compare?with=OTHER: totals, days, spots; without, the last round."""
    rally, others = rally_of(request), others_seen(request)
    other = asked_round(request, others)
    compared = await compared_with(request, other) if other else None
    return page(
        request,
        "compare.html",
        rally=rally.plan,
        course=rally.course,
        others=[each.plan for each in others],
        other=other and other.plan,
        other_course=other and other.course,
        compared=compared,
        bars=compared and _bars(voice_of(request), compared),
    )


def _bars(voice: Voice, compared: Comparison) -> list[Bar]:
    return [
        Bar(
            str(pair.number),
            pair.now or 0,
            voice.say("Day {n}", n=voice.number(pair.number)),
            pair.before or 0,
        )
        for pair in compared.by_day
    ]

"""Odd cards: what looks as if stamps were not collected by walking, for the organiser to judge."""

from datetime import datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from domain import voids
from domain.card import Card
from domain.events import CardFact
from domain.rally import Rally
from domain.stock import Taken
from projections.completion import COMPLETION
from projections.follow import read_lag
from service.answers import read_form
from service.context import engine_of, rally_of
from service.failures import BodyInvalid
from service.footfall import asked_day
from service.pages.render import page
from service.signals import findings, kind_of, read_signals

REASON_MAX = 400
VOIDED_AT_ONCE_MAX = 100


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/signals?day=: a day's signals, the visits behind them, and what is void."""
    engine, rally = engine_of(request), rally_of(request)
    asker = engine.people.viewer(request, rally.plan.rally)
    now = engine.clock()
    today = now.astimezone(rally.course.zone).date()
    day = asked_day(request, "day") or today
    lag = await read_lag(engine.pool, COMPLETION, now)
    found = await read_signals(engine, rally.course, day)
    return page(
        request,
        "signals.html",
        asker=asker,
        rally=rally.plan,
        course=rally.course,
        day=day,
        today=today,
        found=len(found),
        findings=await findings(engine, rally.course, day, found),
        kind_of=kind_of,
        void=await engine.log.voids(rally.plan.rally),
        lag=lag,
    )


async def void(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/signals: void visits of a card, or let them count again."""
    await void_named(request, await read_form(request))
    day = asked_day(request, "day")
    name = rally_of(request).plan.rally
    raise web.HTTPSeeOther(f"/r/{name}/signals" + (f"?day={day}" if day else ""))


async def void_named(request: web.Request, form: dict[str, str]) -> None:
    """Void the visits that an organiser's form names, or (`do` is reinstate) let them count."""
    engine, name = engine_of(request), rally_of(request).plan.rally
    by = engine.people.organiser(request, name).by
    visitor, positions = _named(form)
    decide: Any = voids.reinstate if form.get("do") == "reinstate" else voids.void
    reason = "".join(filter(str.isprintable, form.get("reason", "")))[:REASON_MAX] or "-"
    for position in positions:

        def decision(
            rally: Rally, card: Card, now: datetime, _: Taken, position: int = position
        ) -> CardFact | None:
            fact: CardFact | None = decide(rally, card, visitor, position, now, by, reason)
            return fact

        await engine.change_card(visitor, name, decision)
    await engine.judge_all()  # whoever has said so wants to see it


def _named(form: dict[str, str]) -> tuple[UUID, list[int]]:
    try:
        positions = [int(text) for text in form.get("positions", "").split(",")]
        visitor = UUID(form.get("visitor", ""))
    except ValueError as error:
        raise BodyInvalid("visitor is a UUID, positions are numbers") from error
    if len(positions) > VOIDED_AT_ONCE_MAX:
        raise BodyInvalid(f"at most {VOIDED_AT_ONCE_MAX} positions")
    return visitor, positions

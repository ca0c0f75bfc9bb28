"""The journal of a rally: who has changed what, and when."""

from datetime import datetime
from urllib.parse import urlencode

from aiohttp import web

from service.context import engine_of, rally_of
from service.failures import QueryInvalid
from service.journal import NEWEST, Cursor, read_journal
from service.pages.render import page

KEY_MAX = 80


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/changes?before=&key=: a page of changes, the newest first."""
    engine, rally = engine_of(request), rally_of(request)
    engine.people.organiser(request, rally.plan.rally)
    journal = await read_journal(engine, rally.plan.rally, _asked(request))
    older = journal.older
    return page(
        request,
        "changes.html",
        rally=rally.plan,
        course=rally.course,
        journal=journal,
        newest=not request.query.get("before"),
        older=older and urlencode({"before": older.at.isoformat(), "key": older.key}),
    )


def _asked(request: web.Request) -> Cursor:
    text, key = request.query.get("before"), request.query.get("key", "")
    if not text:
        return NEWEST
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise QueryInvalid("before is a moment such as 2026-01-08T03:00:00+00:00") from error
    if at.tzinfo is None or len(key) > KEY_MAX or not key.isprintable():
        raise QueryInvalid("before has an offset, key is what a page of the journal says")
    return Cursor(at, key)

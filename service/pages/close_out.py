"""The close-out, step by step: each a plain form, all of it read from the facts."""

from typing import Any

from aiohttp import web

from domain.close_out import late_until, thaw
from domain.rally import NotAllowed, Rally
from domain.refusals import RefusalCode
from service import closing, drawing
from service.addresses import kept_until
from service.answers import read_form
from service.context import engine_of, rally_of
from service.engine import Engine, of_known
from service.failures import BodyInvalid
from service.journal import authors
from service.pages.render import page
from service.sql import stored

CONFLICT = 409
TEXT_MAX = 400
REFRESH_S = 2
DEVICES_SHOWN = 20
_COUNT_TOO_LATE = stored("count_refused_since")


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/close-out: the steps, which is done, which is now."""
    return await _page(request, rally_of(request))


async def change(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/close-out: take a step; taken twice it is taken once."""
    engine, name = engine_of(request), rally_of(request).plan.rally
    by = engine.people.organiser(request, name).by
    form = await read_form(request)
    try:
        await _take(engine, name, by, form)
    except NotAllowed as refused:
        return await _page(request, engine.rallies.known(name), refused.code, CONFLICT)
    raise web.HTTPSeeOther(f"/r/{name}/close-out")


async def _take(engine: Engine, name: str, by: str, form: dict[str, str]) -> None:
    match form.get("do"):
        case "commit":
            await drawing.commit(engine, name, by)
        case "freeze":
            await engine.freeze(name, by)
        case "thaw":
            await engine.change(name, of_known(thaw, by))
        case "review":
            await closing.reviewed(engine, name, by)
        case "fix":
            fixing = await closing.begin_fixing(engine, name, by)
            if fixing.failed:
                raise NotAllowed(fixing.failed, "The entries could not be fixed.")
        case "hold":
            public, about = (form.get(key, "").strip()[:TEXT_MAX] for key in ("public", "about"))
            await drawing.hold(engine, name, public, about, by)
        case _:
            raise BodyInvalid("do is commit, freeze, thaw, review, fix or hold")


async def _page(
    request: web.Request, rally: Rally, refused: str | None = None, status: int = 200
) -> web.Response:
    engine, name = engine_of(request), rally.plan.rally
    person = engine.people.viewer(request, name)
    now, fixing = engine.clock(), engine.fixings.get(name)
    late = await closing.late_devices(engine, name)
    said = {each.by for each in (rally.frozen, rally.reviewed) if each}
    context: dict[str, Any] = {
        "rally": rally.plan,
        "state": rally,
        "zone": rally.course.zone,
        "over": rally.is_over(now),
        "now": now,
        "view": await closing.read_overview(engine, rally),
        "devices": late[:DEVICES_SHOWN],
        "devices_all": len(late),
        "authors": await authors(engine, said),
        "late_until": late_until(rally),
        "too_late": await _too_late(engine, rally),
        "fixing": fixing if fixing and fixing.under_way else None,
        "failed": fixing.failed if fixing else None,
        "refused": refused,
        "may_change": person.may_change,
        "prizes": rally.course.prizes,
        "until": kept_until(rally.plan),
        "days_left": (kept_until(rally.plan) - now.astimezone(rally.course.zone).date()).days,
    }
    answer = page(request, "close_out.html", status, **context)
    if context["fixing"]:
        answer.headers["Refresh"] = str(REFRESH_S)
    return answer


async def _too_late(engine: Engine, rally: Rally) -> int:
    """How many scans came after the freeze, as far as they were logged: what an earlier one refused
    may have been taken since."""
    if rally.frozen is None:
        return 0
    count: int = await engine.pool.fetchval(
        _COUNT_TOO_LATE, rally.plan.rally, rally.frozen.positions, RefusalCode.RALLY_FINAL
    )
    return count

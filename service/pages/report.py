"""The report: printed for a board or a grant office, with exact numbers; and a spot's own one."""

from aiohttp import web

from domain.rally import Rally
from domain.refusals import SENTENCES
from domain.rehearsal import rehearsed
from service.answers import file_answer
from service.context import engine_of, rally_of, spot_seen
from service.failures import Failure
from service.pages.render import page
from service.report import read_report, read_spot_report
from service.report_files import bundle
from service.surveys import read_survey


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/report?with=: the rally's figures; beside those of another one, if named."""
    engine, rally = engine_of(request), rally_of(request)
    name, other = rally.plan.rally, request.query.get("with")
    engine.people.viewer(request, name)
    compared = None
    if other:
        course = engine.rallies.known(other).course
        engine.people.viewer(request, other)
        compared = await read_report(engine, course)
    return page(
        request,
        "report.html",
        rally=rally.plan,
        course=rally.course,
        life=rally.status,
        report=await read_report(engine, rally.course),
        compared=compared,
        others=_others(request, rally),
        survey=await read_survey(engine, rally.plan),
        sentences=SENTENCES,
    )


async def files(request: web.Request) -> web.Response:
    """GET /r/{rally}/report.zip: the report's tables as CSV files."""
    engine, rally = engine_of(request), rally_of(request)
    name = rally.plan.rally
    engine.people.viewer(request, name)
    made = bundle(await read_report(engine, rally.course))
    return file_answer(made, "application/zip", f"{name}-report.zip")


async def show_spot(request: web.Request) -> web.Response:
    """GET /r/{rally}/spots/{spot}/report: a spot's own figures, for its staff; of all others, what
    tells of no single one."""
    course, spot = spot_seen(request)
    found = await read_spot_report(engine_of(request), course, spot.id)
    return page(request, "spot_report.html", rally=course.plan, spot=spot, report=found)


def _others(request: web.Request, rally: Rally) -> list[Rally]:
    """The other rallies that the asker may see, the latest first."""
    engine, seen = engine_of(request), []
    for other in engine.rallies.all():
        try:
            engine.people.viewer(request, other.plan.rally)
        except Failure:
            continue
        if other.plan.rally != rally.plan.rally and not rehearsed(other.plan.rally):
            seen.append(other)
    return sorted(seen, key=lambda each: each.plan.first_day, reverse=True)

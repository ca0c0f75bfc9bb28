"""The report: printed for a board or a grant office, with exact numbers; and a spot's own one."""

from aiohttp import web

from service.answers import file_answer
from service.context import engine_of, rally_of, spot_seen
from service.pages.render import page
from service.reasons import reason
from service.report import read_report, read_spot_report
from service.report_files import bundle
from service.rounds import asked_round, compared_with, others_seen
from service.surveys import read_survey


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/report?with=: the rally's figures; beside another round's, if one is named."""
    engine, rally = engine_of(request), rally_of(request)
    others = others_seen(request)
    other = asked_round(request, others) if request.query.get("with") else None
    return page(
        request,
        "report.html",
        rally=rally.plan,
        course=rally.course,
        life=rally.status,
        report=await read_report(engine, rally.course),
        other=other and other.plan,
        compared=await compared_with(request, other) if other else None,
        other_report=await read_report(engine, other.course) if other else None,
        others=[each.plan for each in others],
        survey=await read_survey(engine, rally.plan),
        reason=reason,
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

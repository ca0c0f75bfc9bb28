"""Plans as files, for whoever may see all of a rally: a plan holds the answers to its questions."""

from aiohttp import web

from domain.plan import Plan
from service.answers import NOSNIFF
from service.context import engine_of, rally_of, voice_of
from service.plan_files.export import spots_table, written


async def show_plan(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/plan.yaml: the plan file that lays out this rally."""
    plan = _asked(request)
    return file_answer(
        written(plan, voice_of(request).say), "application/yaml", f"{plan.rally}.yaml"
    )


async def show_spots(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/spots.csv: the spots as a table, in UTF-8 that spreadsheets read."""
    plan = _asked(request)
    return file_answer("\ufeff" + spots_table(plan), "text/csv", f"{plan.rally}-spots.csv")


def file_answer(text: str, kind: str, name: str) -> web.Response:
    """A text as a file to keep under a name."""
    kept = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(text=text, content_type=kind, charset="utf-8", headers={**NOSNIFF, **kept})


def _asked(request: web.Request) -> Plan:
    plan = rally_of(request).plan
    engine_of(request).people.viewer(request, plan.rally)
    return plan

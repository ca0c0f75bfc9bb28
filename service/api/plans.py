"""Plans as files, for whoever may see all of a rally: a plan holds the answers to its questions."""

from typing import Any

from aiohttp import web

from domain.plan import Plan
from service.answers import file_answer
from service.context import engine_of, rally_of, voice_of
from service.contract.call import CSV, YAML, Who, call
from service.csv_files import BOM
from service.plan_files.export import spots_table, written


@call(Who.VIEWER, answers={200: {YAML: dict[str, Any]}})
async def show_plan(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/plan.yaml: the plan file that lays out this rally."""
    plan = _asked(request)
    text = written(plan, voice_of(request).say)
    return file_answer(text.encode(), YAML, f"{plan.rally}.yaml")


@call(Who.VIEWER, answers={200: {CSV: str}})
async def show_spots(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/spots.csv: the spots as a table, in UTF-8 that spreadsheets read."""
    plan = _asked(request)
    return file_answer((BOM + spots_table(plan)).encode(), CSV, f"{plan.rally}-spots.csv")


def _asked(request: web.Request) -> Plan:
    plan = rally_of(request).plan
    engine_of(request).people.viewer(request, plan.rally)
    return plan

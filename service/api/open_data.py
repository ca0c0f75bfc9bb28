"""Open data: its dictionary as a Data Package, its tables as files, the organiser's two acts."""

import asyncio
from typing import Any, Literal

from aiohttp import web
from msgspec import Struct

from domain.open_data import margin, odds
from domain.open_tables import BY_NAME, SCHEMA_VERSION, TABLES, Column, Table
from domain.plan import Plan, text_in
from domain.rally import Rally
from domain.suppression import LEAST, STEP
from service import open_data
from service.answers import file_answer, json_answer, read_body
from service.context import engine_of, public_url, rally_of
from service.failures import NotFound, OpenDataMissing
from service.open_data import Made
from service.open_files import MEDIA_TYPES, written

METHOD = (
    "Every count has a secret random error, made once; figures are rounded to {step} and left "
    "empty below {least}. Whatever tables are put together or subtracted, this publication is at "
    "most {odds} times as likely with any one visit as without it (differential privacy). "
    "Sums over tables differ a little for the same reason."
)
_FOR_ALL = {"Access-Control-Allow-Origin": "*"}
"""What is public may be read by pages of other sites too."""


class Act(Struct, frozen=True, forbid_unknown_fields=True):
    """`make` the tables, or `publish` those of a `digest` under a `licence` (SPDX) or none."""

    do: Literal["make", "publish"]
    digest: str = ""
    licence: str | None = None


async def index(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/open-data: the data dictionary, as a Frictionless Data Package."""
    rally = rally_of(request)
    made = await made_for(request, rally)
    answer = json_answer(package(rally, made, public_url(request)))
    answer.headers.update(_FOR_ALL)
    return answer


async def table(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/open-data/{table}.{csv|json|parquet}: the rows of a table."""
    rally = rally_of(request)
    name, _, kind = request.match_info["file"].rpartition(".")
    if name not in BY_NAME or kind not in MEDIA_TYPES:
        raise NotFound(f"a table of {', '.join(BY_NAME)}, as .csv, .json or .parquet")
    made = await made_for(request, rally)
    body = await asyncio.to_thread(
        written, kind, rally.plan.rally, BY_NAME[name], made.tables[name]
    )
    answer = file_answer(body, MEDIA_TYPES[kind], f"{rally.plan.rally}-{name}.{kind}")
    answer.headers.update(_FOR_ALL)
    return answer


async def act(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/open-data: make the tables, publish them; said again it stays."""
    engine, name = engine_of(request), rally_of(request).plan.rally
    by = engine.people.organiser(request, name).by
    body = await read_body(request, Act)
    if body.do == "make":
        await open_data.make(engine, name)
    else:
        await open_data.publish_made(engine, name, body.digest, body.licence, by)
    return await index(request)


async def made_for(request: web.Request, rally: Rally) -> Made:
    """The tables that `made_seen` finds. Raises also OpenDataMissing."""
    made = await made_seen(request, rally)
    if made is None:
        raise OpenDataMissing
    return made


async def made_seen(request: web.Request, rally: Rally) -> Made | None:
    """The tables: for everybody once they are published, before for who may see all of the rally;
    None if there are none yet. Raises TokenMissing, Forbidden."""
    engine = engine_of(request)
    if rally.open_data is None:
        engine.people.viewer(request, rally.plan.rally)
    return await open_data.read_made(engine, rally)


def package(rally: Rally, made: Made, url: str) -> dict[str, Any]:
    """The dictionary in the terms of https://datapackage.org, and what it has no words for."""
    plan, published = rally.plan, rally.open_data
    licence = published and published.licence
    return {
        "profile": "tabular-data-package",
        "name": plan.rally,
        "title": text_in(plan.names, "en"),
        "schema_version": SCHEMA_VERSION,
        "digest": made.digest,
        "made_at": made.made_at.astimezone(rally.course.zone),
        "published_at": published and published.published_at.astimezone(rally.course.zone),
        "licence": licence,
        "licenses": [{"name": licence}] if licence else [],
        "method": METHOD.format(step=STEP, least=LEAST, odds=odds(plan)),
        "resources": [_resource(plan, each, made, url) for each in TABLES],
    }


def _resource(plan: Plan, table: Table, made: Made, url: str) -> dict[str, Any]:
    rows = len(made.tables[table.name])
    path = f"{url}/api/rallies/{plan.rally}/open-data/{table.name}"
    return {
        "name": table.name,
        "description": table.description,
        "path": f"{path}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "also": {kind: f"{path}.{kind}" for kind in MEDIA_TYPES if kind != "csv"},
        "rows": rows,
        "schema": {
            "fields": [_field(plan, column, rows) for column in table.columns],
            "primaryKey": [column.name for column in table.columns[: table.keys]],
            "missingValues": [""],
        },
    }


def _field(plan: Plan, column: Column, rows: int) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "description": column.description,
        "unit": column.unit,
        "margin_95": margin(plan, column, rows),
    }

"""Open data: its dictionary as a Data Package, its tables as files, the organiser's two acts."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct

from domain.open_data import margin, odds
from domain.open_tables import BY_NAME, SCHEMA_VERSION, TABLES, Column, Table
from domain.plan import Plan, text_in
from domain.rally import Rally
from domain.suppression import LEAST, STEP
from service import open_data
from service.answers import file_answer, json_answer, read_body
from service.context import engine_of, public_url, rally_of
from service.contract.call import CSV, JSON, Who, call
from service.failures import (
    BeingRebuilt,
    Forbidden,
    NotFound,
    OpenDataMissing,
    ParquetNeedsPyarrow,
    TokenInvalid,
    TokenMissing,
)
from service.open_data import Made
from service.open_files import MEDIA_TYPES, TableFile, written

METHOD = (
    "Every count has a secret random error, made once; figures are rounded to {step} and left "
    "empty below {least}. Whatever tables are put together or subtracted, this publication is at "
    "most {odds} times as likely with any one visit as without it (differential privacy). "
    "Sums over tables differ a little for the same reason."
)
_FOR_ALL = {"Access-Control-Allow-Origin": "*"}
"""What is public may be read by pages of other sites too."""


class Field(Struct, frozen=True):
    """A column; `margin_95` is how far off a figure is at most, 19 times of 20."""

    name: str
    type: str
    description: str
    unit: str | None
    margin_95: int | None


class TableSchema(Struct, frozen=True, rename="camel"):
    """The columns of a table, and those that tell its rows apart."""

    fields: list[Field]
    primary_key: list[str]
    missing_values: tuple[str, ...] = ("",)


class Resource(Struct, frozen=True, kw_only=True):
    """A table, where it is as CSV, and (`also`) as what else."""

    name: str
    description: str
    path: str
    format: str = "csv"
    mediatype: str = "text/csv"
    encoding: str = "utf-8"
    also: dict[str, str]
    rows: int
    schema: TableSchema


class Licence(Struct, frozen=True):
    """A licence by its SPDX name."""

    name: str


class Package(Struct, frozen=True, kw_only=True):
    """The dictionary in the terms of https://datapackage.org, and what it has no words for."""

    profile: str = "tabular-data-package"
    name: str
    title: str
    schema_version: int = SCHEMA_VERSION
    digest: str
    made_at: datetime
    published_at: datetime | None
    licence: str | None
    licenses: list[Licence]
    method: str
    resources: list[Resource]


_UNPUBLISHED = (OpenDataMissing, TokenMissing, TokenInvalid, Forbidden)
"""Before it is published, only who may see all of the rally gets it."""


class Act(Struct, frozen=True, forbid_unknown_fields=True):
    """`make` the tables, or `publish` those of a `digest` under a `licence` (SPDX) or none."""

    do: Literal["make", "publish"]
    digest: Annotated[str, Meta(max_length=64)] = ""
    licence: Annotated[str, Meta(max_length=40)] | None = None


@call(Who.ANYONE, answers={200: Package}, problems=_UNPUBLISHED)
async def index(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/open-data: the data dictionary, as a Frictionless Data Package."""
    rally = rally_of(request)
    made = await made_for(request, rally)
    answer = json_answer(package(rally, made, public_url(request)))
    answer.headers.update(_FOR_ALL)
    return answer


@call(
    Who.ANYONE,
    answers={200: {CSV: str, JSON: TableFile, MEDIA_TYPES["parquet"]: bytes}},
    problems=(NotFound, ParquetNeedsPyarrow, *_UNPUBLISHED),
)
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


@call(
    Who.ORGANISER,
    body=Act,
    example=Act("make"),
    answers={200: Package},
    problems=(
        BeingRebuilt,
        OpenDataMissing,
        "licence_unknown",
        "open_data_not_made",
        "open_data_outdated",
        "open_data_published",
        "rally_not_over",
    ),
)
async def act(request: web.Request) -> web.StreamResponse:
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


def package(rally: Rally, made: Made, url: str) -> Package:
    """The dictionary of tables that were made."""
    plan, published = rally.plan, rally.open_data
    licence = published.licence if published else None
    return Package(
        name=plan.rally,
        title=text_in(plan.names, "en"),
        digest=made.digest,
        made_at=made.made_at.astimezone(rally.course.zone),
        published_at=published.published_at.astimezone(rally.course.zone) if published else None,
        licence=licence,
        licenses=[Licence(licence)] if licence else [],
        method=METHOD.format(step=STEP, least=LEAST, odds=odds(plan)),
        resources=[_resource(plan, each, made, url) for each in TABLES],
    )


def _resource(plan: Plan, table: Table, made: Made, url: str) -> Resource:
    rows = len(made.tables[table.name])
    path = f"{url}/api/rallies/{plan.rally}/open-data/{table.name}"
    return Resource(
        name=table.name,
        description=table.description,
        path=f"{path}.csv",
        also={kind: f"{path}.{kind}" for kind in MEDIA_TYPES if kind != "csv"},
        rows=rows,
        schema=TableSchema(
            [_field(plan, column, rows) for column in table.columns],
            [column.name for column in table.columns[: table.keys]],
        ),
    )


def _field(plan: Plan, column: Column, rows: int) -> Field:
    told = (column.name, column.type, column.description, column.unit)
    return Field(*told, margin(plan, column, rows))

"""Rallies: what a visitor may see of a plan, the own card, and the organiser's changes."""

import asyncio
from functools import partial
from typing import Any

from aiohttp import web
from msgspec import Struct
from msgspec.structs import asdict, replace

from domain.card import CardView
from domain.plan import Plan, Spot
from domain.rally import Rally, Status, cancel_rally, close_rally, open_rally
from service.answers import json_answer, read_body, read_bytes
from service.context import engine_of, rally_of
from service.contract.call import JSON, YAML, Who, call, read_query
from service.engine import Engine
from service.failures import BeingRebuilt, BodyInvalid, NotEverywhere, PlanInvalid, RallyUnknown
from service.plan_files import PlanMistakes, parse_plan
from service.plan_files.schema import plan_schema
from service.preview import Preview


class Cancellation(Struct, frozen=True, forbid_unknown_fields=True):
    """Which areas are called off; all of the rally if none is named."""

    areas: list[str] = []


class RallyAnswer(Struct, frozen=True):
    """A rally as visitors may see it."""

    status: Status
    plan: Plan


class RallyStatus(Struct, frozen=True):
    """Where a rally is in its life."""

    rally: str
    status: Status


class PreviewAnswer(Preview, frozen=True, kw_only=True):
    """What a plan would change, in which rally."""

    rally: str


class PutAsked(Struct, frozen=True):
    """`losses`: the plan is laid out though it takes reached prizes from visitors."""

    accept: str | None = None


_PLAN_FILE = {JSON: Plan, YAML: dict[str, Any]}


@call(Who.ANYONE, answers={200: RallyAnswer})
async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}: the plan and where the rally is in its life.

    Without clues, as the own card tells those that its visitor has come to, and without answers.
    """
    rally = rally_of(request)
    plan = replace(rally.plan, spots=[_told(spot) for spot in rally.plan.spots])
    return json_answer(RallyAnswer(rally.status, plan))


def _told(spot: Spot) -> Spot:
    question = spot.question and replace(spot.question, answers=[])
    return replace(spot, clue=None, question=question)


@call(Who.ANYONE, answers={200: dict[str, Any]})
async def schema(request: web.Request) -> web.Response:
    """GET /api/plan.schema.json: the JSON Schema of plan files, for editors."""
    return json_answer(plan_schema())


@call(Who.VISITOR, answers={200: CardView})
async def card(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/card: the own card."""
    engine, rally = engine_of(request), rally_of(request)
    visitor = engine.people.visitor(request)
    return json_answer(await engine.card(visitor.id, rally.plan.rally))


@call(
    Who.ORGANISER,
    query=PutAsked,
    body=_PLAN_FILE,
    answers={200: RallyStatus},
    problems=(
        BodyInvalid,
        NotEverywhere,
        PlanInvalid,
        BeingRebuilt,
        "carry_over_fixed",
        "entries_closed",
        "member_unknown",
        "name_reserved",
        "open_data_published",
        "rally_cancelled",
        "rally_exists",
        "revisit_fixed",
        "takes_prizes_away",
        "time_zone_fixed",
    ),
)
async def put(request: web.Request) -> web.Response:
    """PUT /api/rallies/{rally}?accept=losses: lay out a rally, or change its plan (JSON or YAML).

    A plan that would take a reached prize from somebody is a conflict, unless losses are accepted.
    """
    name = request.match_info["rally"]
    engine = engine_of(request)
    new = engine.rallies.get(name) is None
    people = engine.people
    person = people.planner(request) if new else people.organiser(request, name)
    plan = await _plan(request, name, person.organisation)
    accepted = read_query(request, PutAsked).accept == "losses"
    return _changed(
        await engine.plan(plan, person.by, accept_losses=accepted, organisation=person.organisation)
    )


@call(
    Who.ORGANISER,
    body=_PLAN_FILE,
    answers={200: PreviewAnswer},
    problems=(BodyInvalid, PlanInvalid, BeingRebuilt),
)
async def show_preview(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/preview: who would gain and lose what under this plan, and which
    prizes would run short. Nothing is changed."""
    engine, name = engine_of(request), rally_of(request).plan.rally
    person = engine.people.organiser(request, name)
    plan = await _plan(request, name, person.organisation)
    return json_answer(PreviewAnswer(**asdict(await engine.preview(plan)), rally=name))


async def _plan(request: web.Request, name: str, organisation: str | None) -> Plan:
    found = partial(engine_of(request).rallies.member_mistakes, organisation=organisation)
    try:
        # A large plan takes seconds to read: check-ins must not wait for that.
        body = await read_bytes(request)
        plan = await asyncio.to_thread(parse_plan, body, "plan", _no_csv, found)
    except PlanMistakes as mistakes:
        raise PlanInvalid(str(mistakes)) from mistakes
    if plan.rally != name:
        raise BodyInvalid(f"The plan's rally is {plan.rally}, the address says {name}.")
    return plan


@call(
    Who.ORGANISER,
    answers={200: RallyStatus},
    problems=("entries_closed", "open_data_published", "rally_cancelled"),
)
async def open_(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/open: take check-ins."""
    engine, name, by = _organiser(request)
    return _changed(
        await engine.change(name, lambda rally, now: open_rally(_known(rally), now, by))
    )


@call(Who.ORGANISER, answers={200: RallyStatus}, problems=("rally_not_open",))
async def close(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/close: take no more check-ins."""
    engine, name, by = _organiser(request)
    return _changed(
        await engine.change(name, lambda rally, now: close_rally(_known(rally), now, by))
    )


@call(
    Who.ORGANISER,
    body=Cancellation,
    body_optional=True,
    example=Cancellation(),
    answers={200: RallyStatus},
    problems=("area_unknown",),
)
async def cancel(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/cancel: call the rally off, or the areas that the body names."""
    engine, name, by = _organiser(request)
    areas = (await read_body(request, Cancellation)).areas if request.can_read_body else []
    return _changed(
        await engine.change(name, lambda rally, now: cancel_rally(_known(rally), now, by, areas))
    )


def _organiser(request: web.Request) -> tuple[Engine, str, str]:
    engine, name = engine_of(request), request.match_info["rally"]
    return engine, name, engine.people.organiser(request, name).by


def _known(rally: Rally | None) -> Rally:
    if rally is None:
        raise RallyUnknown
    return rally


def _changed(rally: Rally) -> web.Response:
    return json_answer(RallyStatus(rally.plan.rally, rally.status))


def _no_csv(name: str) -> bytes:
    raise PlanInvalid(f"spots.csv: a plan sent over HTTP carries its spots itself, not {name}")

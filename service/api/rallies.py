"""Rallies: what a visitor may see of a plan, the own card, and the organiser's changes."""

import asyncio
from functools import partial

import msgspec
from aiohttp import web
from msgspec import Struct
from msgspec.structs import replace

from domain.plan import Plan, Spot
from domain.rally import Rally, cancel_rally, close_rally, open_rally
from service.answers import json_answer, read_body
from service.context import engine_of, rally_of
from service.engine import Engine
from service.failures import BodyInvalid, PlanInvalid, RallyUnknown
from service.plan_files import PlanMistakes, parse_plan
from service.plan_files.schema import plan_schema


class Cancellation(Struct, frozen=True, forbid_unknown_fields=True):
    """Which areas are called off; all of the rally if none is named."""

    areas: list[str] = []


async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}: the plan and where the rally is in its life.

    Without clues, as the own card tells those that its visitor has come to, and without answers.
    """
    rally = rally_of(request)
    plan = replace(rally.plan, spots=[_told(spot) for spot in rally.plan.spots])
    return json_answer({"status": rally.status, "plan": plan})


def _told(spot: Spot) -> Spot:
    question = spot.question and replace(spot.question, answers=[])
    return replace(spot, clue=None, question=question)


async def schema(request: web.Request) -> web.Response:
    """GET /api/plan.schema.json: the JSON Schema of plan files, for editors."""
    return json_answer(plan_schema())


async def card(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/card: the own card."""
    engine, rally = engine_of(request), rally_of(request)
    visitor = engine.people.visitor(request)
    return json_answer(await engine.card(visitor.id, rally.plan.rally))


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
    accepted = request.query.get("accept") == "losses"
    return _changed(
        await engine.plan(plan, person.by, accept_losses=accepted, organisation=person.organisation)
    )


async def show_preview(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/preview: who would gain and lose what under this plan, and which
    prizes would run short. Nothing is changed."""
    engine, name = engine_of(request), rally_of(request).plan.rally
    person = engine.people.organiser(request, name)
    plan = await _plan(request, name, person.organisation)
    return json_answer({"rally": name, **msgspec.structs.asdict(await engine.preview(plan))})


async def _plan(request: web.Request, name: str, organisation: str | None) -> Plan:
    found = partial(engine_of(request).rallies.member_mistakes, organisation=organisation)
    try:
        # A large plan takes seconds to read: check-ins must not wait for that.
        plan = await asyncio.to_thread(parse_plan, await request.read(), "plan", _no_csv, found)
    except PlanMistakes as mistakes:
        raise PlanInvalid(str(mistakes)) from mistakes
    if plan.rally != name:
        raise BodyInvalid(f"The plan's rally is {plan.rally}, the address says {name}.")
    return plan


async def open_(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/open: take check-ins."""
    engine, name, by = _organiser(request)
    return _changed(
        await engine.change(name, lambda rally, now: open_rally(_known(rally), now, by))
    )


async def close(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/close: take no more check-ins."""
    engine, name, by = _organiser(request)
    return _changed(
        await engine.change(name, lambda rally, now: close_rally(_known(rally), now, by))
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
    return json_answer({"rally": rally.plan.rally, "status": rally.status})


def _no_csv(name: str) -> bytes:
    raise PlanInvalid(f"spots.csv: a plan sent over HTTP carries its spots itself, not {name}")

"""Laying out a new rally: what to start from, and the end of it."""

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from domain.plan import Plan
from domain.rally import NotAllowed
from domain.rehearsal import rehearsed
from service import drafts
from service.answers import file_answer
from service.context import engine_of, voice_of
from service.engine import Engine
from service.failures import BodyInvalid, NotFound
from service.ids import new_id
from service.pages.planning import Desk, desk_of, said, words
from service.pages.rallies import rallies_of
from service.pages.refusing import refused
from service.pages.render import page
from service.pages.steps import STEPS, step_page
from service.pages.uploads import plan_of, read_upload, text_of
from service.plan_files import PlanMistakes
from service.plan_files.document import FileMistake
from service.plan_files.export import written
from service.plan_files.plain import plain
from service.plan_forms.encodings import UnreadableFile
from service.plan_forms.form import Form, Values, free
from service.plan_forms.judge import STEPS as FIELDS
from service.ready_plans import moved, ready_plans
from service.sign_in import Person

EMPTY: Values = {"time_zone": "Asia/Tokyo", "revisit": {"kind": "daily"}}


async def show(request: web.Request) -> web.Response:
    """GET /organiser/new: what to start from; `?round=` is the rally to repeat."""
    return await _start(request, engine_of(request).people.planner(request))


async def begin(request: web.Request) -> web.StreamResponse:
    """POST /organiser/new: begin with a ready plan, a last round, a file, or nothing."""
    engine = engine_of(request)
    person = engine.people.planner(request)
    form, files = await read_upload(request)
    try:
        values = await _begun(engine, person, form, files)
    except PlanMistakes as found:
        text = text_of(form, files)
        return await _start(request, person, 422, text=text, mistakes=found.mistakes)
    except UnreadableFile as unread:
        shown = text_of(form, files)
        return await _start(request, person, 422, text=shown, unread=unread.reason)
    now = engine.clock()
    new = drafts.New(new_id(now), values, person.by, organisation=person.organisation)
    draft = await drafts.begin(engine.pool, new, now)
    raise web.HTTPSeeOther(f"/organiser/new/{draft.id}/basics")


async def _begun(engine: Engine, person: Person, form: Form, files: dict[str, bytes]) -> Values:
    match form.text("from"):
        case "ready":
            plans = await asyncio.to_thread(ready_plans)
            return _again(engine, plans.get(form.text("name")))
        case "round":
            known = {each.plan.rally: each.plan for each in rallies_of(engine, person)}
            return _again(engine, known.get(form.text("name")))
        case "file":
            return plain(await plan_of(form, files))
        case "empty":
            return dict(EMPTY)
    raise BodyInvalid("from is ready, round, file or empty")


def _again(engine: Engine, plan: Plan | None) -> Values:
    """A plan for another time, under an id that is free."""
    if plan is None:
        raise NotFound
    today = engine.clock().date()
    taken = {rally.plan.rally for rally in engine.rallies.all()}
    stem = (rehearsed(plan.rally) or plan.rally)[:35]
    later = moved(plan, "again", today)
    wish = f"{stem}-{later.first_day.year}"
    return {**plain(later), "rally": free(wish, taken, stem)}


async def _start(
    request: web.Request, person: Person, status: int = 200, **more: Any
) -> web.Response:
    engine = engine_of(request)
    nothing: list[FileMistake] = []
    context = {**words(request, {}), "text": "", "mistakes": nothing, "unread": None, **more}
    return page(
        request,
        "plan_start.html",
        status,
        ready=await asyncio.to_thread(ready_plans),
        rounds=rallies_of(engine, person),
        wished=request.query.get("round"),
        drafts=await drafts.open_drafts(engine.pool, person.organisation),
        **context,
    )


async def show_summary(request: web.Request) -> web.Response:
    """GET /organiser/new/{draft}/summary: the whole plan in words, and what is left to mend."""
    return _summary(request, await desk_of(request))


async def finish(request: web.Request) -> web.StreamResponse:
    """POST /organiser/new/{draft}/summary: lay the rally out, or throw the draft away."""
    desk = await desk_of(request)
    form, _ = await read_upload(request)
    if form.text("do") == "drop":
        dropped = await drafts.drop(desk.engine.pool, desk.draft)
        raise web.HTTPSeeOther("/organiser" if dropped else f"{desk.base}/summary?look")
    plan = desk.judged().plan
    if plan is None:
        raise web.HTTPSeeOther(f"{desk.base}/summary?look")
    try:
        await desk.engine.plan(plan, desk.by, based_on=None, organisation=desk.draft.organisation)
    except NotAllowed as refusal:
        return _summary(request, desk, refused=refused(voice_of(request), refusal), status=409)
    await drafts.drop(desk.engine.pool, desk.draft)
    raise web.HTTPSeeOther(f"/r/{plan.rally}/plan")


async def export(request: web.Request) -> web.Response:
    """GET /organiser/new/{draft}/plan.yaml: what was filled in, as a plan file."""
    desk = await desk_of(request)
    plan = desk.judged().plan
    if plan is None:
        raise web.HTTPSeeOther(f"{desk.base}/summary?look")
    text = written(plan, voice_of(request).say)
    return file_answer(text.encode(), "application/yaml", f"{plan.rally}.yaml")


def _summary(
    request: web.Request, desk: Desk, refused: str | None = None, status: int = 200
) -> web.Response:
    return step_page(
        request,
        desk,
        "summary",
        "_step_summary.html",
        status=status,
        refused=refused,
        left=list(left(desk)),
        changing=True,
    )


class Left(msgspec.Struct, frozen=True):
    """A mistake that is left: at which step, in which section, item and field, and what was
    expected there."""

    step: str
    section: str
    link: str
    field: str
    item: Values | None
    expected: str


def left(desk: Desk) -> list[Left]:
    """What is to be mended before a plan can be laid out, with the way there."""
    found = []
    for where, what in desk.judged().faults.items():
        section, _, rest = where.partition("[")
        number, _, field = rest.partition("]")
        section = section.partition(".")[0]
        step = next((step for step, fields in FIELDS.items() if section in fields), STEPS[0])
        item = _item(desk.draft.said, section, number)
        inner = f"/{number}" if item is not None and section in ("spots", "prizes") else ""
        link = f"{desk.base}/{step}{inner}?look"
        of = field.strip(".") or section
        found += [Left(step, section, link, of, item and said(item), each) for each in what]
    return found


def _item(values: Values, section: str, number: str) -> Values | None:
    known = values.get(section)
    if not number.isdecimal() or not isinstance(known, list) or int(number) >= len(known):
        return None
    item: Values = known[int(number)]
    return item

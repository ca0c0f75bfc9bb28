"""A rally's plan in words, and every way to change it: by section, by file, and for a day on which
all is different."""

from typing import Any

from aiohttp import web
from msgspec.structs import replace

from domain.rally import NotAllowed, cancel_rally
from domain.rehearsal import rehearsed
from service.context import engine_of, voice_of
from service.engine import of_known
from service.pages.plan_preview import CONFLICT, apply, newest_desk, preview_page, seen
from service.pages.planning import Desk, desk_of, untouched_desk, words
from service.pages.refusing import refused
from service.pages.render import page
from service.pages.uploads import plan_of, read_upload, text_of
from service.plan_files import PlanMistakes
from service.plan_files.plain import plain
from service.plan_forms.days import with_day, without_day
from service.plan_forms.encodings import UnreadableFile
from service.plan_forms.form import Form

UNPROCESSABLE = 422
_DAY_FIELDS = ("day", "until", "hours", "day_opens", "day_closes", "longer", "do")


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/plan: the plan in words; for organisers with every way to change it."""
    engine, name = engine_of(request), request.match_info["rally"]
    rally = engine.rallies.known(name)
    person = engine.people.viewer(request, name)
    if person.may_change and rehearsed(name) is None:
        return _page(request, await desk_of(request))
    return _page(request, untouched_desk(engine, person.by, rally), changing=False)


async def upload(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/plan: take a changed plan file as the changes to look at."""
    desk = await desk_of(request)
    form, files = await read_upload(request)
    wrong: dict[str, Any] = {"text": text_of(form, files)}
    try:
        plan = await plan_of(form, files)
    except PlanMistakes as found:
        return _page(request, desk, UNPROCESSABLE, mistakes=found.mistakes, **wrong)
    except UnreadableFile as unread:
        return _page(request, desk, UNPROCESSABLE, unread=unread.reason, **wrong)
    if plan.rally != request.match_info["rally"]:
        return _page(request, desk, UNPROCESSABLE, other=plan.rally, **wrong)
    await desk.change(lambda draft: replace(draft, said=plain(plan)))
    raise web.HTTPSeeOther(f"{desk.base}/preview")


async def day(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/plan/day: a day off or with other hours; looked at first, then applied.

    It changes the plan as it is now, whatever other changes somebody is about.
    """
    desk = await desk_of(request)
    assert desk.rally is not None
    form, _ = await read_upload(request)
    changed = _changed_day(desk, form)
    found = changed.judged()
    if found.plan is None:
        wrong = list(dict.fromkeys(each for what in found.faults.values() for each in what))
        return _page(request, desk, UNPROCESSABLE, typed=form, wrong_day=wrong)
    how: dict[str, Any] = {"kept": _kept(form), "form_action": f"{desk.base}/day"}
    if form.text("seen") != seen(changed):
        return await preview_page(request, changed, moved=bool(form.text("seen")), **how)
    try:
        await apply(desk, found.plan, form)
    except NotAllowed as refusal:
        if refusal.code == "plan_changed":
            newest = _changed_day(await newest_desk(request), form)
            return await preview_page(request, newest, CONFLICT, moved=True, **how)
        not_done = refused(voice_of(request), refusal)
        return await preview_page(request, changed, CONFLICT, not_done=not_done, **how)
    raise web.HTTPSeeOther(f"{desk.base}?applied")


def _changed_day(desk: Desk, form: Form) -> Desk:
    """The desk with one change of its rally's plan as it is now: the day that the form names."""
    assert desk.rally is not None
    values = plain(desk.rally.plan)
    verb, _, which = form.text("do").partition("-")
    after = without_day(values, which) if verb == "remove" else with_day(values, form)
    return desk._replace(draft=replace(desk.draft, said=after), clashes=[])


def _kept(form: Form) -> list[tuple[str, str]]:
    """What the form of a day said, to be sent again by whoever has looked at its preview."""
    said = [(name, form.text(name)) for name in _DAY_FIELDS if form.text(name)]
    return said + [("areas", area) for area in form.many("areas")]


async def call_off(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/plan/off: call off areas, or all of the rally. It cannot be taken back."""
    desk = await desk_of(request)
    form, _ = await read_upload(request)
    areas = form.many("areas")
    if not form.text("sure") or not (areas or form.text("all")):
        return _page(request, desk, UNPROCESSABLE, unsure=True, off=areas)
    off = [] if form.text("all") else areas
    try:
        decision = of_known(lambda rally, now, by: cancel_rally(rally, now, by, off), desk.by)
        await desk.engine.change(request.match_info["rally"], decision)
    except NotAllowed as refusal:
        return _page(request, desk, CONFLICT, not_done=refused(voice_of(request), refusal))
    raise web.HTTPSeeOther(f"{desk.base}?off")


def _page(
    request: web.Request, desk: Desk, status: int = 200, *, changing: bool = True, **more: Any
) -> web.Response:
    assert desk.rally is not None
    current = plain(desk.rally.plan)
    context = {
        **words(request, current),
        "rally": desk.rally.plan,
        "life": desk.rally.status,
        "cancelled": desk.rally.cancelled_areas,
        "today": desk.engine.clock().astimezone(desk.rally.course.zone).date(),
        "base": desk.base,
        "changing": changing,
        "pending": not desk.fresh and desk.draft.said != current,
        "done": [each for each in ("applied", "off") if each in request.query],
        "text": "",
        "mistakes": [],
        "unread": None,
        "other": None,
        "wrong_day": [],
        "not_done": None,
        "unsure": False,
        "off": [],
    }
    return page(request, "plan.html", status, **{**context, **more})

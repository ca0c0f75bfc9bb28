"""Changes of a plan, looked at before they apply: what is different, who gains and who loses."""

from typing import Any, NamedTuple

from aiohttp import web

from domain.plan import Plan
from domain.rally import NotAllowed, Rally, plan_rally
from domain.rehearsal import rehearsed
from service import drafts
from service.context import engine_of, voice_of
from service.engine import Engine
from service.failures import BeingRebuilt
from service.pages.laying_out import left
from service.pages.planning import Desk, desk_of, said, words
from service.pages.refusing import refused
from service.pages.render import page
from service.pages.uploads import read_upload
from service.plan_files.plain import plain
from service.plan_forms.differences import Change, differences
from service.plan_forms.form import Form, digest
from service.preview import Preview

CONFLICT = 409
CHANGES_SHOWN_MAX = 200


class Outlook(NamedTuple):
    """What a changed plan would do to the cards that there are (None: not known just now), and
    why it cannot be, if it cannot."""

    preview: Preview | None
    refused: str | None


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/plan/preview: what the changes change, and for whom."""
    return await preview_page(request, await desk_of(request))


async def decide(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/plan/preview: apply the changes that were looked at, or discard them."""
    desk = await desk_of(request)
    form, _ = await read_upload(request)
    if form.text("do") == "discard":
        if not await drafts.drop(desk.engine.pool, desk.draft) and not desk.fresh:
            return await preview_page(request, await desk_of(request), CONFLICT, moved=True)
        raise web.HTTPSeeOther(desk.base)
    plan = desk.judged().plan
    if plan is None or form.text("seen") != seen(desk):
        return await preview_page(request, desk, CONFLICT, moved=True)
    try:
        await apply(desk, plan, form)
    except NotAllowed as refusal:
        if refusal.code == "plan_changed":
            return await preview_page(request, await newest_desk(request), CONFLICT, moved=True)
        not_done = refused(voice_of(request), refusal)
        return await preview_page(request, desk, CONFLICT, not_done=not_done)
    await drafts.drop(desk.engine.pool, desk.draft)
    raise web.HTTPSeeOther(f"{desk.base}?applied")


async def apply(desk: Desk, plan: Plan, form: Form) -> None:
    """Change the plan that the desk's changes were compared with. Raises NotAllowed, also if the
    rally has another one by now."""
    assert desk.rally is not None
    accepted = bool(form.text("accept_losses"))
    await desk.engine.plan(plan, desk.by, accept_losses=accepted, based_on=desk.rally.plan)


async def newest_desk(request: web.Request) -> Desk:
    """The desk with the rally's plan as it is now, whichever process changed it."""
    await engine_of(request).refresh()
    return await desk_of(request)


def seen(desk: Desk) -> str:
    """Stands for a desk's changes and the plan that they change: who applies them has looked at
    both."""
    assert desk.rally is not None
    return digest([plain(desk.rally.plan), desk.draft.said])


async def preview_page(
    request: web.Request, desk: Desk, status: int = 200, **more: Any
) -> web.Response:
    """The page of a desk's changes."""
    assert desk.rally is not None
    current, plan = plain(desk.rally.plan), desk.judged().plan
    shown = plain(plan) if plan else desk.draft.said
    changes = differences(current, shown)
    outlook = await _outlook(request, desk.engine, desk.rally, plan)
    context = {
        **words(request, shown),
        "rally": desk.rally.plan,
        "base": desk.base,
        "changes": [_soft(change) for change in changes[:CHANGES_SHOWN_MAX]],
        "more_changes": max(0, len(changes) - CHANGES_SHOWN_MAX),
        "left": left(desk),
        "clashes": desk.clashes,
        "outlook": outlook,
        "prizes": {each["id"]: each["names"] for each in current.get("prizes", [])}
        | {each.get("id"): each.get("names") for each in shown.get("prizes", [])},
        "seen": seen(desk),
        "open": desk.rally.status,
        "moved": False,
        "not_done": None,
        "kept": None,
        "form_action": f"{desk.base}/preview",
    }
    return page(request, "plan_preview.html", status, **{**context, **more})


def _soft(change: Change) -> Change:
    return change._replace(
        item=said(change.item), before=said(change.before), after=said(change.after)
    )


async def _outlook(
    request: web.Request, engine: Engine, rally: Rally, plan: Plan | None
) -> Outlook:
    if plan is None:
        return Outlook(None, None)
    try:
        if rehearsed(plan.rally):
            raise NotAllowed("name_reserved", "a rehearsal")
        plan_rally(rally, plan, engine.clock(), "")
    except NotAllowed as refusal:
        return Outlook(None, refused(voice_of(request), refusal))
    try:
        return Outlook(await engine.preview(plan), None)
    except BeingRebuilt:
        return Outlook(None, None)

"""The steps of filling in a plan: each is a form that is kept whenever it is sent."""

from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp import web
from msgspec.structs import replace

from service.context import voice_of
from service.drafts import Draft
from service.failures import NotFound
from service.pages.planning import Desk, desk_of, said, words
from service.pages.render import page
from service.pages.uploads import read_upload
from service.plan_forms.basics import with_basics
from service.plan_forms.days import with_day, without_day
from service.plan_forms.form import LANGUAGES, Form, Values, items, mark, place_again, place_of
from service.plan_forms.judge import Judged
from service.plan_forms.prizes import kind_of, with_prize, without_prize
from service.plan_forms.rules import SIZES, with_rules
from service.plan_forms.spots import with_spot, without_spot

CONFLICT = 409
STEPS = ("basics", "spots", "rules", "prizes")
SPOT_KINDS = ("printed", "rotating", "keyword", "quiz", "badge", "counted", "rally")
RADIUS_USUAL_M = 150
_ITEMS: dict[str, tuple[Callable[[Values, Form, int], Values], Callable[[Values, int], Values]]] = {
    "spots": (with_spot, without_spot),
    "prizes": (with_prize, without_prize),
}


_USUAL: dict[str, Values] = {
    "spots": {},
    "prizes": {
        "condition": {"kind": "stamps", "at_least": 1},
        "giving": {"kind": "first_come"},
    },
}
"""What the form of a new spot or prize says at first."""


async def show(request: web.Request) -> web.Response:
    """GET …/{step}: a step's form, with what was filled in; `?look` marks what is wrong."""
    desk, step = await desk_of(request), request.match_info["step"]
    if step not in ("basics", "rules", "prizes"):
        raise NotFound
    return step_page(request, desk, step, f"_step_{step}.html")


async def save(request: web.Request) -> web.StreamResponse:
    """POST …/{step}: keep what was filled in, and go on if nothing is wrong there."""
    desk, step = await desk_of(request), request.match_info["step"]
    form, _ = await read_upload(request)
    do = form.text("do")
    if step == "basics":
        taken = {rally.plan.rally for rally in desk.engine.rallies.all()}

        def how(draft: Draft) -> Draft:
            after = with_basics(draft.said, form, taken, fixed=desk.rally is not None)
            return replace(draft, said=_days(after, form, do))

    elif step == "rules":

        def how(draft: Draft) -> Draft:
            return replace(draft, said=with_rules(draft.said, form, fixed=desk.rally is not None))

    else:
        raise NotFound
    draft = await desk.change(how)
    stays = do != "save" or desk._replace(draft=draft).judged().of_step(step)
    raise web.HTTPSeeOther(f"{desk.base}/{step}?look" if stays else after_step(desk, step))


def _days(values: Values, form: Form, do: str) -> Values:
    verb, _, which = do.partition("-")
    if verb == "remove":
        return without_day(values, which)
    # Who has filled in a day and presses another button wants the day kept, too.
    return with_day(values, form) if do == "add-day" or form.text("day") else values


async def show_item(request: web.Request) -> web.Response:
    """GET …/{step}/{item}: the form of one spot or prize; `new` is one that is not there yet."""
    desk = await desk_of(request)
    step, number = _item(request, desk)
    return _item_page(request, desk, step, number)


def _item_page(
    request: web.Request, desk: Desk, step: str, number: int, meant: Values | None = None
) -> web.Response:
    """The form of one spot or prize; `meant`: what somebody would have it be, which is not kept
    because others have changed it meanwhile."""
    known = items(desk.draft.said, step)
    is_new = number >= len(known)
    shown = ({} if is_new else known[number]) if meant is None else meant
    it = {**_USUAL[step], **shown}
    return step_page(
        request,
        desk,
        step,
        f"_item_{step}.html",
        number=number,
        it=said(it),
        item="new" if is_new else number,
        marked="" if is_new else mark(known[number]),
        moved=meant is not None,
        status=200 if meant is None else CONFLICT,
        **_about(it, number, desk),
    )


class _Moved(Exception):  # noqa: N818 - it says what has happened to an item, not a fault
    """An item is not there as it was when somebody began to change it."""

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft = draft


async def save_item(request: web.Request) -> web.StreamResponse:
    """POST …/{step}/{item}: keep one spot or prize, or remove it.

    It is found by its mark: a number may be another one's by now.
    """
    desk, step = await desk_of(request), request.match_info["step"]
    if step not in _ITEMS:
        raise NotFound
    form, _ = await read_upload(request)
    if form.text("do") == "remove":
        await desk.change(partial(_without, form=form, step=step))
        raise web.HTTPSeeOther(f"{desk.base}/{step}")
    is_new = request.match_info["item"] == "new"
    number = 0

    def how(draft: Draft) -> Draft:
        nonlocal number
        count = len(items(draft.said, step))
        number = count if is_new else _place(draft, form, step)
        return replace(draft, said=_ITEMS[step][0](draft.said, form, number))

    try:
        draft = await desk.change(how)
    except _Moved as moved:
        return _moved_page(request, desk._replace(draft=moved.draft), step, form)
    faults = desk._replace(draft=draft).judged().faults
    here = f"{step}[{number}]"
    if any(where == here or where.startswith(f"{here}.") for where in faults):
        raise web.HTTPSeeOther(f"{desk.base}/{step}/{number}?look")
    raise web.HTTPSeeOther(f"{desk.base}/{step}")


def _without(draft: Draft, form: Form, step: str) -> Draft:
    number = place_of(draft.said, step, form.text("item"))
    return draft if number is None else replace(draft, said=_ITEMS[step][1](draft.said, number))


def _place(draft: Draft, form: Form, step: str) -> int:
    """Where the item of a form is. Raises _Moved if it is not as it was, unless the form says
    nothing else than what it is by now: who presses twice has saved it."""
    marked = form.text("item")
    number = place_of(draft.said, step, marked)
    if number is None:
        number = place_again(draft.said, step, marked)
        if _ITEMS[step][0](draft.said, form, number) != draft.said:
            raise _Moved(draft)
    return number


def _moved_page(request: web.Request, desk: Desk, step: str, form: Form) -> web.Response:
    """What was typed, to be sent again if it is still to be."""
    number = place_again(desk.draft.said, step, form.text("item"))
    meant = items(_ITEMS[step][0](desk.draft.said, form, number), step)[number]
    return _item_page(request, desk, step, number, meant)


def _item(request: web.Request, desk: Desk) -> tuple[str, int]:
    step, item = request.match_info["step"], request.match_info["item"]
    if step not in _ITEMS:
        raise NotFound
    count = len(items(desk.draft.said, step))
    if item == "new":
        return step, count
    if not item.isdecimal() or int(item) >= count:
        raise NotFound
    return step, int(item)


def after_step(desk: Desk, step: str) -> str:
    """Where to go when a step is done."""
    if desk.rally is not None:
        return f"{desk.base}/preview"
    following = [*STEPS, "summary"][STEPS.index(step) + 1]
    return f"{desk.base}/{following}" + ("?look" if following == "summary" else "")


def step_page(request: web.Request, desk: Desk, step: str, part: str, **more: Any) -> web.Response:
    """A step's page around its form."""
    judged, values = desk.judged(), desk.draft.said
    look = "look" in request.query
    steps = STEPS if desk.rally else (*STEPS, "summary")
    context = {
        **words(request, values),
        **_sheets(request, values, judged),
        "faults": judged.faults,
        "look": look,
        "step": step,
        "steps": steps,
        "part": part,
        "base": desk.base,
        "rally": desk.rally and desk.rally.plan,
        "draft": desk.draft,
        "bad_steps": [each for each in steps if look and judged.of_step(each)],
        "faults_here": judged.of_step(step),
        "spot_faults": counted(judged, "spots"),
        "prize_faults": counted(judged, "prizes"),
        "spot_kinds": SPOT_KINDS,
        "sheet_sizes": SIZES,
    }
    status = more.pop("status", 200)
    return page(request, "plan_step.html", status, **{**context, **more})


def counted(judged: Judged, section: str) -> dict[int, int]:
    """How many mistakes each item of a section has."""
    counts: dict[int, int] = {}
    for where, what in judged.faults.items():
        name, _, rest = where.partition("[")
        number = rest.partition("]")[0]
        if name == section and number.isdecimal():
            counts[int(number)] = counts.get(int(number), 0) + len(what)
    return counts


def _sheets(request: web.Request, values: Values, judged: Judged) -> dict[str, Any]:
    near: Values = next((spot["near"] for spot in items(values, "spots") if spot.get("near")), {})
    names = [voice_of(request).name(each.get("names")) for each in items(values, "sheets")]
    return {
        "radius": near.get("radius_m", RADIUS_USUAL_M),
        "unknown": near.get("unknown", "accept"),
        "sheet_names": ", ".join(names),
        "sheet_faults": [where for where in judged.faults if where.startswith("sheets")],
    }


def _about(it: Values, number: int, desk: Desk) -> dict[str, Any]:
    """What the form of a spot or prize needs besides its values."""
    choices = (it.get("question") or {}).get("choices") or []
    faults, at = desk.judged().faults, f"prizes[{number}]"
    asked = {f"{at}.condition.{field}" for field in ("at_least", "spots_each")}
    given = {f"{at}.giving.{field}" for field in ("stock", "per_day", "uses", "winners")}
    return {
        "condition_kind": kind_of(it.get("condition")),
        "condition_faults": [
            each for each in faults if each.startswith(f"{at}.condition") and each not in asked
        ],
        "giving_faults": [
            each for each in faults if each.startswith(f"{at}.giving") and each not in given
        ],
        "choices": {
            language: "\n".join(each.get(language, "") for each in choices).rstrip("\n")
            for language in LANGUAGES
        },
    }

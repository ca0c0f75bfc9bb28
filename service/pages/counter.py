"""The counter: what a scanner types, or staff do, is taken at once; then comes the next one."""

import re
from typing import Any
from unicodedata import normalize
from uuid import uuid4

from aiohttp import web

from domain.course import Course
from domain.plan import Spot
from domain.prizes import waiting
from domain.refusals import Refusal, RefusalCode
from domain.rules import Answer
from service.admission import genuine
from service.answers import read_form, uuids_in
from service.api.badges import take_badge
from service.context import engine_of, rally_of, spot_asked, voice_of
from service.pages import hand_overs
from service.pages.render import page
from service.scans import Refused

REFUSED = 422
SCANNED_MAX = 300
"""Characters: an address of ours is at most half as long."""
_PRIZE = re.compile(r"[?&]prize=([a-z0-9-]{1,40})")


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/spots/{spot}/counter: a field for a scanner that types."""
    course, spot = spot_asked(request)
    return _page(request, course, spot)


async def scanned(request: web.Request) -> web.Response:
    """POST /r/{rally}/spots/{spot}/counter: a badge or paper card is stamped, of a prize's screen
    the hand-over is shown. The same `scan_id` again gives the same answer."""
    course, spot = spot_asked(request)
    form = await read_form(request)
    # A Japanese keyboard may have made wide letters of it.
    text = normalize("NFKC", form.get("code", "")[:SCANNED_MAX])
    (scan_id,) = uuids_in(form, "scan_id")
    code = await genuine(request, text)
    if isinstance(code, Refusal):
        return _refused(request, course, spot, Refused(code, rally_of(request)))
    if code.rally != course.plan.rally:
        refusal = Refusal(RefusalCode.CODE_NOT_OURS)
        return _refused(request, course, spot, Refused(refusal, rally_of(request)))
    if code.visitor is None:
        return _page(request, course, spot, REFUSED, no_badge=True)
    if wanted := form.get("prize") or _prize_in(text):
        return await hand_overs.ask(request, rally_of(request), wanted, code.visitor, spot.id)
    outcome: Answer | Refused | None = None  # where nobody is known, only prizes are given
    if spot.kind != "counted":
        outcome = await take_badge(request, code, spot.id, scan_id)
    visitor, card = await engine_of(request).held(code.visitor, course.plan.rally)
    said: dict[str, Any] = {"prizes": waiting(rally_of(request), card, visitor), "code": text}
    if isinstance(outcome, Refused):
        return _refused(request, course, spot, outcome, **said)
    return _page(request, course, spot, answer=outcome, **said)


def _refused(
    request: web.Request, course: Course, spot: Spot, refused: Refused, **said: Any
) -> web.Response:
    sentence = voice_of(request).refusal(refused.refusal, refused.rally)
    return _page(request, course, spot, REFUSED, sentence=sentence, **said)


def _page(
    request: web.Request,
    course: Course,
    spot: Spot,
    status: int = 200,
    *,
    answer: Answer | None = None,
    **said: Any,
) -> web.Response:
    context = {"sentence": None, "no_badge": False, "prizes": [], "code": "", **said}
    return page(
        request,
        "counter.html",
        status,
        rally=course.plan,
        course=course,
        spot=spot,
        answer=answer,
        scan_id=uuid4(),
        **context,
    )


def _prize_in(text: str) -> str | None:
    """The prize that an address of a prize's screen names."""
    found = _PRIZE.search(text)
    return found and found[1]

"""What a QR opens: a page that checks in by itself, or by its button where scripts do not run."""

from typing import Any
from uuid import uuid4

from aiohttp import web

from domain.card import CardView
from domain.plan import Spot
from domain.rally import Rally
from domain.refusals import RETRY, Refusal, RefusalCode
from qr.codes import Code
from service.answers import read_form, uuids_in
from service.api.visitors import keep, visitor_or_new
from service.check_in import take
from service.context import engine_of, voice_of
from service.pages import badges
from service.pages.card import card_context
from service.pages.render import page
from service.scans import Refused, ScanBody
from service.sign_in import VISITOR_COOKIE

NOT_FOUND = 404
REFUSED = 422


async def show(request: web.Request) -> web.Response:
    """GET /s/{code}: the spot and a button; nothing is stamped by looking.

    Who has no card yet gets a token along, so that the phone need not ask for one: until its first
    scan, nothing is known of it.
    """
    code = await engine_of(request).verify(request.match_info["code"])
    if isinstance(code, Refusal):
        return _refused(request, Refused(code), NOT_FOUND)
    if code.visitor is not None:
        answer = await badges.scanned(request, code)
        return _refused(request, answer, REFUSED) if isinstance(answer, Refused) else answer
    found = _spot(request, code)
    if isinstance(found, Refused):
        return _refused(request, found, NOT_FOUND)
    rally, spot = found
    visitor, token = visitor_or_new(request)
    answer = page(
        request,
        "scan.html",
        **_context(request, rally, spot),
        scan_id=uuid4(),
        timed=code.step is not None,
        visitor=visitor,
        token=token,
        answer=None,
    )
    if token:
        keep(request, answer, VISITOR_COOKIE, token)
    return answer


async def stamp(request: web.Request) -> web.Response:
    """POST /s/{code}: the button, for phones without scripts."""
    engine = engine_of(request)
    form = await read_form(request)
    code = await engine.verify(request.match_info["code"])
    if isinstance(code, Code) and form.get("do") == "bind":
        return await badges.bind(request, code)
    (scan_id,) = uuids_in(form, "scan_id")
    if isinstance(code, Code) and code.visitor is not None:
        stamped = await badges.stamp(request, code, form, scan_id)
        return _refused(request, stamped, REFUSED) if isinstance(stamped, Refused) else stamped
    if isinstance(code, Code) and isinstance(gone := _spot(request, code), Refused):
        return _refused(request, gone, REFUSED)  # nobody becomes a visitor by this
    visitor, token = visitor_or_new(request)
    body = ScanBody(
        code=request.match_info["code"], scan_id=scan_id, answer=form.get("answer", "")[:500]
    )
    outcome = await take(request, visitor, body)
    if isinstance(outcome, Refused):
        answer = _refused(request, outcome, REFUSED)
    else:
        rally = engine.rallies.get(outcome.rally)
        assert rally is not None
        assert isinstance(outcome.card, CardView)
        fresh = outcome.spot if outcome.outcome == "stamped" else None
        answer = page(
            request,
            "scan.html",
            **_context(request, rally, rally.course.spots[outcome.spot]),
            answer=outcome,
            **await card_context(request, rally, outcome.card, fresh, outcome.earned),
        )
    if token:
        keep(request, answer, VISITOR_COOKIE, token)
    return answer


def _context(request: web.Request, rally: Rally, spot: Spot) -> dict[str, Any]:
    now = engine_of(request).clock().astimezone(rally.course.zone)
    code = request.match_info["code"]
    return {"rally": rally, "spot": spot, "code": code, "now": now, "staff": False, "retry": RETRY}


def _spot(request: web.Request, code: Code) -> tuple[Rally, Spot] | Refused:
    rally = engine_of(request).rallies.get(code.rally)
    if rally is None:
        return Refused(Refusal(RefusalCode.CODE_NOT_OURS))
    spot = rally.course.spot_by_tag.get(code.spot_tag)
    if spot is None:
        return Refused(Refusal(RefusalCode.SPOT_GONE), rally)
    if rally.course.spots[spot].kind == "counted":
        return Refused(Refusal(RefusalCode.SPOT_COUNTED), rally)
    return rally, rally.course.spots[spot]


def _refused(request: web.Request, refused: Refused, status: int) -> web.Response:
    sentence = voice_of(request).refusal(refused.refusal, refused.rally)
    return page(
        request,
        "refused.html",
        status,
        refusal=refused.refusal,
        sentence=sentence,
        rally=refused.rally,
        retry=refused.refusal.code in RETRY,
    )

"""Badges and paper cards: staff scan the visitor, at their own spot."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from aiohttp import web
from msgspec import Meta, Struct

from domain.refusals import Refusal
from domain.rules import Answer
from qr.codes import Code
from service.admission import genuine
from service.answers import json_answer, problem_answer, read_body, refusal_problem
from service.check_in import decided
from service.context import engine_of
from service.contract.call import Who, call
from service.contract.problems import REFUSALS
from service.failures import BodyInvalid, Busy, SpotUnknown, WaitedTooLong
from service.scans import EXAMPLE_CODE, EXAMPLE_ID, Refused, badge_scan_of, status_of
from service.sign_in import STAFF_COOKIE


class BadgeScan(Struct, frozen=True, forbid_unknown_fields=True):
    """A badge, as staff scan it. `spot`: for organisers, who have none of their own."""

    code: Annotated[str, Meta(max_length=300)]
    scan_id: UUID
    scanned_at: Annotated[datetime, Meta(tz=True)] | None = None
    spot: Annotated[str, Meta(max_length=40)] | None = None


@call(
    Who.STAFF,
    body=BadgeScan,
    example=BadgeScan(EXAMPLE_CODE, EXAMPLE_ID),
    answers={200: Answer, 201: Answer},
    problems=(*REFUSALS, SpotUnknown, Busy, WaitedTooLong),
)
async def check_in(request: web.Request) -> web.Response:
    """POST /api/badge-check-ins: a visitor's badge or paper card in, its stamp or refusal out."""
    body = await read_body(request, BadgeScan)
    code = await genuine(request, body.code)
    outcome: Answer | Refused
    if isinstance(code, Refusal):
        outcome = Refused(code)
    else:
        spot = own_spot(request, code, body.spot)
        outcome = await take_badge(request, code, spot, body.scan_id, body.scanned_at)
    if isinstance(outcome, Refused):
        return problem_answer(refusal_problem(request, outcome))
    return json_answer(outcome, status_of(outcome))


def own_spot(request: web.Request, code: Code, named: str | None) -> str:
    """The spot at which whoever asks may scan badges of a rally: staff their own, organisers the
    named one. Raises TokenMissing, Forbidden, SpotUnknown."""
    engine = engine_of(request)
    spot = named
    if spot is None and (asker := engine.people.of_request(request, STAFF_COOKIE)):
        spot = asker.spot
    engine.people.staff(request, code.rally, spot)
    rally = engine.rallies.get(code.rally)
    if rally is None or spot is None or spot not in rally.course.spots:
        raise SpotUnknown
    return spot


async def take_badge(
    request: web.Request, code: Code, spot: str, scan_id: UUID, scanned_at: datetime | None = None
) -> Answer | Refused:
    """Check in the visitor of a badge at a spot."""
    if code.visitor is None:
        raise BodyInvalid("code is not that of a badge or a paper card")
    return await decided(request, badge_scan_of(code, code.visitor, spot, scan_id, scanned_at))

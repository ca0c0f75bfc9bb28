"""A check-in: the path of one scan, as a table of contents (ARCHITECTURE.md follows it)."""

from time import perf_counter

from aiohttp import web

from domain.refusals import Refusal, RefusalCode
from domain.rules import Answer
from domain.scan import Scan
from service import metrics
from service.admission import admitted, genuine
from service.answers import json_answer, problem_answer, read_body, refusal_problem
from service.context import engine_of
from service.contract.call import Who, call
from service.contract.problems import REFUSALS
from service.failures import Busy, WaitedTooLong
from service.i18n import language_of
from service.scans import (
    EXAMPLE_CODE,
    EXAMPLE_ID,
    Refused,
    ScanBody,
    outcome_of,
    scan_of,
    status_of,
)
from service.sign_in import Person


@call(
    Who.VISITOR,
    body=ScanBody,
    example=ScanBody(EXAMPLE_CODE, EXAMPLE_ID),
    answers={200: Answer, 201: Answer},
    problems=(*REFUSALS, Busy, WaitedTooLong),
)
async def check_in(request: web.Request) -> web.Response:
    """POST /api/check-ins: one scan in, its stamp or refusal out, after the commit."""
    visitor = admitted(request)
    body = await read_body(request, ScanBody)
    outcome = await take(request, visitor, body)
    if isinstance(outcome, Refused):
        return problem_answer(refusal_problem(request, outcome))
    return json_answer(outcome, status_of(outcome))


async def take(
    request: web.Request, visitor: Person, body: ScanBody, *, card_wanted: bool = True
) -> Answer | Refused:
    """Verify the code, wait for the group commit, return what was decided there."""
    code = await genuine(request, body.code)
    if isinstance(code, Refusal):
        return Refused(code)
    if code.visitor is not None:
        return Refused(Refusal(RefusalCode.BADGE_NEEDS_STAFF))
    scan = scan_of(code, visitor, body, language_of(request), card_wanted=card_wanted)
    return await decided(request, scan)


async def decided(request: web.Request, scan: Scan) -> Answer | Refused:
    """What the group commit decides about a scan."""
    engine = engine_of(request)
    began = perf_counter()
    try:
        outcome = await engine.check_in(scan)
    finally:
        metrics.CHECK_IN_SECONDS.observe(perf_counter() - began)
    metrics.count(outcome)
    return outcome_of(outcome, engine.rallies.get(scan.rally))

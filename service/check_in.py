"""A check-in: the path of one scan, as a table of contents (ARCHITECTURE.md follows it)."""

from aiohttp import web

from domain.refusals import Refusal
from domain.rules import Answer
from service import metrics
from service.answers import json_answer, problem_answer, read_body, refusal_problem
from service.context import engine_of
from service.engine import Engine
from service.i18n import language_of
from service.scans import Refused, ScanBody, code_in, scan_of, status_of
from service.sign_in import Person


async def check_in(request: web.Request) -> web.Response:
    """POST /api/check-ins: one scan in, its stamp or refusal out, after the commit."""
    engine = engine_of(request)
    visitor = engine.people.visitor(request)
    body = await read_body(request, ScanBody)
    outcome = await take(engine, visitor, body, language_of(request))
    if isinstance(outcome, Refused):
        return problem_answer(refusal_problem(request, outcome))
    return json_answer(outcome, status_of(outcome))


async def take(
    engine: Engine, visitor: Person, body: ScanBody, language: str, *, card_wanted: bool = True
) -> Answer | Refused:
    """Verify the code, wait for the group commit, return what was decided there."""
    code = await engine.verify(code_in(body.code))
    if isinstance(code, Refusal):
        metrics.count(code)
        return Refused(code)
    scan = scan_of(code, visitor, body, language, card_wanted=card_wanted)
    outcome = await engine.check_ins.submit(engine.log.bucket_of(visitor.id), scan)
    metrics.count(outcome)
    if isinstance(outcome, Refusal):
        return Refused(outcome, engine.rallies.get(code.rally))
    return outcome

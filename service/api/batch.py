"""Many scans at once: what a phone kept while it had no network."""

import asyncio
from datetime import datetime
from operator import itemgetter
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct

from domain.card import CardView
from domain.rules import Answer
from service.admission import admitted
from service.answers import json_answer, problem_of, read_body, refusal_problem
from service.check_in import take
from service.context import engine_of
from service.contract.call import Who, call
from service.failures import Failure
from service.scans import EXAMPLE_CODE, EXAMPLE_ID, LATEST, Refused, ScanBody, status_of

SCANS_MAX = 1_000
"""Scans in one request at most."""


class BatchBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Scans of one visitor."""

    scans: Annotated[list[ScanBody], Meta(min_length=1, max_length=SCANS_MAX)]


class OneAnswer(Struct, frozen=True):
    """What `POST /api/check-ins` would have answered to a scan, but for the card."""

    status: int
    body: Annotated[
        Any,
        Meta(
            extra_json_schema={
                "anyOf": [
                    {"$ref": "#/components/schemas/Answer"},
                    {"$ref": "#/components/schemas/Problem"},
                ]
            }
        ),
    ]


class BatchAnswer(Struct, frozen=True):
    """An answer for each scan in their order, and the cards as they are after the batch."""

    answers: list[OneAnswer]
    cards: list[CardView]


@call(
    Who.VISITOR,
    body=BatchBody,
    example=BatchBody([ScanBody(EXAMPLE_CODE, EXAMPLE_ID)]),
    answers={200: BatchAnswer},
)
async def check_in_batch(request: web.Request) -> web.Response:
    """POST /api/check-ins/batch: an answer for each scan, in their order: status and body.

    The cards come once, as they are after the batch, not with each answer.
    """
    engine = engine_of(request)
    visitor = admitted(request)
    body = await read_body(request, BatchBody)
    # In the order of their times: a spot may wait for the stamp of another one.
    order = sorted(range(len(body.scans)), key=lambda n: _when(body.scans[n]))
    outcomes = await asyncio.gather(
        *(take(request, visitor, body.scans[n], card_wanted=False) for n in order),
        return_exceptions=True,
    )
    taken = [outcome for _, outcome in sorted(zip(order, outcomes, strict=True), key=itemgetter(0))]
    answers = [_answer(request, outcome) for outcome in taken]
    rallies = {outcome.rally for outcome in taken if isinstance(outcome, Answer)}
    cards = [await engine.card(visitor.id, rally) for rally in sorted(rallies)]
    return json_answer(BatchAnswer(answers, cards))


def _when(scan: ScanBody) -> datetime:
    """A scan without a time is made when it arrives: after all others."""
    return scan.scanned_at or LATEST


def _answer(request: web.Request, outcome: Any) -> OneAnswer:
    if isinstance(outcome, Refused):
        problem = refusal_problem(request, outcome)
        return OneAnswer(problem.status, problem)
    if isinstance(outcome, BaseException):
        failure = outcome if isinstance(outcome, Failure) else Failure()
        return OneAnswer(failure.status, problem_of(request, failure))
    return OneAnswer(status_of(outcome), outcome)

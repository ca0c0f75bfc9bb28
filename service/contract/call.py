"""A call of the API: its handler, and all that a program must know to make it.

The URL table (`service/routes.py`) holds calls where pages have plain handlers, so what is said of
a call stands once, right above the function that keeps it.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct

from domain.refusals import RefusalCode
from service.answers import Handler
from service.failures import Failure, QueryInvalid

JSON, YAML, CSV, TEXT = "application/json", "application/yaml", "text/csv", "text/plain"
NDJSON = "application/x-ndjson"

T = TypeVar("T")
Body = type[Any] | Mapping[str, Any] | tuple[type[Any], ...] | None
"""A type whose JSON it is, or one of several; or a type for each media type; None: no body."""
ProblemKind = type[Failure] | RefusalCode | str
"""A failure, a refusal, or the code of what a rally's state does not allow."""


class Who(StrEnum):
    """Who may make a call; the values are what the documents call them."""

    ANYONE = "anyone"
    VISITOR = "visitors"
    STAFF = "staff of the spot, organisers"
    OBSERVER = "staff of the spot, viewers, organisers"
    AT_WORK = "anybody who works on a rally"
    VIEWER = "viewers, organisers"
    ORGANISER = "organisers"


class Call(Struct, frozen=True, kw_only=True):
    """A handler and its contract.

    `query` and `body` are what it takes, `answers` what it answers by status; `problems` are those
    that do not follow from the rest (`service/contract/openapi.py` says which do). `example` is a
    body.
    """

    handler: Handler
    who: Who
    query: type[Struct] | None = None
    body: Body = None
    body_optional: bool = False
    answers: Mapping[int, Body]
    problems: tuple[ProblemKind, ...] = ()
    example: Any = None

    def __call__(self, request: web.Request) -> Awaitable[web.StreamResponse]:
        return self.handler(request)


def call(who: Who, **said: Any) -> Callable[[Handler], Call]:
    """Make a handler a call; `said` are the fields of `Call`."""
    return lambda handler: Call(handler=handler, who=who, **said)


def read_query(request: web.Request, kind: type[T]) -> T:
    """The parameters of the address as `kind`. Raises QueryInvalid; others are let be."""
    query = request.query
    if twice := [name for name in query if len(query.getall(name)) > 1]:
        raise QueryInvalid(f"{twice[0][:40]} is said more than once")
    try:
        return msgspec.convert(dict(query), kind, strict=False)
    except msgspec.ValidationError as error:
        raise QueryInvalid(str(error)) from error

"""Answers: JSON, problem documents (RFC 9457), and the one place that makes failures both.

A problem's `code` is stable; its `detail` is a sentence in the language of whoever asks.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from time import perf_counter
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec
import structlog
from aiohttp import hdrs, web
from multidict import MultiDictProxy

from domain.rally import NotAllowed
from projections.said import said
from service import cross_origin, metrics, traces
from service.context import voice_of
from service.eventlog.log import DATABASE_ILL
from service.failures import (
    BodyInvalid,
    BodyNotJson,
    BodyTooLarge,
    BodyTooSlow,
    Conflict,
    CrossSite,
    Failure,
    MethodNotAllowed,
    NotFound,
    Unavailable,
)
from service.patience import ASKED
from service.scans import Refused

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
T = TypeVar("T")


class FailurePage(Protocol):
    """Shows a failure to a person."""

    def __call__(self, request: web.Request, failure: Failure) -> web.Response: ...


FAILURE_PAGE: web.AppKey[FailurePage] = web.AppKey("failure_page")
PROBLEM = "application/problem+json"
REFUSED_STATUS = 422
_OUR_FAULT = 500
BODY_SECONDS_MAX = 30
"""A body of 512 KiB takes ten seconds on the worst line we know of."""
_SAFE = {"GET", "HEAD", "OPTIONS"}
NOSNIFF = {"X-Content-Type-Options": "nosniff"}
"""No answer is ever taken for something else than it says it is."""

log = structlog.get_logger()
encode = msgspec.json.Encoder().encode


class Problem(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A problem document. `code` never changes; `detail` is for a person; `why` for a program."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    why: str | None = None
    at: datetime | None = None
    spot: str | None = None
    metres: int | None = None
    left: int | None = None
    fields: Mapping[str, str] | None = None


_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}


def _decoder(kind: type[Any]) -> msgspec.json.Decoder[Any]:
    if kind not in _decoders:
        _decoders[kind] = msgspec.json.Decoder(kind)
    return _decoders[kind]


def json_answer(body: object, status: int = 200) -> web.Response:
    """`body` as JSON."""
    return web.Response(
        body=encode(body), status=status, content_type="application/json", headers=NOSNIFF
    )


def file_headers(name: str) -> dict[str, str]:
    """What is said of a file to save under `name`; no cache keeps it."""
    return {
        **NOSNIFF,
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
    }


def file_answer(body: bytes, kind: str, name: str) -> web.Response:
    """A file to save under `name`, of a media type; a text is in UTF-8."""
    charset = "utf-8" if kind.startswith("text/") else None
    return web.Response(body=body, content_type=kind, charset=charset, headers=file_headers(name))


def problem_of(request: web.Request, failure: Failure) -> Problem:
    """The problem document of a failure."""
    return Problem(
        type=f"urn:meguri:problem:{failure.code}",
        title=type(failure).__name__,
        status=failure.status,
        code=failure.code,
        detail=voice_of(request).say(failure.sentence),
        why=failure.detail if failure.status < _OUR_FAULT else None,
        fields=failure.fields,
    )


def refusal_problem(request: web.Request, refused: Refused) -> Problem:
    """The problem document of a refusal: its nearest reason as data and as a sentence."""
    refusal = refused.refusal
    return Problem(
        type=f"urn:meguri:problem:{refusal.code}",
        title="Refused",
        status=REFUSED_STATUS,
        code=refusal.code,
        detail=voice_of(request).refusal(refusal, refused.rally),
        at=refusal.at,
        spot=refusal.spot,
        metres=refusal.metres,
        left=refusal.left,
    )


def problem_answer(problem: Problem, headers: dict[str, str] | None = None) -> web.Response:
    """A problem document as an answer."""
    return web.Response(
        body=encode(problem),
        status=problem.status,
        content_type=PROBLEM,
        headers={**NOSNIFF, **(headers or {})},
    )


async def read_bytes(request: web.Request) -> bytes:
    """The request's body. Raises BodyTooLarge, BodyTooSlow."""
    async with _patience():
        return await request.read()


@asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            yield
    except TimeoutError as error:
        raise BodyTooSlow(f"a body arrives within {BODY_SECONDS_MAX} s") from error


async def read_body(request: web.Request, kind: type[T]) -> T:
    """The request's JSON body as `kind`. Raises BodyNotJson, BodyInvalid, and as `read_bytes`."""
    body = await read_bytes(request)
    try:
        decoded: T = _decoder(kind).decode(body)
    except msgspec.ValidationError as error:
        raise BodyInvalid(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyNotJson(str(error)) from error
    return decoded


async def read_form(request: web.Request) -> dict[str, str]:
    """The texts of a posted form. Raises as `read_posted`."""
    form = await read_posted(request)
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def read_posted(request: web.Request) -> MultiDictProxy[Any]:
    """A posted form with its files. Raises BodyInvalid, BodyTooLarge, BodyTooSlow."""
    try:
        async with _patience():
            return await request.post()
    except (ValueError, LookupError, AssertionError, RuntimeError) as error:
        raise BodyInvalid("the form cannot be read") from error


def uuids_in(form: Mapping[str, str], *names: str) -> list[UUID]:
    """The ids that a form says under these names. Raises BodyInvalid."""
    try:
        return [UUID(form.get(name, "")) for name in names]
    except ValueError as error:
        kind = "are UUIDs" if len(names) > 1 else "is a UUID"
        raise BodyInvalid(f"{' and '.join(names)} {kind}") from error


def answering(handler: Handler) -> Handler:
    """`handler`, with whatever goes wrong turned into an answer; nothing else gets out."""

    async def answered(request: web.Request) -> web.StreamResponse:
        request.app[ASKED].add(request.protocol)
        try:
            if request.method not in _SAFE:
                _same_site(request)
            return await handler(request)
        except Failure as failure:
            return failed(request, failure)
        except NotAllowed as refused:
            return failed(request, Conflict(refused.code, str(refused)))
        except web.HTTPRequestEntityTooLarge as error:
            return failed(request, BodyTooLarge(error.text))
        except web.RequestPayloadError as error:
            return failed(request, BodyInvalid(str(error)))
        except web.HTTPException:
            raise  # a redirect
        except DATABASE_ILL as error:
            if request.transport is None or request.transport.is_closing():
                raise  # the asker has gone
            return failed(request, Unavailable(said(error)))
        except Exception:
            log.exception("request_failed", method=request.method, route=route_of(request))
            return failed(request, Failure())

    return answered


def timed(handler: Handler, method: str, route: str) -> Handler:
    """`handler`, with its answers' times measured."""
    times = metrics.Timed(method, route)

    async def measured(request: web.Request) -> web.StreamResponse:
        began = perf_counter()
        try:
            answer = await handler(request)
        except web.HTTPException as redirect:
            times.answered(redirect, perf_counter() - began)
            raise
        times.answered(answer, perf_counter() - began)
        return answer

    return measured


def traced(handler: Handler, method: str, route: str) -> Handler:
    """`handler`, each of its requests a span."""
    about = {"http.request.method": method, "http.route": route}

    async def spanned(request: web.Request) -> web.StreamResponse:
        with traces.span(f"{method} {route}", **about) as note:
            answer = await handler(request)
            note("http.response.status_code", answer.status)
            return answer

    return spanned


def _same_site(request: web.Request) -> None:
    """Raise Forbidden if another site's page has sent this: it would act with our cookies, or
    without them over our cookies (https://www.w3.org/TR/fetch-metadata/)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is None:
        origin = request.headers.get("Origin")
        foreign = origin is not None and origin.partition("://")[2] != request.host
    else:
        foreign = site not in ("same-origin", "none")
    if foreign and not cross_origin.admits(request):
        raise CrossSite


async def nowhere(request: web.Request) -> web.Response:
    """What no route has taken: an unknown address, a method it does not take, or a preflight."""
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        if resource is not request.match_info.route.resource:
            _, methods = await resource.resolve(request)
            allowed |= methods
    if allowed and request.method == hdrs.METH_OPTIONS and cross_origin.admits(request):
        return cross_origin.preflight(allowed)
    raise MethodNotAllowed(allowed) if allowed else NotFound


def failed(request: web.Request, failure: Failure) -> web.Response:
    """A failure as a problem document for programs, as a page for people."""
    metrics.FAILURES.labels(failure.code).inc()
    if failure.status >= _OUR_FAULT:
        log.warning("failure", code=failure.code, route=route_of(request), detail=failure.detail)
    if not request.path.startswith("/api/") and "text/html" in request.headers.get("Accept", ""):
        answer = request.app[FAILURE_PAGE](request, failure)
        answer.headers.update(failure.headers)
        return answer
    return problem_answer(problem_of(request, failure), failure.headers)


def route_of(request: web.Request) -> str:
    """The route's pattern: addresses hold codes and tokens, which have no place in a log."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "none"

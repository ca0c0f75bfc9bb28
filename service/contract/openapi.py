"""The OpenAPI 3.1 document, made of the URL table's calls and the types that they name."""

from collections.abc import Iterable, Iterator, Mapping
from inspect import cleandoc
from typing import Any

import msgspec
from aiohttp import hdrs

from domain.plan import Id
from domain.refusals import RefusalCode
from service import failures
from service.answers import PROBLEM, Handler, Problem
from service.contract.call import CSV, JSON, Body, Call, ProblemKind, Who
from service.contract.problems import REFUSED_STATUS, catalogue
from service.failures import Busy, Conflict, Failure, TooMany
from service.plan_files.schema import as_written
from service.sign_in import STAFF_COOKIE, VISITOR_COOKIE

_SCHEMAS = "#/components/schemas/{name}"
_SAFE = (hdrs.METH_GET,)
_STATUS_WORDS = {200: "Done, or it was so already", 201: "Made", 204: "Done"}
_PATH_PARAMETERS: dict[str, tuple[str, Any, str]] = {
    "rally": ("the rally's id", Id, "tokyo-antenna-shops"),
    "spot": ("the spot's id", Id, "miyagi-yurakucho"),
    "prize": ("the prize's id", Id, "sticker"),
    "file": ("a table's name and .csv, .json or .parquet", str, "days.csv"),
    "postcode": ("seven digits, however they are typed", str, "100-0001"),
}


class Placed(msgspec.Struct, frozen=True):
    """A call and where it is."""

    method: str
    path: str
    call: Call

    @property
    def id(self) -> str:
        """Its operation id: module, function, and what tells the table from the figures."""
        handler: Any = self.call.handler
        module = handler.__module__.rpartition(".")[2]
        table = (
            "_csv" if self.path.endswith(".csv") and self.call.answers[200] != {CSV: str} else ""
        )
        return f"{module}_{handler.__name__.strip('_')}{table}"

    @property
    def summary(self) -> str:
        """Its handler's own words, without the address."""
        told = cleandoc(self.call.handler.__doc__ or "").partition(": ")[2].replace("\n", " ")
        return told[:1].upper() + told[1:]


def placed(routes: Iterable[tuple[str, str, Handler]]) -> list[Placed]:
    """The calls of a URL table."""
    return [
        Placed(method, path, handler)
        for method, path, handler in routes
        if isinstance(handler, Call)
    ]


def document(calls: Iterable[Placed]) -> dict[str, Any]:
    """The OpenAPI document of calls."""
    calls = list(calls)
    kinds = [Problem, *_PATH_IDS, *_kinds(calls)]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_SCHEMAS)
    as_written(components)
    paths: dict[str, Any] = {}
    schema_of = dict(zip(map(repr, kinds), schemas, strict=True))
    for each in calls:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schema_of)
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": "/"}],
        "tags": [{"name": who.value} for who in Who],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SECURITY},
    }


_PATH_IDS = [kind for _, kind, _ in _PATH_PARAMETERS.values()]
VERSION = "1.0"
"""Of the contract: a call or field that comes is a minor one, one that goes a major one."""
_INFO = {
    "title": "Meguri",
    "version": VERSION,
    "description": (
        "Stamp rallies: scans in, stamps out. Times are RFC 3339 with an offset, texts UTF-8, "
        "problems RFC 9457 (their codes: /api/docs#problems). What changes something may be sent "
        "again with the same ids: it counts once."
    ),
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "visitor": {"type": "apiKey", "in": "cookie", "name": VISITOR_COOKIE},
    "staff": {"type": "apiKey", "in": "cookie", "name": STAFF_COOKIE},
}


def _kinds(calls: Iterable[Placed]) -> Iterator[Any]:
    """Every type of a body or an answer."""
    for each in calls:
        for body in (each.call.body, *each.call.answers.values()):
            for kinds in _contents(body).values():
                yield from kinds


def _contents(body: Body) -> Mapping[str, tuple[Any, ...]]:
    """The types by media type."""
    if body is None:
        return {}
    if isinstance(body, Mapping):
        return {media: (kind,) for media, kind in body.items()}
    return {JSON: body if isinstance(body, tuple) else (body,)}


def _operation(each: Placed, schema_of: Mapping[str, Any]) -> dict[str, Any]:
    call = each.call
    operation: dict[str, Any] = {
        "operationId": each.id,
        "tags": [call.who.value],
        "summary": each.summary,
        "security": _security(call.who),
        "parameters": [*_path(each), *_query(call, schema_of)],
        "responses": {**_answers(each, schema_of), **_problems(each)},
    }
    if call.body is not None:
        content = _content(_contents(call.body), schema_of)
        if call.example is not None:
            content[JSON]["examples"] = {"usual": {"value": msgspec.to_builtins(call.example)}}
        operation["requestBody"] = {"required": not call.body_optional, "content": content}
    return operation


def _security(who: Who) -> list[dict[str, list[str]]]:
    if who is Who.ANYONE:
        return []
    return [{"bearer": []}, {"visitor" if who is Who.VISITOR else "staff": []}]


def _content(
    contents: Mapping[str, tuple[Any, ...]], schema_of: Mapping[str, Any]
) -> dict[str, Any]:
    content = {}
    for media, kinds in contents.items():
        schemas = [schema_of[repr(kind)] for kind in kinds]
        content[media] = {"schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas}}
    return content


def _path(each: Placed) -> Iterator[dict[str, Any]]:
    for name, (told, kind, example) in _PATH_PARAMETERS.items():
        if f"{{{name}}}" in each.path:
            schema = msgspec.json.schema(kind)
            common = {"name": name, "in": "path", "required": True, "description": told}
            yield {**common, "schema": schema, "example": example}


def _query(call: Call, schema_of: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if call.query is None:
        return
    _, components = msgspec.json.schema_components([call.query])
    for name, field in components[call.query.__name__]["properties"].items():
        yield {"name": name, "in": "query", "required": False, "schema": _without_null(field)}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is not said has no value: null cannot be said in an address."""
    if "anyOf" in schema:
        [schema] = [each for each in schema["anyOf"] if each != {"type": "null"}]
    return schema


def _answers(each: Placed, schema_of: Mapping[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for status, body in each.call.answers.items():
        contents = {CSV: (str,)} if each.path.endswith(".csv") else _contents(body)
        answers[str(status)] = {"description": _STATUS_WORDS[status]}
        if contents:
            answers[str(status)]["content"] = _content(contents, {**schema_of, repr(str): _TEXT})
    return answers


_TEXT = {"type": "string"}


def problems_of(each: Placed) -> list[tuple[int, str]]:
    """The problems that a call may answer: statuses and codes, those that follow from the rest
    (who may make it, its body and address) too."""
    found = {_coded(kind) for kind in (*each.call.problems, *_following(each))}
    return sorted(found)


def _coded(kind: ProblemKind) -> tuple[int, str]:
    if isinstance(kind, RefusalCode):
        return REFUSED_STATUS, kind.value
    if isinstance(kind, str):
        assert Conflict.status in catalogue()[kind].statuses, kind
        return Conflict.status, kind
    return kind.status, kind.code


def _following(each: Placed) -> Iterator[type[Failure]]:
    call = each.call
    yield from (Failure, failures.Unavailable)
    if call.who is not Who.ANYONE:
        yield from (failures.TokenMissing, failures.TokenInvalid, failures.Forbidden)
    if call.who is Who.VISITOR:
        yield TooMany
    if each.method not in _SAFE:
        yield failures.CrossSite
    if call.query is not None:
        yield failures.QueryInvalid
    if call.body is not None:
        yield from (failures.BodyNotJson, failures.BodyInvalid)
        yield from (failures.BodyTooLarge, failures.BodyTooSlow)
    for name, failure in (("rally", failures.RallyUnknown), ("spot", failures.SpotUnknown)):
        if f"{{{name}}}" in each.path:
            yield failure


def _problems(each: Placed) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    by_status: dict[int, list[str]] = {}
    for status, code in problems_of(each):
        by_status.setdefault(status, []).append(code)
    for status, codes in by_status.items():
        answers[str(status)] = {
            "description": ", ".join(codes),
            "headers": _RETRY if status in _RETRIED else {},
            "content": {
                PROBLEM: {"schema": _problem(status, codes), "example": _example(status, codes[0])}
            },
        }
    return answers


_RETRIED = (Busy.status, TooMany.status)
_RETRY = {
    "Retry-After": {"required": True, "schema": {"type": "integer"}, "description": "seconds"}
}


def _problem(status: int, codes: list[str]) -> dict[str, Any]:
    said = {"status": {"const": status}, "code": {"enum": codes}}
    schema = {"allOf": [{"$ref": _SCHEMAS.format(name="Problem")}, {"properties": said}]}
    return {"schema": schema, "example": _example(status, codes[0])}


def _example(status: int, code: str) -> Any:
    type_ = f"urn:meguri:problem:{code}"
    detail = catalogue()[code].means
    return msgspec.to_builtins(
        Problem(type=type_, title="Problem", status=status, code=code, detail=detail)
    )

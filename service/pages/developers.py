"""The API for those who write programs: the OpenAPI document as a page."""

import json
import shlex
from typing import Any

from aiohttp import web
from markupsafe import Markup
from msgspec import Struct

from service.api.contract import DOCUMENT
from service.context import public_url
from service.contract.call import JSON, Who, call
from service.contract.problems import catalogue
from service.pages.render import page

HTML = "text/html"
_TOKENS = {Who.ANYONE: None, Who.VISITOR: "VISITOR"}
"""Which token a call needs; for all others it is somebody's who works on the rally."""


class Shown(Struct, frozen=True):
    """A call as the page shows it: a line to try it, and its problems by status."""

    id: str
    method: str
    path: str
    summary: str
    parameters: list[tuple[str, str, str]]
    answers: list[tuple[str, str]]
    problems: list[tuple[str, list[str]]]
    curl: str


@call(Who.ANYONE, answers={200: {HTML: str}})
async def show(request: web.Request) -> web.Response:
    """GET /api/docs: this document as a page."""
    document, url = request.app[DOCUMENT](), public_url(request)
    groups: dict[str, list[Shown]] = {who.value: [] for who in Who}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append(_shown(url, method.upper(), path, operation))
    return page(
        request,
        "developers.html",
        url=url,
        groups=groups,
        problems=catalogue().values(),
        ticked=ticked,
        schemes=document["components"]["securitySchemes"],
    )


def _shown(url: str, method: str, path: str, operation: dict[str, Any]) -> Shown:
    answers, problems = [], []
    for status, answer in operation["responses"].items():
        if int(status) < 400:
            answers.append((status, ", ".join(answer.get("content", {}))))
        else:
            problems.append((status, answer["description"].split(", ")))
    return Shown(
        operation["operationId"],
        method,
        path,
        operation["summary"],
        [(each["name"], each["in"], _told(each)) for each in operation["parameters"]],
        answers,
        sorted(problems),
        _curl(url, method, path, operation),
    )


def _told(parameter: dict[str, Any]) -> str:
    """What a parameter is: in words, one of so many, or of a kind."""
    schema = parameter["schema"]
    kinds = schema.get("enum") or [schema.get("format") or schema["type"]]
    return str(parameter.get("description") or ", ".join(kinds))


def _curl(url: str, method: str, path: str, operation: dict[str, Any]) -> str:
    """A line for a shell, with the examples of the document."""
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
    words = ["curl", *(["-X", method] if method != "GET" else []), shlex.quote(url + path)]
    token = _TOKENS.get(Who(operation["tags"][0]), "STAFF")
    if token:
        words += ["-H", f'"Authorization: Bearer ${token}"']
    content = operation.get("requestBody", {}).get("content", {})
    if "examples" in content.get(JSON, {}):
        body = content[JSON]["examples"]["usual"]["value"]
        words += ["--json", shlex.quote(json.dumps(body, ensure_ascii=False))]
    elif content:
        kind = next(reversed(content))
        words += ["-H", shlex.quote(f"Content-Type: {kind}"), "--data-binary", "@FILE"]
    return " ".join(words)


def ticked(text: str) -> Markup:
    """A text whose `words of code` are shown as such."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts)
    )

"""What programs read to use the API."""

from typing import Any, Protocol

from aiohttp import web

from service.answers import json_answer
from service.contract.call import Who, call


class Document(Protocol):
    """Makes the OpenAPI document of all calls, once."""

    def __call__(self) -> dict[str, Any]: ...


DOCUMENT: web.AppKey[Document] = web.AppKey("document")


@call(Who.ANYONE, answers={200: dict[str, Any]})
async def show(request: web.Request) -> web.Response:
    """GET /api/openapi.json: this document: every call, what it takes and what it answers."""
    answer = json_answer(request.app[DOCUMENT]())
    answer.enable_compression()
    return answer

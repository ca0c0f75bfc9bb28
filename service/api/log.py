"""The log of a rally, for its organisers: it is theirs, whole."""

from aiohttp import web

from service.answers import file_headers
from service.context import engine_of, rally_of
from service.contract.call import NDJSON, Who, call
from service.eventlog import exported


@call(Who.ORGANISER, answers={200: {NDJSON: str}})
async def export(request: web.Request) -> web.StreamResponse:
    """GET /api/rallies/{rally}/log.jsonl: every fact of the rally as a CloudEvent a line, as far as
    the log goes now. It is streamed, on a connection of its own; one that breaks off is cut, not
    ended, so nobody takes half a log for a whole one."""
    engine, rally = engine_of(request), rally_of(request).plan.rally
    engine.people.organiser(request, rally)
    answer = web.StreamResponse(
        headers={**file_headers(f"{rally}-log.jsonl"), "Content-Type": NDJSON}
    )
    async with engine.own_connection() as connection:
        await answer.prepare(request)
        try:
            async for lines in exported(connection, rally):
                await answer.write(lines)
        except BaseException:
            if request.transport is not None:
                request.transport.abort()
            raise
    return answer

"""The count button: guests without a phone, one press each."""

from uuid import UUID

from aiohttp import web

from service.answers import read_form
from service.api.footfall import Heads, heads_counted
from service.failures import BodyInvalid

COUNTS = {"1": 1, "-1": -1}


async def count(request: web.Request) -> web.Response:
    """POST /r/{rally}/spots/{spot}/headcounts: one more, or one back, from the page's buttons; the
    same `headcount_id` again counts once."""
    form = await read_form(request)
    try:
        heads = Heads(COUNTS[form.get("count", "")], UUID(form.get("headcount_id", "")))
    except (KeyError, ValueError) as error:
        raise BodyInvalid("count is 1 or -1, headcount_id is a UUID") from error
    await heads_counted(request, heads)
    raise web.HTTPSeeOther(f"{request.path.rpartition('/')[0]}#count")

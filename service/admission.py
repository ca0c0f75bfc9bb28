"""Who and what is let in: the visitor's token, the code's signature, and the limits on both."""

from aiohttp import web

from domain.refusals import Refusal
from qr.codes import Code
from service import metrics
from service.context import address_of, engine_of
from service.failures import TokenInvalid
from service.scans import code_in
from service.sign_in import Person


def admitted(request: web.Request) -> Person:
    """The visitor who asks. Raises TooMany for one, or an address, that asks like a machine."""
    engine = engine_of(request)
    engine.bad_by_address.check(address_of(request))
    try:
        visitor = engine.people.visitor(request)
    except TokenInvalid:
        engine.bad_by_address.count(address_of(request))
        raise
    engine.by_visitor.count(visitor.id)
    return visitor


async def genuine(request: web.Request, text: str) -> Code | Refusal:
    """The code in what was scanned, if its signature verifies; what does not is only counted."""
    engine = engine_of(request)
    code = await engine.verify(code_in(text))
    if isinstance(code, Refusal):
        metrics.count(code)
        engine.bad_by_address.count(address_of(request))
    return code

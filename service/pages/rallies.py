"""The organiser's rallies: planned, open, over; and the way to a new one."""

from aiohttp import web

from domain.rally import Rally, Status
from domain.rehearsal import rehearsed
from service import drafts
from service.context import engine_of
from service.engine import Engine
from service.footfall import read_days, totals
from service.pages.planning import said
from service.pages.render import page
from service.sign_in import Person

_GROUPS = (
    ("open", (Status.OPEN,)),
    ("planned", (Status.PLANNED,)),
    ("over", (Status.CLOSED, Status.CANCELLED)),
)


async def show(request: web.Request) -> web.Response:
    """GET /organiser: the rallies of whoever asks, with days and totals."""
    engine = engine_of(request)
    person = engine.people.at_desk(request)
    mine = rallies_of(engine, person)
    of_days = {each.plan.rally: totals(await read_days(engine.pool, each.course)) for each in mine}
    begun = await drafts.open_drafts(engine.pool, person.organisation) if person.may_lay_out else []
    return page(
        request,
        "rallies.html",
        groups=[(name, [each for each in mine if each.status in of]) for name, of in _GROUPS],
        totals=of_days,
        may_begin=person.may_lay_out,
        may_change=person.may_change,
        drafts=[(each, said(each.said)) for each in begun],
    )


def rallies_of(engine: Engine, person: Person) -> list[Rally]:
    """The rallies on which somebody works, rehearsals apart."""
    return [
        each
        for each in engine.rallies.all()
        if not rehearsed(each.plan.rally) and engine.people.belongs(person, each.plan.rally)
    ]

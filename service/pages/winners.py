"""Winners: who is to be given what and where it is sent, for the organiser alone.

An address is opened when it is looked at, and only if its visitor has won what is sent by post.
"""

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple
from uuid import UUID, uuid4

from aiohttp import web

from domain.address import Address, postcode_shown
from domain.draw import drawn_in_order
from domain.plan import Prize
from domain.rally import NotAllowed, Rally
from service import drawing
from service.addresses import kept_until
from service.answers import file_headers, read_form, uuids_in
from service.api.cards import HandOver, handed_over
from service.closing import Winner, read_winners
from service.context import engine_of, rally_of
from service.csv_files import BOM, CSV, csv_line
from service.engine import Engine
from service.failures import AddressesUnavailable, BodyInvalid, NotFound
from service.pages.paging import asked_page, paged
from service.pages.render import page
from service.sql import stored

CONFLICT = 409
SHOWN = 100
"""A page of the list: so many addresses are opened at once."""
_COUNT_ADDRESSES = stored("count_addresses")
_COLUMNS = (
    "prize",
    "entry",
    "state",
    "name",
    "postcode",
    "prefecture",
    "city",
    "street",
    "building",
    "country",
    "lines",
    "phone",
)


class Row(NamedTuple):
    """A winner with what is needed to give the prize: the address if it is sent by post, whether
    the card was erased, and the hand-over that can be taken back."""

    number: int
    winner: Winner
    address: Address | None
    erased: bool
    hand_over: UUID | None


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/winners?prize=&page=: the winners of a prize, and where to send it."""
    return await _page(request)


async def change(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/winners: a prize was sent or given, was not taken, or that was a mistake; or
    delete all addresses."""
    engine, rally = engine_of(request), rally_of(request)
    name = rally.plan.rally
    by = engine.people.organiser(request, name).by
    form = await read_form(request)
    try:
        match form.get("do"):
            case "give" | "reverse":
                await _hand(request, rally, form)
            case "forfeit":
                await drawing.forfeited(
                    engine, name, form.get("prize", ""), form.get("entry", ""), by
                )
            case "erase":
                await engine.addresses.erase_rallies([name])
            case _:
                raise BodyInvalid("do is give, reverse, forfeit or erase")
    except NotAllowed as refused:
        return await _page(request, refused.code, CONFLICT)
    raise web.HTTPSeeOther(str(request.rel_url))


async def _hand(request: web.Request, rally: Rally, form: dict[str, str]) -> None:
    visitor, id_ = uuids_in(form, "visitor", "hand_over_id")
    prize = _asked(rally, form.get("prize", "")).id
    back = form["do"] == "reverse"
    await handed_over(request, HandOver(rally.plan.rally, prize, visitor, id_, None, back))


async def _page(
    request: web.Request, refused: str | None = None, status: int = 200
) -> web.Response:
    engine, rally = engine_of(request), rally_of(request)
    engine.people.organiser(request, rally.plan.rally)
    drawn = drawn_in_order(rally.plan)
    if not drawn:
        raise NotFound("no prize of this rally is drawn")
    prize = _asked(rally, request.query.get("prize", drawn[0].id))
    all_ = await read_winners(engine, rally, drawn)
    won = all_.get(prize.id, [])
    shown = paged(asked_page(request), len(won), SHOWN)
    rows, unavailable = await _rows(engine, rally, prize, won, shown.number * SHOWN)
    until, zone = kept_until(rally.plan), rally.course.zone
    return page(
        request,
        "winners.html",
        status,
        rally=rally.plan,
        zone=zone,
        drawing=rally.drawing,
        prize=prize,
        prizes=[(each, _counts(all_.get(each.id, []))) for each in drawn],
        rows=rows,
        paged=shown,
        new_id=uuid4,
        shown=postcode_shown,
        refused=refused,
        unavailable=unavailable,
        until=until,
        days_left=(until - engine.clock().astimezone(zone).date()).days,
        addresses=await engine.pool.fetchval(_COUNT_ADDRESSES, rally.plan.rally),
    )


async def _rows(
    engine: Engine, rally: Rally, prize: Prize, won: Sequence[Winner], after: int
) -> tuple[list[Row], bool]:
    """A page of winners, and whether the addresses cannot be opened now."""
    rows, unavailable = [], False
    for number, winner in enumerate(won[after : after + SHOWN], start=after + 1):
        card = await engine.log.card(winner.visitor, rally.plan.rally) if winner.visitor else None
        given = (
            [each.id for each in card.handed if each.prize == prize.id and not each.reversed]
            if card
            else []
        )
        try:
            address = await _address(engine, rally, prize, winner)
        except AddressesUnavailable:
            address, unavailable = None, True
        hand_over = UUID(bytes=given[0]) if given else None
        rows.append(Row(number, winner, address, bool(card and card.erased), hand_over))
    return rows, unavailable


async def _address(engine: Engine, rally: Rally, prize: Prize, winner: Winner) -> Address | None:
    """Where a prize is sent, of those alone who have won it and have not given it up."""
    if not prize.by_post or winner.visitor is None or winner.state == "forfeited":
        return None
    return (await engine.addresses.read(winner.visitor, rally.plan.rally)).address


def _counts(won: Sequence[Winner]) -> tuple[int, int]:
    """How many were handed over, of how many."""
    now = [each for each in won if each.state != "forfeited"]
    return sum(each.state == "handed" for each in now), len(now)


def _asked(rally: Rally, name: str) -> Prize:
    for prize in drawn_in_order(rally.plan):
        if prize.id == name:
            return prize
    raise NotFound("no such prize is drawn")


async def table(request: web.Request) -> web.StreamResponse:
    """GET /r/{rally}/winners.csv?prize=: the hand-over list, a winner a line."""
    engine, rally = engine_of(request), rally_of(request)
    engine.people.organiser(request, rally.plan.rally)
    prize = _asked(rally, request.query.get("prize", ""))
    answer = web.StreamResponse(headers=file_headers(f"{rally.plan.rally}-{prize.id}.csv"))
    answer.content_type, answer.charset = CSV, "utf-8"
    await engine.addresses.master_key()  # a list without addresses must not look like one with them
    await answer.prepare(request)
    await answer.write(BOM.encode())
    async for cells in _lines(engine, rally, prize):
        await answer.write(csv_line(cells).encode())
    return answer


async def _lines(engine: Engine, rally: Rally, prize: Prize) -> AsyncIterator[Sequence[str]]:
    yield _COLUMNS
    for winner in (await read_winners(engine, rally, [prize])).get(prize.id, []):
        where = await _address(engine, rally, prize, winner) or Address()
        said = [str(getattr(where, field)) for field in _COLUMNS[3:]]
        yield [prize.id, winner.entry, winner.state, *said]

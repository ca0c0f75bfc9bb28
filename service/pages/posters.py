"""Posters: an A4 page a spot to print from the browser, and files for who prints elsewhere."""

import asyncio
from collections.abc import Callable

from aiohttp import web
from markupsafe import Markup

from domain.plan import Plan, Spot
from domain.rally import Rally
from qr.images import png, svg
from qr.posters import CARDS_A_SHEET, SIZES, Size, parts
from qr.press import Order
from service.answers import file_answer
from service.context import engine_of, public_url, rally_of, spot_seen
from service.failures import NotFound, QueryInvalid, RallyUnknown, SpotUnknown
from service.pages.render import page
from service.pages.sheets import Addresses, addresses, printed_spots, readme, sheet_of
from service.printing import printed, while_there

SHOWN_MAX = 60
"""Posters on a page; whoever prints more is better served by the PDF."""


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/posters: every spot's poster, or that of `?spot=`."""
    rally, only, spots = _asked(request)
    plan, address = rally.plan, _address(request, rally.plan)
    sheet = await asyncio.to_thread(sheet_of, plan, spots[:SHOWN_MAX], address, "a4")
    codes = await asyncio.to_thread(lambda: [_code(poster.address) for poster in sheet.posters])
    return page(
        request,
        "posters.html",
        rally=plan,
        only=only,
        whole=_sees_all(request),
        sizes=SIZES,
        spots=printed_spots(plan),
        parts=parts(len(spots)),
        posters=list(zip(sheet.posters, codes, strict=True)),
        hidden=len(spots) - len(codes),
        sheet=sheet,
    )


async def pdf(request: web.Request) -> web.Response:
    """GET /r/{rally}/posters.pdf?size=a4|a5|cards&spot=&part=1: the posters of a part.

    Of a single spot there is a whole sheet of table cards.
    """
    rally, only, spots = _asked(request)
    size, part = _size(request), _part(request, len(spots))
    wanted = [spots[n] for n in parts(len(spots))[part - 1]]
    if only and size == "cards":
        wanted *= CARDS_A_SHEET
    number = str(part) if len(parts(len(spots))) > 1 else None
    name = "-".join(filter(None, [rally.plan.rally, only, size, number]))
    address = _address(request, rally.plan)

    def order() -> Order:
        return Order("pdf", sheet_of(rally.plan, wanted, address, size))

    return await _made(request, order, f"{name}.pdf", "application/pdf")


async def bundle(request: web.Request) -> web.Response:
    """GET /r/{rally}/posters.zip: all codes as SVG and PNG, and a list of them."""
    rally, only, spots = _asked(request)
    name = "-".join(filter(None, [rally.plan.rally, only, "codes"]))
    address = _address(request, rally.plan)

    def order() -> Order:
        sheet = sheet_of(rally.plan, spots, address, "a4")
        return Order("pictures", sheet, readme(rally.plan))

    return await _made(request, order, f"{name}.zip", "application/zip")


async def picture(request: web.Request) -> web.Response:
    """GET /r/{rally}/spots/{spot}/code.png: the QR alone, as a picture."""
    course, spot = spot_seen(request)
    address = _address(request, course.plan)
    return web.Response(body=png(address(spot)), content_type="image/png")


def _asked(request: web.Request) -> tuple[Rally, str | None, list[Spot]]:
    """The rally, the only spot that is asked for, and the spots that have a code to print."""
    rally = rally_of(request)
    only = request.query.get("spot") or None
    engine_of(request).people.observer(request, rally.plan.rally, only)
    if only is not None and only not in rally.course.spots:
        raise SpotUnknown
    return rally, only, [spot for spot in printed_spots(rally.plan) if only in (None, spot.id)]


def _sees_all(request: web.Request) -> bool:
    person = engine_of(request).people.known_staff(request)
    return person is not None and person.sees_all


def _size(request: web.Request) -> Size:
    size = request.query.get("size", "a4")
    if size not in SIZES:
        raise QueryInvalid(f"size is one of {', '.join(SIZES)}")
    return size


def _part(request: web.Request, count: int) -> int:
    """Which part is asked for, from 1 on. Raises QueryInvalid; NotFound if nothing is printed."""
    part, last = request.query.get("part", "1"), len(parts(count))
    if not last:
        raise NotFound
    if not (part.isascii() and part.isdecimal() and 1 <= int(part[:9]) <= last):
        raise QueryInvalid(f"part is 1 to {last}")
    return int(part)


def _address(request: web.Request, plan: Plan) -> Addresses:
    """What a spot's QR says: the address that checks in there."""
    key = engine_of(request).keyring.newest_code_key(plan.rally)
    if key is None:
        raise RallyUnknown
    return addresses(key, public_url(request))


def _code(address: str) -> Markup:
    return Markup(svg(address))  # noqa: S704 - made by us


async def _made(
    request: web.Request, order: Callable[[], Order], name: str, kind: str
) -> web.Response:
    """A file to save, made for whoever waits for it."""

    async def work() -> bytes:
        return await printed(engine_of(request), await asyncio.to_thread(order))

    return file_answer(await while_there(request, work()), kind, name)

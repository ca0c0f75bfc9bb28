"""The draw of a rally: its steps for the organiser, its proof for everybody."""

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct
from msgspec.structs import asdict

from domain.draw import line, told_winners
from domain.rally import Drawing
from service import drawing
from service.answers import NOSNIFF, json_answer, read_body
from service.context import engine_of, rally_of
from service.contract.call import TEXT, Who, call
from service.failures import NotFound

Text = Annotated[str, Meta(max_length=400, pattern=r"^[^\x00-\x1f]*$")]


class DrawStep(Struct, frozen=True, forbid_unknown_fields=True):
    """`commit` to a secret, `fix` the entries, `hold` the draw with a `public` value, of which
    `about` says where it was published; `forfeit`: a winner (`entry`) did not take a `prize`."""

    do: Literal["commit", "fix", "hold", "forfeit"]
    public: Text = ""
    about: Text = ""
    prize: Text = ""
    entry: Text = ""


class DrawProof(Drawing, frozen=True, kw_only=True, omit_defaults=True):
    """All that was published of a rally's draw, as far as it has come."""

    rally: str


@call(Who.ANYONE, answers={200: DrawProof}, problems=(NotFound,))
async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/draw: all that is needed to work the winners out again."""
    rally = rally_of(request)
    if rally.drawing is None:
        raise NotFound("no draw was committed to yet")
    told = {**asdict(rally.drawing), "rally": rally.plan.rally}
    if rally.drawing.winners:
        told["winners"] = told_winners(rally)
    return json_answer(DrawProof(**told))


@call(Who.ANYONE, answers={200: {TEXT: str}}, problems=(NotFound,))
async def entries(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/draw/entries: the list, a line an entry: prize, entry, chances."""
    rally = rally_of(request)
    if rally.drawing is None or rally.drawing.digest is None:
        raise NotFound("the entries are not fixed yet")
    listed = await drawing.read_entries(engine_of(request).pool, rally.plan.rally)
    text = "".join(f"{line(entry)}\n" for entry in listed)
    return web.Response(text=text, content_type="text/plain", headers=NOSNIFF)


@call(
    Who.ORGANISER,
    body=DrawStep,
    example=DrawStep("hold", public="4,181.45", about="Nikkei 225, closing price of 2026-03-02"),
    answers={200: DrawProof},
    problems=(
        "about_missing",
        "already_handed_over",
        "cards_changed",
        "draw_not_committed",
        "draw_not_held",
        "entries_changed",
        "entries_not_fixed",
        "nothing_drawn",
        "prize_not_won",
        "prize_unknown",
        "public_missing",
        "rally_not_frozen",
        "rally_not_over",
        "secret_wrong",
    ),
)
async def step(request: web.Request) -> web.StreamResponse:
    """POST /api/rallies/{rally}/draw: the next step; said again it stays what it was."""
    engine, name = engine_of(request), rally_of(request).plan.rally
    by = engine.people.organiser(request, name).by
    body = await read_body(request, DrawStep)
    match body.do:
        case "commit":
            await drawing.commit(engine, name, by)
        case "fix":
            await drawing.fix(engine, name, by)
        case "hold":
            await drawing.hold(engine, name, body.public, body.about, by)
        case "forfeit":
            await drawing.forfeited(engine, name, body.prize, body.entry, by)
    return await show(request)

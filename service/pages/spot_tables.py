"""The spots of a plan: a table from a spreadsheet, looked over before it is taken."""

import asyncio
from typing import Any

import msgspec
from aiohttp import web
from markupsafe import Markup
from msgspec.structs import replace

from domain.place import Place
from service.charts import At, spot_map
from service.context import voice_of
from service.drafts import Draft
from service.pages.planning import Desk, desk_of, said
from service.pages.steps import step_page
from service.pages.uploads import read_upload
from service.plan_files.words import is_a
from service.plan_forms.encodings import UnreadableFile, read
from service.plan_forms.form import Form, Values, items
from service.plan_forms.table import Table, read_table, taken

ROWS_SHOWN_MAX = 300
MAPPED_MAX = 300
"""More dots than that are a blot, and take long to push apart."""
_ENCODINGS = ("UTF-8", "UTF-16", "Shift_JIS")


async def show(request: web.Request) -> web.Response:
    """GET …/spots: the spots, and the table that is being looked over."""
    return await _page(request, await desk_of(request))


async def save(request: web.Request) -> web.StreamResponse:
    """POST …/spots: look a table over, take what is right in it, or throw it away."""
    desk = await desk_of(request)
    form, files = await read_upload(request)
    try:
        text, encoding = _text(form, files)
    except UnreadableFile as unread:
        return await _page(request, desk, unread=unread.reason, status=422)
    do, language = form.text("do"), _language(request)
    if do == "look":
        await desk.change(lambda draft: replace(draft, pasted=text))
        raise web.HTTPSeeOther(f"{desk.base}/spots" + (f"?read={encoding}" if encoding else ""))
    if do == "forget":
        await desk.change(lambda draft: replace(draft, pasted=""))
        raise web.HTTPSeeOther(f"{desk.base}/spots")
    table = await asyncio.to_thread(read_table, text, desk.draft.said, language)

    def how(draft: Draft) -> Draft:
        after = taken(draft.said, table, replace=do == "replace")
        return replace(draft, said=after, pasted=table.wrong)

    right = [row for row in table.rows if not row.mistakes]
    await desk.change(how if right else lambda draft: replace(draft, pasted=text))
    raise web.HTTPSeeOther(f"{desk.base}/spots")


def _text(form: Form, files: dict[str, bytes]) -> tuple[str, str | None]:
    """What was sent, and in which encoding if it was a file. Raises UnreadableFile."""
    if "file" in files:
        return read(files["file"])
    return form.table("pasted"), None


def _language(request: web.Request) -> str:
    language = voice_of(request).language
    return "ja" if language.startswith("ja") else language


async def _page(
    request: web.Request, desk: Desk, unread: str | None = None, status: int = 200
) -> web.Response:
    values, pasted = desk.draft.said, desk.draft.pasted
    table = (
        await asyncio.to_thread(read_table, pasted, values, _language(request)) if pasted else None
    )
    asked = request.query.get("read")
    rows = table.rows if table else []
    voice = voice_of(request)
    return step_page(
        request,
        desk,
        "spots",
        "_step_spots.html",
        status=status,
        table=table and _shown(table),
        pasted=pasted,
        unread=unread,
        read_as=asked if asked in _ENCODINGS else None,
        wrong_rows=sum(1 for row in rows if row.mistakes),
        rows_shown_max=ROWS_SHOWN_MAX,
        new_areas=[voice.name(each["names"]) for each in table.new_areas] if table else [],
        map=_map(request, _mapped(values, table)),
    )


def _shown(table: Table) -> Table:
    """The table for a template."""
    return table._replace(rows=[row._replace(spot=said(row.spot)) for row in table.rows])


def _mapped(values: Values, table: Table | None) -> list[Values]:
    """The spots to show on the map: those of the table, while one is looked over."""
    rows = [row.spot for row in table.rows if not row.mistakes] if table else []
    return rows or items(values, "spots")


def _map(request: web.Request, spots: list[Values]) -> Markup | None:
    voice = voice_of(request)
    placed: list[Any] = [spot for spot in spots if is_a(spot.get("place"), Place)][:MAPPED_MAX]
    if len(placed) < 2:
        return None
    marks = [
        At(voice.name(spot.get("names")), msgspec.convert(spot["place"], Place), 1)
        for spot in placed
    ]
    return spot_map(voice, "plan-map", voice.say("Where the spots lie"), marks)

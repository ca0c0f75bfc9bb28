"""The open data page: what there is to download, and what it means; the organiser's two acts."""

from aiohttp import web

from domain.close_out import is_final
from domain.open_data import LICENCES, margin, odds
from domain.open_tables import TABLES
from domain.suppression import LEAST, STEP
from service import open_data
from service.answers import read_form
from service.api.open_data import made_seen
from service.context import engine_of, rally_of
from service.failures import BodyInvalid
from service.open_files import MEDIA_TYPES
from service.pages.render import page


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/open-data: for everybody once it is published, before for who may see all."""
    engine, rally = engine_of(request), rally_of(request)
    made = await made_seen(request, rally)
    rows = {name: len(table) for name, table in made.tables.items()} if made else {}
    return page(
        request,
        "open_data.html",
        rally=rally.plan,
        course=rally.course,
        published=rally.open_data,
        made=made,
        final=is_final(rally, engine.clock()),
        rows=rows,
        tables=TABLES,
        kinds=list(MEDIA_TYPES),
        margin=lambda column, table: margin(rally.plan, column, rows.get(table, 1)),
        odds=odds(rally.plan),
        step=STEP,
        least=LEAST,
        licences=LICENCES,
        organises=_organises(request, rally.plan.rally),
    )


async def change(request: web.Request) -> web.Response:
    """POST /r/{rally}/open-data: make the tables, or publish those that were looked at."""
    engine, name = engine_of(request), rally_of(request).plan.rally
    by = engine.people.organiser(request, name).by
    form = await read_form(request)
    match form.get("do"):
        case "make":
            await open_data.make(engine, name)
        case "publish":
            digest, licence = form.get("digest", ""), form.get("licence") or None
            await open_data.publish_made(engine, name, digest, licence, by)
        case _:
            raise BodyInvalid("do is make or publish")
    raise web.HTTPSeeOther(f"/r/{name}/open-data")


def _organises(request: web.Request, rally: str) -> bool:
    people = engine_of(request).people
    person = people.known_staff(request)
    return person is not None and person.may_change and people.belongs(person, rally)

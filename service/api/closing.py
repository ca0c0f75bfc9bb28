"""The close-out, for programs: where it stands, and the steps before the draw."""

from datetime import datetime
from typing import Literal

from aiohttp import web
from msgspec import Struct

from domain import close_out
from service import closing
from service.answers import json_answer, read_body
from service.closing import Marked
from service.context import engine_of, rally_of
from service.contract.call import Who, call
from service.engine import of_known


class CloseOutStep(Struct, frozen=True, forbid_unknown_fields=True):
    """`freeze` the results, `thaw` them, or say that marked visits were looked through."""

    do: Literal["freeze", "thaw", "review"]


class CloseOutAnswer(Struct, frozen=True):
    """Where the close-out stands. `positions` are the last of each visitors' bucket at the freeze;
    `differences` is how many lines of the books do not agree."""

    rally: str
    frozen_at: datetime | None
    positions: tuple[int, ...] | None
    reviewed_at: datetime | None
    late_until: datetime
    steps: list[close_out.Step]
    marked: Marked
    differences: int


@call(Who.VIEWER, answers={200: CloseOutAnswer})
async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/close-out: which steps are done, and until when late scans come."""
    engine, rally = engine_of(request), rally_of(request)
    engine.people.viewer(request, rally.plan.rally)
    view = await closing.read_overview(engine, rally)
    frozen, reviewed = rally.frozen, rally.reviewed
    return json_answer(
        CloseOutAnswer(
            rally=rally.plan.rally,
            frozen_at=frozen.at if frozen else None,
            positions=frozen.positions if frozen else None,
            reviewed_at=reviewed.at if reviewed else None,
            late_until=close_out.late_until(rally),
            steps=view.steps,
            marked=view.marked,
            differences=view.tally.differences,
        )
    )


@call(
    Who.ORGANISER,
    body=CloseOutStep,
    example=CloseOutStep("freeze"),
    answers={200: CloseOutAnswer},
    problems=("rally_not_over", "entries_fixed", "open_data_published", "rally_not_frozen"),
)
async def step(request: web.Request) -> web.StreamResponse:
    """POST /api/rallies/{rally}/close-out: freeze, thaw or review; said again it stays as it is.

    The other steps are those of the draw: POST /api/rallies/{rally}/draw.
    """
    engine, name = engine_of(request), rally_of(request).plan.rally
    by = engine.people.organiser(request, name).by
    match (await read_body(request, CloseOutStep)).do:
        case "freeze":
            await engine.freeze(name, by)
        case "thaw":
            await engine.change(name, of_known(close_out.thaw, by))
        case "review":
            await closing.reviewed(engine, name, by)
    return await show(request)

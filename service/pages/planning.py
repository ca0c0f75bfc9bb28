"""Where somebody fills in a plan: a new rally's, or changes of one that is laid out.

Both have the same steps. A new rally's draft has an address of its own; changes of a rally's plan
are one draft, which all of its organisers share, and which is put on the plan as it is now.
"""

from datetime import date
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from aiohttp import web
from markupsafe import Markup
from msgspec.structs import replace

from domain.rally import Rally
from service import drafts
from service.context import engine_of, voice_of
from service.drafts import Change, Draft
from service.engine import Engine
from service.failures import DraftUnknown
from service.i18n import LANGUAGES, Voice
from service.ids import new_id
from service.plan_files.plain import plain
from service.plan_forms.differences import rebased
from service.plan_forms.form import LANGUAGES as SPOKEN
from service.plan_forms.form import Form, Values, digest
from service.plan_forms.judge import Judged, judge
from service.plan_forms.rules import near_of
from service.plan_forms.sentences import sentence

IN_USE = "an id of its own ({id} is in use)"


class Desk(NamedTuple):
    """Who fills in what: `rally` is None for a new one, `base` where its pages are. A draft that is
    not stored yet (`fresh`) is a plan that nobody has changed."""

    engine: Engine
    by: str
    base: str
    draft: Draft
    rally: Rally | None
    clashes: list[str]
    fresh: bool = False

    async def change(self, how: Change) -> Draft:
        """Keep a change of the draft."""
        engine, said = self.engine, self.draft.said
        now = engine.clock()
        if self.fresh and self.rally:
            name = self.rally.plan.rally
            new = drafts.New(self.draft.id, said, self.by, rally=name)
            begun = await drafts.begin(engine.pool, new, now)
            return await drafts.change(engine.pool, begun.id, how, self.by, now)
        on_now = partial(_on_now, rally=self.rally)
        return await drafts.change(
            engine.pool, self.draft.id, lambda draft: how(on_now(draft)[0]), self.by, now
        )

    def judged(self) -> Judged:
        """What is wrong in the draft; its id, too, if a rally has it."""
        return judged(self.engine, self.draft, self.rally)


def judged(engine: Engine, draft: Draft, rally: Rally | None) -> Judged:
    """What is wrong in a plan; a new rally needs an id that no rally has."""
    said = draft.said
    found = judge(said, partial(engine.rallies.member_mistakes, organisation=draft.organisation))
    taken = rally is None and engine.rallies.get(str(said.get("rally"))) is not None
    if taken:
        used = {"rally": [IN_USE.format(id=said["rally"])]}
        return Judged(None, {**found.faults, **used})
    return found


async def desk_of(request: web.Request) -> Desk:
    """The desk that an address names. Raises RallyUnknown, DraftUnknown, Forbidden, …"""
    name = request.match_info.get("rally")
    return await _rally_desk(request, name) if name else await _new_desk(request)


async def _new_desk(request: web.Request) -> Desk:
    engine = engine_of(request)
    person = engine.people.planner(request)
    try:
        id_ = UUID(request.match_info["draft"])
    except ValueError as error:
        raise DraftUnknown from error
    draft = await drafts.read_draft(engine.pool, id_)
    if draft.rally is not None or person.organisation not in (None, draft.organisation):
        raise DraftUnknown
    return Desk(engine, person.by, f"/organiser/new/{id_}", draft, None, [])


async def _rally_desk(request: web.Request, name: str) -> Desk:
    engine = engine_of(request)
    rally = engine.rallies.known(name)
    by = engine.people.organiser(request, name).by
    base = f"/r/{name}/plan"
    kept = await drafts.changes_of(engine.pool, name)
    if kept is not None:
        draft, clashes = _on_now(kept, rally)
        return Desk(engine, by, base, draft, rally, clashes)
    return untouched_desk(engine, by, rally)


def untouched_desk(engine: Engine, by: str, rally: Rally) -> Desk:
    """A rally's plan as it is, with nothing changed yet."""
    now, name, values = engine.clock(), rally.plan.rally, plain(rally.plan)
    draft = Draft(
        id=new_id(now),
        rally=name,
        base=values,
        said=values,
        pasted="",
        changed_by=by,
        changed_at=now,
    )
    return Desk(engine, by, f"/r/{name}/plan", draft, rally, [], fresh=True)


def _on_now(draft: Draft, rally: Rally | None) -> tuple[Draft, list[str]]:
    """A draft's changes on the plan as it is now; and the fields that others have changed, too.
    Where they have, the base stays as it was: so it is said again until it is settled."""
    if rally is None or draft.base is None:
        return draft, []
    current = plain(rally.plan)
    said, clashes = rebased(draft.base, draft.said, current)
    base = {field: value for field, value in current.items() if field not in clashes}
    base |= {field: draft.base[field] for field in clashes if field in draft.base}
    return replace(draft, base=base, said=said), clashes


class Said(dict[str, Any]):
    """Plain values for templates: what is not said is None."""

    def __missing__(self, name: str) -> None:
        return None


def said(value: Any) -> Any:
    """Plain values, all mappings as `Said`."""
    if isinstance(value, dict):
        return Said({name: said(inner) for name, inner in value.items()})
    return [said(each) for each in value] if isinstance(value, list) else value


def told(voice: Voice, expected: str) -> Markup:
    """What is wrong, in the voice's language."""
    found = sentence(expected)
    return voice(found.message, **found.values)


def shown_day(voice: Voice, text: object) -> str:
    """A day as people read it; what is none as it was typed."""
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        return str(text or "–")
    return f"{voice.day(day)} ({voice.weekday(day)})"


def words(request: web.Request, values: Values) -> dict[str, Any]:
    """What templates need to tell a plan in words."""
    voice = voice_of(request)
    return {
        "values": said(values),
        "near": near_of(values),
        "told": partial(told, voice),
        "digest": digest,
        "shown_day": partial(shown_day, voice),
        "plan_languages": {language: LANGUAGES[language] for language in SPOKEN},
        "typed": Form({}),
        "look": False,
        "faults": {},
    }

"""The rally's people: organisers, viewers, devices of spots; who joins, and who is revoked."""

from functools import partial
from typing import Any

from aiohttp import web
from markupsafe import Markup

from domain.plan import Plan
from domain.rally import NotAllowed, Rally
from domain.rehearsal import rehearsed
from service import people
from service.answers import read_form, uuids_in
from service.context import engine_of, public_url, rally_of, voice_of
from service.engine import Engine
from service.failures import BodyInvalid, NotFound
from service.invitations import INVITED, Invited, Link, invite, link, may_invite
from service.pages.render import drawn_qr, page
from service.people import DEVICE_ROLES, NAME_MAX, Member
from service.sign_in import Person, Role

CONFLICT = 409


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/people: who works on the rally, and the form that invites."""
    rally, asker = _asked(request)
    return await _page(request, rally, asker)


async def change(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/people: `invite` somebody, or a device for each spot that has none
    (`invite-all`); make a new `link`; `revoke`."""
    rally, asker = _asked(request)
    form = await read_form(request)
    try:
        match form.get("do"):
            case "invite":
                return await _invite(request, rally, asker, [_invited(rally.plan, form)])
            case "invite-all":
                return await _invite(request, rally, asker, await _without(request, rally))
            case "link":
                return await _link(request, rally, asker, form)
            case "revoke":
                return await _revoke(request, rally, asker, form)
    except NotAllowed as refused:
        return await _page(request, rally, asker, wrong=refused.code)
    raise BodyInvalid("do is invite, invite-all, link or revoke")


def _asked(request: web.Request) -> tuple[Rally, Person]:
    """The rally whose people they are, for its organiser; a rehearsal has those of its rally."""
    name = rally_of(request).plan.rally
    engine = engine_of(request)
    rally = engine.rallies.known(rehearsed(name) or name)
    return rally, engine.people.organiser(request, rally.plan.rally)


def _invited(plan: Plan, form: dict[str, str]) -> Invited:
    """Whom the form means. Raises BodyInvalid."""
    role = form.get("role", "")
    if role not in {one.value for one in INVITED}:
        raise BodyInvalid(f"role is one of {', '.join(INVITED)}")
    spots: list[str] = []
    if role == Role.STAFF:
        spots = [form["spot"]] if form.get("spot") else []
    elif role == Role.STEWARD:
        spots = [name.removeprefix("at-") for name in form if name.startswith("at-")]
    name = "".join(filter(str.isprintable, form.get("name", ""))).strip()[:NAME_MAX]
    return Invited(Role(role), plan.rally, tuple(spots), name)


async def _without(request: web.Request, rally: Rally) -> list[Invited]:
    """A device for each spot that has none, not even an invited one. Raises NotAllowed."""
    known = await _members(engine_of(request), rally)
    have = {spot for one in known if _is_about(one) for spot in one.spots}
    spots = [spot for spot in rally.plan.spots if spot.id not in have]
    if not spots:
        raise NotAllowed("all_spots_have_one", "Every spot has a device.")
    say = voice_of(request)
    return [
        Invited(Role.STAFF, rally.plan.rally, (spot.id,), say.name(spot.names)[:NAME_MAX])
        for spot in spots
    ]


def _is_about(one: Member) -> bool:
    return one.role is Role.STAFF and one.revoked_at is None


async def _invite(
    request: web.Request, rally: Rally, asker: Person, invited: list[Invited]
) -> web.Response:
    engine = engine_of(request)
    for one in invited:
        may_invite(one, rally.plan)
    links = [await invite(engine.pool, one, asker.by, engine.clock()) for one in invited]
    return _made(request, rally, list(zip(invited, links, strict=True)))


async def _link(
    request: web.Request, rally: Rally, asker: Person, form: dict[str, str]
) -> web.Response:
    engine = engine_of(request)
    one = await _named(engine, rally, asker, form)
    if one.revoked_at is not None:
        raise NotAllowed("revoked", "Who is revoked is invited anew.")
    if one.joined_at is not None and one.role not in DEVICE_ROLES:
        # It would let whoever asks act under somebody else's name.
        raise NotAllowed("joined", "Who has joined is revoked and invited anew.")
    made = await link(engine.pool, one.id, asker.by, engine.clock())
    return _made(request, rally, [(Invited(one.role, one.rally, one.spots, one.name), made)])


async def _revoke(
    request: web.Request, rally: Rally, asker: Person, form: dict[str, str]
) -> web.StreamResponse:
    engine = engine_of(request)
    one = await _named(engine, rally, asker, form)
    if one.id == asker.id:
        raise NotAllowed("own_sign_in", "Nobody revokes the own sign-in: sign out instead.")
    await people.revoke(engine.pool, one.id, asker.by, engine.clock())
    await engine.tell()
    raise web.HTTPSeeOther(f"/r/{rally.plan.rally}/people")


async def _named(engine: Engine, rally: Rally, asker: Person, form: dict[str, str]) -> Member:
    """Whom the form names; who works on more rallies is changed by those who do so, too."""
    (id_,) = uuids_in(form, "person")
    for one in await _members(engine, rally):
        if one.id == id_ and may_name(asker, one, rally):
            return one
    raise NotFound


async def _members(engine: Engine, rally: Rally) -> list[Member]:
    return await people.members(engine.pool, rally.plan.rally, rally.organisation)


def may_name(asker: Person, one: Member, rally: Rally) -> bool:
    """Whether somebody on a rally's list is the asker's to change."""
    return asker.rally is None or one.rally in (rally.plan.rally, asker.rally)


def _made(request: web.Request, rally: Rally, made: list[tuple[Invited, Link]]) -> web.Response:
    """The links, once: they are shown to nobody again."""
    cards = [
        (invited, public_url(request) + link.path, _qr(request, link)) for invited, link in made
    ]
    return page(
        request,
        "invited.html",
        rally=rally.plan,
        course=rally.course,
        cards=cards,
        until=made[0][1].expires_at,
    )


def _qr(request: web.Request, made: Link) -> Markup:
    return drawn_qr(request, made.path)


async def _page(
    request: web.Request, rally: Rally, asker: Person, wrong: str | None = None
) -> web.Response:
    engine = engine_of(request)
    everybody = await _members(engine, rally)
    active = [one for one in everybody if one.revoked_at is None]
    context: dict[str, Any] = {
        "desk": [one for one in active if one.role not in DEVICE_ROLES],
        "devices": [one for one in active if one.role in DEVICE_ROLES],
        "revoked": [one for one in everybody if one.revoked_at is not None],
    }
    have = {spot for one in active if _is_about(one) for spot in one.spots}
    return page(
        request,
        "people.html",
        CONFLICT if wrong else 200,
        rally=rally.plan,
        course=rally.course,
        asker=asker,
        may_name=partial(may_name, asker, rally=rally),
        now=engine.clock(),
        wrong=wrong,
        without=sum(1 for spot in rally.plan.spots if spot.id not in have),
        **context,
    )

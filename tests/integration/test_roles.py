"""Who may open what: every route is in this table, for every role."""

from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientResponse
from support import LINE, RALLY, Site

from qr.codes import sign_badge
from service import people
from service.routes import ROUTES
from service.sign_in import Role

SPOT, OTHER = LINE[0], LINE[1]
EVERYBODY = "neither a sign-in nor a role is asked for, or a visitor's"
STAFF, ELSEWHERE, STEWARD, VIEWER, ORGANISER, ABROAD, OF_ALL = (
    "the spot's device",
    "another spot's device",
    "a steward of the spot",
    "a viewer",
    "the organiser",
    "another rally's organiser",
    "an organiser of all rallies",
)
ALL = {STAFF, ELSEWHERE, STEWARD, VIEWER, ORGANISER, ABROAD, OF_ALL}
LAYS_OUT = {OF_ALL}
CHANGES = {ORGANISER, OF_ALL}
SEES_ALL = CHANGES | {VIEWER}
AT_WORK = CHANGES | {STAFF, STEWARD}
SEES_SPOT = AT_WORK | {VIEWER}
AT_A_DESK = SEES_ALL | {ABROAD}
STEPS = ("summary", "spots", "{step}", "{step}/{item}")
NAMES = {
    "rally": RALLY,
    "spot": SPOT,
    "file": "spots.csv",
    "draft": "00000000-0000-7000-8000-000000000000",
    "step": "days",
    "item": "0",
}

WHO: dict[tuple[str, str], set[str]] = {
    ("POST", "/api/badge-check-ins"): AT_WORK,
    ("PUT", "/api/rallies/{rally}"): CHANGES,
    ("POST", "/api/rallies/{rally}/preview"): CHANGES,
    ("POST", "/api/rallies/{rally}/open"): CHANGES,
    ("POST", "/api/rallies/{rally}/close"): CHANGES,
    ("POST", "/api/rallies/{rally}/cancel"): CHANGES,
    ("GET", "/api/rallies/{rally}/plan.yaml"): SEES_ALL,
    ("GET", "/api/rallies/{rally}/spots.csv"): SEES_ALL,
    ("GET", "/api/rallies/{rally}/footfall"): SEES_SPOT,
    ("GET", "/api/rallies/{rally}/footfall.csv"): SEES_SPOT,
    ("POST", "/api/rallies/{rally}/spots/{spot}/headcounts"): AT_WORK,
    ("GET", "/api/rallies/{rally}/spots/{spot}/screen"): AT_WORK,
    ("GET", "/api/rallies/{rally}/completion"): SEES_ALL,
    ("GET", "/api/rallies/{rally}/flow"): SEES_ALL,
    ("GET", "/api/rallies/{rally}/refusals"): SEES_ALL,
    ("GET", "/api/rallies/{rally}/prizes"): SEES_ALL,
    **{
        ("GET", f"/api/rallies/{{rally}}/{figures}.csv"): SEES_ALL
        for figures in ("completion", "flow", "refusals", "prizes")
    },
    ("GET", "/api/rallies/{rally}/open-data"): SEES_ALL,
    ("POST", "/api/rallies/{rally}/open-data"): CHANGES,
    ("GET", "/api/rallies/{rally}/open-data/{file}"): SEES_ALL,
    ("GET", "/api/rallies/{rally}/signals"): SEES_ALL,
    ("GET", "/api/rallies/{rally}/survey"): SEES_ALL,
    ("POST", "/api/rallies/{rally}/voids"): CHANGES,
    ("POST", "/api/rallies/{rally}/draw"): CHANGES,
    ("POST", "/api/hand-overs"): AT_WORK,
    ("GET", "/api/rallies/{rally}/devices"): CHANGES,
    ("POST", "/api/devices/beat"): ALL,
    ("POST", "/api/passkeys/options"): AT_A_DESK,
    ("POST", "/api/passkeys"): AT_A_DESK,
    ("GET", "/passkey"): AT_A_DESK,
    ("GET", "/r/{rally}/shops"): ALL - {ABROAD},
    ("GET", "/r/{rally}/spots/{spot}"): SEES_SPOT,
    ("GET", "/r/{rally}/spots/{spot}/live"): SEES_SPOT,
    ("GET", "/r/{rally}/spots/{spot}/code.png"): SEES_SPOT,
    ("GET", "/r/{rally}/spots/{spot}/screen"): AT_WORK,
    ("POST", "/r/{rally}/spots/{spot}/headcounts"): AT_WORK,
    ("GET", "/r/{rally}/spots/{spot}/counter"): AT_WORK,
    ("POST", "/r/{rally}/spots/{spot}/counter"): AT_WORK,
    ("GET", "/api/rallies/{rally}/comparison"): SEES_ALL,
    ("GET", "/api/rallies/{rally}/comparison.csv"): SEES_ALL,
    ("GET", "/api/rallies/{rally}/log.jsonl"): CHANGES,
    ("GET", "/r/{rally}/organiser/compare"): SEES_ALL,
    ("GET", "/r/{rally}/spots/{spot}/screen/live"): AT_WORK,
    ("GET", "/r/{rally}/spots/{spot}/report"): SEES_SPOT,
    ("GET", "/api/rallies/{rally}/close-out"): SEES_ALL,
    ("POST", "/api/rallies/{rally}/close-out"): CHANGES,
    ("GET", "/r/{rally}/close-out"): SEES_ALL,
    ("POST", "/r/{rally}/close-out"): CHANGES,
    ("GET", "/r/{rally}/close-out/visits"): SEES_ALL,
    ("POST", "/r/{rally}/close-out/visits"): CHANGES,
    ("GET", "/r/{rally}/winners"): CHANGES,
    ("POST", "/r/{rally}/winners"): CHANGES,
    ("GET", "/r/{rally}/winners.csv"): CHANGES,
    ("GET", "/r/{rally}/report"): SEES_ALL,
    ("GET", "/r/{rally}/report.zip"): SEES_ALL,
    ("GET", "/r/{rally}/open-data"): SEES_ALL,
    ("POST", "/r/{rally}/open-data"): CHANGES,
    ("GET", "/organiser"): AT_A_DESK,
    **{
        (method, f"/organiser/new{more}"): LAYS_OUT
        for method in ("GET", "POST")
        for more in ("", *(f"/{{draft}}/{step}" for step in STEPS))
    },
    ("GET", "/organiser/new/{draft}/plan.yaml"): LAYS_OUT,
    ("GET", "/r/{rally}/plan"): SEES_ALL,
    **{
        (method, f"/r/{{rally}}/plan/{step}"): CHANGES
        for method in ("GET", "POST")
        for step in ("preview", "spots", "{step}", "{step}/{item}")
    },
    ("POST", "/r/{rally}/plan"): CHANGES,
    ("POST", "/r/{rally}/plan/day"): CHANGES,
    ("POST", "/r/{rally}/plan/off"): CHANGES,
    ("GET", "/r/{rally}/organiser"): SEES_ALL,
    ("POST", "/r/{rally}/organiser"): CHANGES,
    ("GET", "/r/{rally}/organiser/live"): SEES_ALL,
    ("GET", "/r/{rally}/signals"): SEES_ALL,
    ("POST", "/r/{rally}/signals"): CHANGES,
    ("GET", "/r/{rally}/posters"): SEES_ALL,
    ("GET", "/r/{rally}/posters.pdf"): SEES_SPOT,
    ("GET", "/r/{rally}/posters.zip"): SEES_SPOT,
    ("GET", "/r/{rally}/people"): CHANGES,
    ("POST", "/r/{rally}/people"): CHANGES,
    ("GET", "/r/{rally}/changes"): CHANGES,
    ("POST", "/r/{rally}/hand-overs"): AT_WORK,
}
FOR_EVERYBODY = {
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/static/{name}"),
    ("GET", "/offline"),
    ("GET", "/sw.js"),
    ("*", "/{anything:.*}"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
    ("POST", "/api/sign-in"),
    ("POST", "/api/sign-in/options"),
    ("GET", "/join/{secret}"),
    ("POST", "/join/{secret}"),
    ("GET", "/api/plan.schema.json"),
    ("GET", "/api/openapi.json"),
    ("GET", "/api/docs"),
    ("GET", "/api/rallies/{rally}"),
    ("GET", "/api/rallies/{rally}/draw"),
    ("GET", "/api/rallies/{rally}/draw/entries"),
    ("GET", "/api/postcodes/{postcode}"),
    ("GET", "/r/{rally}/draw"),
    ("GET", "/r/{rally}/signage"),
    ("GET", "/r/{rally}/signage/live"),
}
FOR_VISITORS = {
    ("POST", "/api/visitors"),
    ("POST", "/api/check-ins"),
    ("POST", "/api/check-ins/batch"),
    ("GET", "/api/cards"),
    ("GET", "/cards"),
    ("GET", "/api/rallies/{rally}/card"),
    ("DELETE", "/api/rallies/{rally}/card"),
    ("GET", "/api/rallies/{rally}/address"),
    ("PUT", "/api/rallies/{rally}/address"),
    ("PUT", "/api/rallies/{rally}/address/draft"),
    ("DELETE", "/api/rallies/{rally}/address"),
    ("POST", "/api/card-moves"),
    ("POST", "/api/card-moves/claims"),
    ("POST", "/api/paper-cards"),
    ("POST", "/api/rallies/{rally}/prizes/{prize}/entries"),
    ("POST", "/api/rallies/{rally}/survey"),
    ("GET", "/s/{code}"),
    ("POST", "/s/{code}"),
    ("GET", "/r/{rally}"),
    ("GET", "/r/{rally}/names"),
    ("GET", "/r/{rally}/move"),
    ("POST", "/r/{rally}/move"),
    ("GET", "/move"),
    ("GET", "/move/{code}"),
    ("POST", "/move"),
    ("GET", "/r/{rally}/keepsake"),
    ("GET", "/r/{rally}/keepsake.svg"),
    ("GET", "/r/{rally}/my-data"),
    ("POST", "/r/{rally}/my-data"),
    ("POST", "/r/{rally}/survey"),
    ("POST", "/r/{rally}/prizes/{prize}/enter"),
    ("GET", "/r/{rally}/prizes/{prize}/address"),
    ("POST", "/r/{rally}/prizes/{prize}/address"),
    ("GET", "/r/{rally}/prizes/{prize}"),
    ("GET", "/r/{rally}/badge"),
    ("POST", "/r/{rally}/badge"),
}


def test_every_route_says_who_may_open_it() -> None:
    """A new one is put on one of the lists above, by whoever adds it."""
    routes = {(method, path) for method, path, _ in ROUTES}
    listed = WHO.keys() | FOR_EVERYBODY | FOR_VISITORS
    assert routes - listed == set()
    assert listed - routes == set(), "gone"


async def tokens(site: Site) -> dict[str, str | None]:
    """A token of everybody, and of nobody."""
    made: dict[str, str | None] = {"nobody": None, "a visitor": site.visitor()}
    for who, role, rally, *spots in (
        (STAFF, Role.STAFF, RALLY, SPOT),
        (ELSEWHERE, Role.STAFF, RALLY, OTHER),
        (STEWARD, Role.STEWARD, RALLY, SPOT, LINE[2]),
        (VIEWER, Role.VIEWER, RALLY),
        (ORGANISER, Role.ORGANISER, RALLY),
        (ABROAD, Role.ORGANISER, "elsewhere"),
        (OF_ALL, Role.ORGANISER, None),
    ):
        person, made[who] = site.engine.people.new(Role(role), site.clock(), rally, *spots)
        await people.add(site.engine.pool, person, who, "test", joined=True)
    return made


def asked(site: Site, path: str) -> dict[str, Any]:
    """What a request needs so that nothing but the role decides."""
    visitor = str(uuid4())
    key = site.engine.keyring.newest_code_key(RALLY)
    assert key is not None
    gift = {"prize": "local-products", "visitor": visitor, "hand_over_id": visitor, "spot": SPOT}
    bodies: dict[str, dict[str, Any]] = {
        "/api/badge-check-ins": {
            "json": {
                "code": sign_badge(key, uuid4()),
                "scan_id": str(uuid4()),
                "spot": SPOT,
            }
        },
        "/api/hand-overs": {"json": {"rally": RALLY, **gift}},
        "/r/{rally}/hand-overs": {"data": gift},
        "/r/{rally}/spots/{spot}/headcounts": {"data": {"count": "1", "headcount_id": visitor}},
        "/api/rallies/{rally}/open-data": {"json": {"do": "make"}},
        "/api/devices/beat": {"json": {"clock": site.clock().isoformat()}},
    }
    if path.rpartition("/")[2] in ("footfall", "footfall.csv", "posters.pdf", "posters.zip"):
        return {"params": {"spot": SPOT}}
    return bodies.get(path, {})


async def says(answer: ClientResponse) -> str:
    """The code of a problem."""
    code: str = (await answer.json(content_type=None))["code"]
    return code


@pytest.mark.parametrize(("method", "path"), WHO, ids=map(" ".join, WHO))
async def test_a_route_is_open_to_these_and_to_nobody_else(
    site: Site, method: str, path: str
) -> None:
    """401, 403 and an unknown rally are a closed door; whatever else is answered, somebody was let
    in."""
    address = path.format(**NAMES)
    let_in = set()
    for who, token in (await tokens(site)).items():
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with site.session.request(
            method, address, headers=headers, allow_redirects=False, **asked(site, path)
        ) as answer:
            assert answer.status < 500, (who, await answer.text())
            foreign = answer.status == 404 and await says(answer) == "rally_unknown"
            if answer.status not in (401, 403) and not foreign:
                let_in.add(who)
    assert let_in == WHO[method, path]


async def test_stewards_and_viewers_work_where_they_are_meant_to(site: Site) -> None:
    """A steward counts heads at each of the own spots; a viewer of all rallies sees each of them,
    and its pages show no button that changes something."""
    made = await tokens(site)
    for spot, expected in ((SPOT, 201), (LINE[2], 201), (OTHER, 403)):
        heads = {"count": 1, "headcount_id": str(uuid4())}
        address = f"/api/rallies/{RALLY}/spots/{spot}/headcounts"
        assert (await site.ask("POST", address, made[STEWARD], json=heads))[0] == expected
    _, everywhere = site.engine.people.new(Role.VIEWER, site.clock())
    for token, buttons in ((made[ORGANISER], True), (made[VIEWER], False), (everywhere, False)):
        for page in ("organiser", "signals"):
            headers = {"Authorization": f"Bearer {token}", "Accept": "text/html"}
            async with site.session.get(f"/r/{RALLY}/{page}", headers=headers) as answer:
                assert answer.status == 200
                if page == "organiser":
                    assert ('name="do"' in await answer.text()) == buttons

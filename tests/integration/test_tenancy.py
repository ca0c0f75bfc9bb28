"""Several organisations on one installation: whatever one of them asks for, it gets nothing of the
other's, and nothing of the other's changes."""

import argparse
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from builders import plan
from support import Site
from test_roles import FOR_EVERYBODY, FOR_VISITORS, WHO

from domain.plan import Question, Spot
from domain.rally import NotAllowed, open_rally
from projections.catalogue import CATALOGUE
from qr.codes import sign_badge
from service import drafts, organisations
from service.commands import invite as invite_command
from service.commands import organisations as organisations_command
from service.commands.common import CommandError, organisation_named
from service.config import Config
from service.ids import new_id
from service.invitations import Invited, invite, take
from service.plan_files.plain import plain
from service.routes import ROUTES
from service.sign_in import Person, Role, everything_of, home_of

OURS, THEIRS = "kita-rally", "minami-rally"
PUBLIC = FOR_EVERYBODY | FOR_VISITORS
OWN = {
    ("POST", "/api/devices/beat"),
    ("POST", "/api/passkeys/options"),
    ("POST", "/api/passkeys"),
    ("GET", "/passkey"),
    ("GET", "/organiser"),
    ("GET", "/organiser/new"),
    ("POST", "/organiser/new"),
}
"""Routes that name nothing of anybody's, and show or change what is the asker's own."""
LIVELY = {"signs_of_life", "passkey_challenges", "progress", "targets"}
"""Tables that tell of the asker alone, or move by themselves."""
SECRETS = ("ひみつの答え", "北野秘書", "北の下書き", "kita-draft")
"""Texts of ours that are for nobody else: an answer, a name, a draft."""
NAMES = ("北のラリー", OURS, "北の店")
"""Texts of ours that visitors see, and that have no place on another organiser's pages."""
REFUSED = {401, 403, 404}


class Tenants:
    """Two organisations: `ours`, whose rally has all that can be had, and theirs, who ask."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.tokens: dict[str, str] = {}
        self.ours = ""
        self.visitor = uuid4()
        self.person = self.draft = UUID(int=0)

    async def begin(self) -> "Tenants":
        engine, now = self.site.engine, self.site.clock()
        for name in ("kita", "minami"):
            await organisations.add(engine.pool, name, name.title(), "test", now)
        spots = [Spot("a", {"ja": "北の店"}, "east"), *plan().spots[1:]]
        asked = Question(["ひみつの答え"], {"ja": "?"})
        spots.append(Spot("q", {"ja": "問い"}, "east", kind="keyword", question=asked))
        kita = plan(rally=OURS, names={"ja": "北のラリー"}, spots=spots)
        for each, whose in ((kita, "kita"), (plan(rally=THEIRS), "minami")):
            await engine.plan(each, "test", organisation=whose)
            await engine.change(each.rally, lambda rally, at: open_rally(rally, at, "test"))
        self.site.clock.forward(minutes=1)
        token = self.site.visitor()
        self.visitor = engine.people.verify(token).id
        self.site.rally = OURS
        assert (await self.site.scan(token, "a"))[0] == 201
        self.person = (await self.joined(Role.ORGANISER, everything_of("kita"), "北野秘書"))[0].id
        self.ours = self.tokens["北野秘書"]
        self.draft = new_id(now)
        values = {**plain(kita), "rally": "kita-draft", "names": {"ja": "北の下書き"}}
        new = drafts.New(self.draft, values, "organiser:test", organisation="kita")
        await drafts.begin(engine.pool, new, now)
        for role, where, name in (
            (Role.ORGANISER, everything_of("minami"), "head"),
            (Role.VIEWER, everything_of("minami"), "looker"),
            (Role.ORGANISER, THEIRS, "organiser"),
            (Role.VIEWER, THEIRS, "viewer"),
        ):
            await self.joined(role, where, name)
        await self.joined(Role.STEWARD, THEIRS, "steward", "a", "b")
        await self.joined(Role.STAFF, THEIRS, "staff", "a")
        for projection in CATALOGUE.values():
            await engine.judge_all(projection)
        return self

    async def joined(self, role: Role, where: str, name: str, *spots: str) -> tuple[Person, str]:
        """Somebody who was invited and has come."""
        engine, now = self.site.engine, self.site.clock()
        made = await invite(engine.pool, Invited(role, where, spots, name), "test", now)
        person = await take(engine.pool, made.path.rpartition("/")[2], now)
        assert person is not None
        self.tokens[name] = engine.people.token(person)
        return person, self.tokens[name]

    async def state(self) -> dict[str, str]:
        """What every table holds, in short."""
        pool, found = self.site.engine.pool, {}
        views = {table for each in CATALOGUE.values() for table in each.tables}
        for row in await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            table = row["tablename"]
            if table not in LIVELY | views:
                digest = f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} AS t"
                found[table] = await pool.fetchval(digest)
        return found

    def address(self, path: str, rally: str = OURS) -> str:
        names = {
            "rally": rally,
            "spot": "a",
            "prize": "five",
            "draft": self.draft,
            "file": "spots.csv",
        }
        more = {"step": "days", "item": "0", "name": "none", "code": "none", "secret": "none"}
        address = path.replace("{anything:.*}", "none")
        return address.format(**names, **more, postcode="1000001")

    def body(self, path: str, rally: str = OURS) -> dict[str, Any]:
        """What would do something, if it were let in."""
        engine, id_ = self.site.engine, str(uuid4())
        key = engine.keyring.newest_code_key(OURS)
        assert key is not None
        gift = {"prize": "five", "visitor": str(self.visitor), "hand_over_id": id_, "spot": "a"}
        badge = {"code": sign_badge(key, self.visitor), "scan_id": id_, "spot": "a"}
        heads = {"count": 1, "headcount_id": id_}
        voided = {"visitor": str(self.visitor), "position": 1, "reason": "x"}
        moved = {**msgspec.to_builtins(plan(rally=rally)), "names": {"ja": "南が書いた"}}
        if path == "/api/rallies/{rally}":
            return {"json": moved}
        if path.endswith(("/footfall", "/footfall.csv", "/posters.pdf", "/posters.zip")):
            return {"params": {"spot": "a"}}
        json = {
            "/api/hand-overs": {"rally": OURS, **gift},
            "/api/badge-check-ins": badge,
            "/api/rallies/{rally}/spots/{spot}/headcounts": heads,
            "/api/rallies/{rally}/voids": voided,
            "/api/rallies/{rally}/preview": moved,
            "/api/rallies/{rally}/draw": {"do": "commit"},
            "/api/rallies/{rally}/close-out": {"do": "freeze"},
            "/api/rallies/{rally}/open-data": {"do": "make"},
        }
        form = {
            "/organiser/new": {"from": "round", "name": OURS},
            "/r/{rally}/hand-overs": gift,
            "/r/{rally}/people": {"do": "revoke", "person": str(self.person)},
            "/r/{rally}/spots/{spot}/headcounts": heads,
            "/r/{rally}/signals": {"do": "void", "positions": "1", **gift},
            "/r/{rally}/plan/off": {"all": "1", "sure": "1"},
            "/r/{rally}/organiser": {"do": "close"},
            "/r/{rally}/close-out": {"do": "freeze"},
            "/organiser/new/{draft}/summary": {"do": "drop"},
        }
        if path in json or path.startswith("/api/"):
            return {"json": json.get(path, {})}
        return {"data": form.get(path, {"do": "save"})}

    async def asks(self, who: str, method: str, path: str, rally: str = OURS) -> tuple[int, str]:
        """The answer's status and its text; of a picture or an archive, its bytes as letters."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        how = self.body(path, rally) if method != "GET" or "footfall" in path else {}
        address = self.address(path, rally)
        async with self.site.session.request(
            method, address, headers=headers, allow_redirects=False, **how
        ) as answer:
            body = await (answer.content.readany() if "live" in path else answer.read())
            return answer.status, body.decode("utf-8", "replace")


@pytest.fixture
async def tenants(site: Site) -> Tenants:
    """A site with two organisations."""
    return await Tenants(site).begin()


async def test_no_route_lets_another_organisation_in(tenants: Tenants) -> None:
    """With every token of theirs, every route is asked for what is ours. Where visitors go, anybody
    may; their pages tell no secret."""
    before = await tenants.state()
    bad: list[tuple[Any, ...]] = []
    for method, path, _ in ROUTES:
        verb = "GET" if method == "*" else method
        assert (method, path) in PUBLIC or (method, path) in WHO, f"{path}: say who may open it"
        for who in [name for name in tenants.tokens if name != "北野秘書"]:
            status, text = await tenants.asks(who, verb, path)
            about = (method, path, who, status)
            if any(secret in text for secret in SECRETS):
                bad.append(("a secret", *about))
            if (method, path) not in PUBLIC | OWN and status not in REFUSED:
                bad.append(("let in", *about))
            if (method, path) not in PUBLIC and any(name in text for name in NAMES):
                bad.append(("a name", *about))
        if method != "GET":
            after = await tenants.state()
            bad += [("changed", method, path, it) for it in after if after[it] != before.get(it)]
            before = after
    assert bad == []


async def test_a_foreign_rally_answers_as_one_that_is_not_there(tenants: Tenants) -> None:
    told = []
    for method, path in WHO:
        if "{rally}" in path and (method, path) != ("PUT", "/api/rallies/{rally}"):
            for who in ("head", "staff"):
                foreign = await tenants.asks(who, method, path)
                unknown = await tenants.asks(who, method, path, "no-such")
                same = foreign[1].replace(OURS, "") == unknown[1].replace("no-such", "")
                if foreign[0] != unknown[0] or not same:
                    told.append((method, path, who, foreign, unknown))
    assert told == []


async def test_on_the_own_rally_nothing_of_anothers_can_be_named(tenants: Tenants) -> None:
    """A person, a card, a round of ours is none of their rally's."""
    before = await tenants.state()
    for path in ("/r/{rally}/people", "/api/rallies/{rally}/voids", "/r/{rally}/signals"):
        status, text = await tenants.asks("head", "POST", path, THEIRS)
        assert status >= 400, (path, status)
        assert not any(name in text for name in NAMES)
    for page in ("organiser/compare", "report"):
        status, _ = await tenants.asks("head", "GET", f"/r/{{rally}}/{page}?with={OURS}", THEIRS)
        assert status == 404, page
    status, text = await tenants.asks("head", "GET", "/r/{rally}/changes", THEIRS)
    assert status == 200
    assert "北野秘書" not in text
    assert await tenants.state() == before


async def test_an_organisation_lays_out_its_own_rallies_and_sees_no_other(tenants: Tenants) -> None:
    ask, engine = tenants.site.ask, tenants.site.engine
    new = msgspec.to_builtins(plan(rally="minami-2"))
    assert (await ask("PUT", "/api/rallies/minami-2", tenants.tokens["looker"], json=new))[0] == 403
    assert (await ask("PUT", "/api/rallies/minami-2", tenants.tokens["head"], json=new))[0] == 200
    assert engine.rallies.known("minami-2").organisation == "minami"
    _, text = await tenants.asks("head", "GET", "/organiser")
    assert "minami-2" in text
    tenants.tokens["北野秘書"] = tenants.ours
    _, text = await tenants.asks("北野秘書", "GET", "/organiser")
    assert (OURS in text, "minami" in text, "北の下書き" in text) == (True, False, True)
    trial = await engine.rehearse(OURS, "test")
    assert trial.organisation == "kita"
    operator = engine.people.new(Role.ORGANISER, tenants.site.clock())[0]
    assert all(engine.people.belongs(operator, each.plan.rally) for each in engine.rallies.all())


async def test_who_comes_second_does_not_write_over_anothers_rally(tenants: Tenants) -> None:
    """Also when both began before either was there."""
    with pytest.raises(NotAllowed, match="of this name"):
        await tenants.site.engine.plan(plan(rally=OURS), "test", organisation="minami")


async def test_an_organisation_is_added_named_and_asked_for(
    site: Site,
) -> None:
    pool, now = site.engine.pool, site.clock()
    for id_, name in (("Kita!", "x"), ("kita", ""), ("kita", "a\nb")):
        with pytest.raises(NotAllowed):
            await organisations.add(pool, id_, name, "test", now)
    for name in ("Kita", "North"):
        await organisations.add(pool, "kita", name, "test", now)
    (known,) = await organisations.organisations(pool)
    assert (known.id, known.name, known.rallies, known.people) == ("kita", "North", 0, 0)
    assert await organisation_named(site.engine, "kita") == "kita"
    with pytest.raises(CommandError, match=r"there are: kita.*organisations add"):
        await organisation_named(site.engine, "minami")


def test_who_works_on_an_organisation_is_at_home_where_its_rallies_are(site: Site) -> None:
    person, _ = site.engine.people.new(Role.ORGANISER, site.clock(), everything_of("kita"))
    assert home_of(person) == "/organiser"


async def test_an_operator_adds_an_organisation_and_invites_its_first_organiser(
    database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the commands; what is not there, or not said, is told with what to do."""
    config = Config(database_url=database, public_url="https://stamps.example.org")

    async def says(command: Any, *words: str) -> str:
        parser = argparse.ArgumentParser()
        command.arguments(parser)
        await command.run(parser.parse_args(words), config)
        return capsys.readouterr().out

    assert "None yet" in await says(organisations_command)
    with pytest.raises(CommandError, match="organisations add"):
        await says(invite_command, "organiser", "--organisation", "kita")
    assert "kita\tKita\t0 rallies\t0 people" in await says(
        organisations_command, "add", "kita", "--name", "Kita"
    )
    link = await says(invite_command, "organiser", "--organisation", "kita", "--name", "Sato")
    assert "https://stamps.example.org/join/" in link
    assert "1 people" in await says(organisations_command)
    for wrong in (("--all", "--organisation", "kita"), ()):
        with pytest.raises(CommandError, match="For which rally"):
            await says(invite_command, "organiser", *wrong)

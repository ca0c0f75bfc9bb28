"""Addresses for prizes that are sent by post: kept sealed and apart, entered with, and gone when
their visitor says so."""

import re
from argparse import Namespace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog
from msgspec.structs import replace
from support import RALLY, OpenEngine, Site
from test_commands import meguri

from domain.address import Address
from domain.conditions import Stamps
from domain.plan import Draw, Plan, Prize
from domain.rally import NotAllowed
from service import posting
from service.addresses import KEPT
from service.commands import keys
from service.engine import Engine
from service.failures import AddressesUnavailable
from service.master_key import MasterKeyFile
from service.sign_in import VISITOR_COOKIE

SPOT = "hokkaido-yurakucho"
HOME = {
    "postcode": "1000005",
    "prefecture": "東京都",
    "city": "千代田区",
    "street": "丸の内7-77-777",
    "building": "ひみつ荘 101",
    "name": "郵便 花子",
    "phone": "090-7777-7777",
}
ADDRESS = f"/api/rallies/{RALLY}/address"
FORM = f"/r/{RALLY}/prizes/box/address"
ENTRIES = f"/api/rallies/{RALLY}/prizes/box/entries"


def posted(plan: Plan) -> Plan:
    """Tokyo's rally with prizes by post that one stamp reaches: drawn, chosen, automatic."""
    box = Prize("box", {"en": "A box"}, Stamps(1), Draw(1), by_post=True)
    more = [
        box,
        replace(box, id="tea", giving=Draw(1, choice="one")),
        replace(box, id="rice", giving=Draw(1, choice="one")),
        replace(box, id="all", giving=Draw(1, automatic=True)),
        replace(box, id="badge", by_post=False),
    ]
    return replace(plan, prizes=[*plan.prizes, *more])


@pytest_asyncio.fixture
async def visitor(site: Site, tokyo: Plan) -> str:
    """A visitor who has reached them."""
    await site.engine.plan(posted(tokyo), "test")
    token = site.visitor()
    await site.scan(token, SPOT)
    return token


class Phone:
    """A browser without scripts."""

    def __init__(self, site: Site, token: str) -> None:
        self._site = site
        self._headers = {"Cookie": f"{VISITOR_COOKIE}={token}", "Accept": "text/html"}

    async def get(self, path: str) -> str:
        async with self._site.session.get(path, headers=self._headers) as answer:
            return await answer.text()

    async def post(self, path: str = FORM, **data: str) -> tuple[int, str]:
        """Status, and the page or where it leads."""
        how: dict[str, Any] = {"data": data, "allow_redirects": False, "headers": self._headers}
        async with self._site.session.post(path, **how) as answer:
            return answer.status, answer.headers.get("Location") or await answer.text()


async def rows(engine: Engine) -> tuple[int, int]:
    """How many visitors' keys and addresses there are."""
    counts = [
        await engine.pool.fetchval(f"SELECT count(*) FROM {table}")
        for table in ("visitor_keys", "addresses")
    ]
    return counts[0], counts[1]


async def all_bytes(engine: Engine) -> bytes:
    """Everything that is in the database, table by table."""
    dump = BytesIO()
    async with engine.pool.acquire() as connection:
        tables = await connection.fetch(
            "SELECT schemaname, tablename FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        assert len(tables) > 10
        for table in tables:
            await connection.copy_from_table(
                table["tablename"], schema_name=table["schemaname"], output=dump, format="binary"
            )
    return dump.getvalue()


# --- what is kept, and where --------------------------------------------------------------------


async def test_nothing_of_an_address_is_anywhere_but_sealed_and_erasing_leaves_nothing(
    site: Site, visitor: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Given a visitor who goes through the whole form with unmistakable words."""
    phone, other = Phone(site, visitor), {**HOME, "name": "Draft Zwischenstand"}
    with structlog.testing.capture_logs() as logged:
        assert (await site.ask("PUT", f"{ADDRESS}/draft", visitor, json=other))[0] == 204
        for field in HOME:
            await phone.post(**{**HOME, field: "ﾏﾁｶﾞｲ" * 200})
        await phone.post(**HOME, do="look")
        await site.ask("PUT", ADDRESS, visitor, json={**HOME, "nam": "郵便 花子"})
        await site.ask("PUT", ADDRESS, visitor, data=str(HOME).encode())
        assert (await phone.post(**HOME))[0] == 303
        assert (await site.ask("PUT", f"{ADDRESS}/draft", visitor, json=other))[0] == 204
        await phone.get(f"/r/{RALLY}")
        metrics = await phone.get("/metrics")
        figures = await site.ask("GET", f"/api/rallies/{RALLY}/prizes", site.organiser())
    assert await site.facts("PrizeEntered") == 1
    assert await rows(site.engine) == (1, 1)
    secrets = [*HOME.values(), "Zwischenstand", "7777", "1000005", "ﾏﾁｶﾞｲ"]
    secrets.remove("東京都")  # where the shops are, too
    secrets.remove("千代田区")
    told = "".join([str(logged), *capfd.readouterr(), metrics, str(figures)])
    stored = await all_bytes(site.engine)
    assert SPOT.encode() in stored
    for secret in secrets:
        assert secret.encode() not in stored, secret
        assert secret not in told, secret
    shown = await phone.get(f"/r/{RALLY}/my-data")
    for secret in [*HOME.values(), other["name"]]:
        assert secret in shown
    assert (await phone.post(f"/r/{RALLY}/my-data", do="forget"))[0] == 303
    assert await rows(site.engine) == (0, 0)
    assert await site.facts("VisitorErased") == 1


async def test_a_sealed_row_is_noise_for_another_visitor_and_rally(
    site: Site, visitor: str
) -> None:
    engine, one = site.engine, site.engine.people.verify(visitor).id
    await engine.addresses.keep(one, RALLY, Address(name="A"), engine.clock())
    await engine.addresses.keep(one, "other", Address(name="B"), engine.clock())
    swap = "UPDATE addresses SET address = (SELECT address FROM addresses WHERE rally = $2) WHERE rally = $1"
    await engine.pool.execute(swap, RALLY, "other")
    with pytest.raises(AddressesUnavailable, match="was changed"):
        await engine.addresses.read(one, RALLY)
    assert (await engine.addresses.read(one, "other")).address == Address(name="B")


async def test_a_draft_never_passes_for_an_address(site: Site, visitor: str) -> None:
    engine, one = site.engine, site.engine.people.verify(visitor).id
    await engine.addresses.keep_draft(one, RALLY, Address(name="A"), engine.clock())
    await engine.pool.execute("UPDATE addresses SET address = draft")
    with pytest.raises(AddressesUnavailable, match="was changed"):
        await engine.addresses.read(one, RALLY)


async def test_the_key_goes_with_the_last_address_of_its_visitor(site: Site, visitor: str) -> None:
    engine, one = site.engine, site.engine.people.verify(visitor).id
    for rally in (RALLY, "other"):
        await engine.addresses.keep(one, rally, Address(name="A"), engine.clock())
    assert await rows(engine) == (1, 2)
    await engine.addresses.erase(one, "other")
    assert await rows(engine) == (1, 1)
    assert (await engine.addresses.read(one, RALLY)).address == Address(name="A")
    assert (await site.ask("DELETE", f"/api/rallies/{RALLY}/card", visitor))[0] == 204
    assert await rows(engine) == (0, 0)


async def test_an_erased_card_takes_no_address_also_when_both_happen_at_once(
    site: Site, visitor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given an address that is on its way while its visitor presses "forget me" elsewhere."""
    engine, one = site.engine, site.engine.people.verify(visitor).id
    keep = engine.addresses.keep

    async def keep_late(*said: Any) -> None:
        await posting.erase_card(engine, one, RALLY)
        await keep(*said)

    monkeypatch.setattr(engine.addresses, "keep", keep_late)
    with pytest.raises(NotAllowed, match="erased"):
        await posting.keep(engine, one, RALLY, Address(name="A"))
    assert await rows(engine) == (0, 0)
    status, problem = await site.ask("PUT", ADDRESS, visitor, json=HOME)
    assert (status, problem["code"]) == (409, "card_erased")


async def test_an_address_goes_along_when_two_cards_become_one(site: Site, visitor: str) -> None:
    engine, here = site.engine, {**HOME, "street": "ここ1"}
    one, other = (engine.people.verify(token).id for token in (visitor, site.visitor()))
    other_token = engine.people.token(replace(engine.people.verify(visitor), id=other))
    await site.scan(other_token, SPOT)
    assert (await site.ask("PUT", ADDRESS, other_token, json=here))[0] == 200
    await engine.link(other, one, RALLY, "test")
    for token in (visitor, other_token):
        assert (await site.ask("GET", ADDRESS, token))[1]["address"] == here
    assert await rows(engine) == (1, 1)
    assert (await site.ask("POST", ENTRIES, other_token))[0] == 201
    assert "千代田区…" in await Phone(site, other_token).get(f"/r/{RALLY}")
    assert "ここ1" in await Phone(site, other_token).get(FORM)
    await engine.addresses.keep(other, RALLY, Address(name="left by a crash"), engine.clock())
    assert (await Phone(site, other_token).post(f"/r/{RALLY}/my-data", do="forget"))[0] == 303
    assert await rows(engine) == (0, 0)


async def test_an_address_that_a_crash_left_behind_is_brought_along_at_the_next_try(
    site: Site, visitor: str
) -> None:
    """Given a process that was killed between the cards and their addresses."""
    engine, other = site.engine, site.visitor()
    one, left = (engine.people.verify(token).id for token in (visitor, other))
    await site.scan(other, SPOT)
    assert (await site.ask("PUT", ADDRESS, other, json=HOME))[0] == 200
    await engine.log.link_cards(left, one, RALLY, "test")
    assert not await engine.link(left, one, RALLY, "test")
    assert (await site.ask("GET", ADDRESS, visitor))[1]["address"] == HOME
    await engine.addresses.keep(left, RALLY, Address(name="left by a crash"), engine.clock())
    assert (await site.ask("DELETE", ADDRESS, visitor))[0] == 204
    assert await rows(engine) == (0, 0), "deleting leaves none of them"


async def test_an_address_does_not_outlive_an_erasure_that_crosses_a_link(
    site: Site, visitor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, other = site.engine, site.visitor()
    one, left = (engine.people.verify(token).id for token in (visitor, other))
    await site.scan(other, SPOT)
    assert (await site.ask("PUT", ADDRESS, other, json=HOME))[0] == 200
    keep = engine.addresses.keep

    async def keep_late(*said: Any) -> None:
        await posting.erase_card(engine, one, RALLY)
        await keep(*said)

    monkeypatch.setattr(engine.addresses, "keep", keep_late)
    await engine.link(left, one, RALLY, "test")
    assert await rows(engine) == (0, 0)


@pytest.mark.parametrize("lost", [False, True], ids=["own", "master key lost"])
async def test_of_two_addresses_the_cards_own_stays_and_what_cannot_be_opened_goes(
    site: Site, visitor: str, tmp_path: Path, lost: bool
) -> None:
    engine = site.engine
    one, other = (engine.people.verify(token).id for token in (visitor, site.visitor()))
    await site.scan(engine.people.token(replace(engine.people.verify(visitor), id=other)), SPOT)
    for whose, name in ((one, "A"), (other, "B")):
        await engine.addresses.keep(whose, RALLY, Address(name=name), engine.clock())
    key = tmp_path / "master.key"
    if lost:
        key.rename(tmp_path / "aside")
    await engine.link(other, one, RALLY, "test")
    if lost:
        (tmp_path / "aside").rename(key)
    assert await rows(engine) == (1, 1)
    assert (await engine.addresses.read(one, RALLY)).address == Address(name="A")


async def test_addresses_go_by_themselves_half_a_year_after_the_rally(
    site: Site, visitor: str, tokyo: Plan
) -> None:
    engine = site.engine
    assert (await site.ask("PUT", ADDRESS, visitor, json=HOME))[0] == 200
    await engine.addresses.erase_rallies(engine.expired())
    assert await rows(engine) == (1, 1)
    site.clock.now += tokyo.last_day + KEPT - site.clock.now.date()
    assert engine.expired() == []
    site.clock.now += timedelta(days=1)
    await engine.addresses.erase_rallies(engine.expired())
    assert await rows(engine) == (0, 0)


# --- the master key -----------------------------------------------------------------------------


async def test_two_processes_share_the_key_and_a_lost_one_is_said(
    site: Site, visitor: str, open_another: OpenEngine, tmp_path: Path
) -> None:
    path = tmp_path / "master.key"
    assert (path.exists(), await site.engine.addresses.trouble()) == (False, None)
    assert (await site.ask("PUT", ADDRESS, visitor, json=HOME))[0] == 200
    one = site.engine.people.verify(visitor).id
    other = await open_another()
    assert (await other.addresses.read(one, RALLY)).address == Address(**HOME)
    path.rename(tmp_path / "elsewhere.key")
    with structlog.testing.capture_logs() as logged:
        status, problem = await site.ask("GET", ADDRESS, visitor)
    assert (status, problem["code"]) == (503, "addresses_unavailable")
    assert f"{path} is missing" in str(logged)
    assert f"{path} is missing" in str(await other.addresses.trouble()), "said at every start"
    assert str(path) not in str(problem), "that is for the operator"
    assert not path.exists(), "another one would be of no use"
    assert "A box" in await Phone(site, visitor).get(f"/r/{RALLY}"), "the card is shown"
    status, page = await Phone(site, visitor).post(**HOME)
    assert (status, HOME["street"] in page) == (503, True), "what was typed is still there"
    assert (await Phone(site, visitor).post(f"/r/{RALLY}/my-data", do="forget"))[0] == 303
    assert await rows(site.engine) == (0, 0)


async def test_another_master_key_opens_nothing_and_is_named(
    site: Site, visitor: str, tmp_path: Path
) -> None:
    assert (await site.ask("PUT", ADDRESS, visitor, json=HOME))[0] == 200
    right = MasterKeyFile(tmp_path / "master.key").read()
    (tmp_path / "master.key").rename(tmp_path / "old.key")
    wrong = MasterKeyFile(tmp_path / "master.key").make()
    with pytest.raises(AddressesUnavailable) as refused:
        await site.engine.addresses.read(site.engine.people.verify(visitor).id, RALLY)
    assert right.id.hex() in str(refused.value)
    assert wrong.id.hex() in str(refused.value)
    assert right.secret.hex() not in str(refused.value)
    assert await site.engine.addresses.trouble() == str(refused.value)


async def test_a_new_master_key_takes_over_while_the_service_runs(
    site: Site, visitor: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (await site.ask("PUT", ADDRESS, visitor, json=HOME))[0] == 200
    path, old = tmp_path / "master.key", tmp_path / "old.key"
    path.rename(old)
    before = MasterKeyFile(old).read()
    for count in (1, 0):
        await keys.run(Namespace(what="master", name=str(old)), site.engine.config)
        assert f"anew: {count}." in capsys.readouterr().out
    assert MasterKeyFile(path).read().id != before.id
    assert (await site.ask("GET", ADDRESS, visitor))[1]["address"] == HOME
    old.unlink()
    assert (await site.ask("GET", ADDRESS, visitor))[1]["address"] == HOME


def test_the_command_names_what_is_wrong_with_a_key(tmp_path: Path) -> None:
    MasterKeyFile(tmp_path / "master.key").make()
    for old, said in (("none.key", "There is no file"), ("master.key", "the present master key")):
        done = meguri("keys", "master", str(tmp_path / old), data=tmp_path)
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr


# --- the API ------------------------------------------------------------------------------------


async def test_a_prize_by_post_is_entered_with_an_address_only(site: Site, visitor: str) -> None:
    status, problem = await site.ask("POST", ENTRIES, visitor)
    assert (status, problem["code"]) == (409, "address_missing")
    assert (await site.ask("PUT", f"{ADDRESS}/draft", visitor, json=HOME))[0] == 204
    assert (await site.ask("POST", ENTRIES, visitor))[1]["code"] == "address_missing"
    assert (await site.ask("PUT", ADDRESS, visitor, json=HOME))[0] == 200
    assert (await site.ask("POST", ENTRIES, visitor))[0] == 201
    others = f"/api/rallies/{RALLY}/prizes/badge/entries"
    assert (await site.ask("DELETE", ADDRESS, visitor))[0] == 204
    assert (await site.ask("POST", others, visitor))[0] == 201, "needs none"
    assert (await site.ask("POST", ENTRIES, visitor))[0] == 201, "the entry stays"


async def test_address_and_draft_are_kept_side_by_side(site: Site, visitor: str) -> None:
    draft = {"postcode": "15", "name": "花"}
    assert (await site.ask("GET", ADDRESS, visitor))[1] == {"address": None, "draft": None}
    messy = {**HOME, "postcode": "〒１００−０００５", "name": " 郵便　花子 ", "lines": "x"}
    status, kept = await site.ask("PUT", ADDRESS, visitor, json=messy)
    assert (status, kept) == (200, {"address": HOME, "draft": None})
    assert (await site.ask("PUT", f"{ADDRESS}/draft", visitor, json=draft))[0] == 204
    assert (await site.ask("GET", ADDRESS, visitor))[1] == {"address": HOME, "draft": draft}
    assert (await site.ask("PUT", ADDRESS, visitor, json=HOME))[0] == 200
    assert (await site.ask("GET", ADDRESS, visitor))[1] == {"address": HOME, "draft": None}
    other = site.visitor()
    assert (await site.ask("GET", ADDRESS, other))[1] == {"address": None, "draft": None}


@pytest.mark.parametrize(
    ("change", "status", "code", "fields"),
    [
        ({"name": " "}, 422, "address_invalid", {"name": "missing"}),
        ({"postcode": "1"}, 422, "address_invalid", {"postcode": "postcode"}),
        (
            {"where": "abroad"},
            422,
            "address_invalid",
            {"country": "missing", "lines": "missing"},
        ),
        ({"name": "x" * 101}, 400, "body_invalid", None),
        ({"name": "\ud800"}, 400, "body_not_json", None),
        ({"planet": "Mars"}, 400, "body_invalid", None),
        ({"where": "moon"}, 400, "body_invalid", None),
    ],
)
async def test_a_wrong_address_is_refused_field_by_field(
    site: Site, visitor: str, change: dict[str, str], status: int, code: str, fields: object
) -> None:
    got, problem = await site.ask("PUT", ADDRESS, visitor, json={**HOME, **change})
    assert (got, problem["code"], problem.get("fields")) == (status, code, fields)
    assert await rows(site.engine) == (0, 0)


async def test_nobody_is_asked_for_an_address_without_need(site: Site, visitor: str) -> None:
    early = site.visitor()
    for path in (ADDRESS, f"{ADDRESS}/draft"):
        status, problem = await site.ask("PUT", path, early, json=HOME)
        assert (status, problem["code"]) == (409, "prize_not_reached")
        assert (await site.ask("PUT", path, json=HOME))[0] == 401
        assert (await site.ask("PUT", path, site.organiser(), json=HOME))[0] == 403
    assert (await site.ask("PUT", "/api/rallies/none/address", visitor, json=HOME))[0] == 404
    assert await rows(site.engine) == (0, 0)


@pytest.mark.parametrize(
    ("typed", "towns"),
    [("1000005", ["丸の内"]), ("〒１００-０００５", ["丸の内"]), ("4980000", ["", ""])],
)
async def test_a_postcode_is_looked_up(site: Site, typed: str, towns: list[str]) -> None:
    async with site.session.get(f"/api/postcodes/{typed}") as answer:
        assert answer.status == 200
        assert "max-age" in answer.headers["Cache-Control"]
        assert [place["town"] for place in (await answer.json())["places"]] == towns


@pytest.mark.parametrize("typed", ["9999999", "12", "abc", "1' OR 1=1"])
async def test_a_postcode_that_is_in_no_list_is_said_so(site: Site, typed: str) -> None:
    status, problem = await site.ask("GET", f"/api/postcodes/{typed}")
    assert (status, problem["code"]) == (404, "postcode_unknown")


async def test_who_asks_for_all_postcodes_waits(site: Site) -> None:
    answers = [(await site.ask("GET", f"/api/postcodes/{n:07d}"))[0] for n in range(310)]
    assert answers.count(429) == 10


# --- the form -----------------------------------------------------------------------------------


async def test_the_form_enters_and_the_card_shows_it_masked(site: Site, visitor: str) -> None:
    phone = Phone(site, visitor)
    assert f'href="{FORM}"' in await phone.get(f"/r/{RALLY}")
    assert await phone.post(f"/r/{RALLY}/prizes/box/enter") == (303, FORM)
    assert await phone.post(**HOME) == (303, f"/r/{RALLY}#prize-box")
    assert await site.facts("PrizeEntered") == 1
    card = await phone.get(f"/r/{RALLY}")
    assert "〒100-00xx 千代田区… 郵便…" in card
    assert HOME["street"] not in card
    assert HOME["street"] in await phone.get(FORM)
    assert (await phone.post(**HOME | {"street": "別町1"}))[0] == 303
    assert "別町1" in await phone.get(FORM)
    assert await site.facts("PrizeEntered") == 1


async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    site: Site, visitor: str
) -> None:
    phone = Phone(site, visitor)
    status, page = await phone.post(**HOME | {"postcode": "12", "name": ""})
    assert status == 422
    first = re.search(r"<input[^>]*autofocus[^>]*>", page)
    assert first
    assert 'id="postcode"' in first[0]
    assert "postcode-fault" in first[0]
    assert page.count('class="fault"') == page.count('aria-invalid="true"') == 2
    for again in (page, await phone.get(FORM)):
        assert HOME["street"] in again
        assert 'value="12"' in again
    assert await site.facts("PrizeEntered") == 0


async def test_a_refused_entry_says_why_and_keeps_what_was_typed(site: Site, visitor: str) -> None:
    phone = Phone(site, visitor)
    tea, rice = (f"/r/{RALLY}/prizes/{prize}/address" for prize in ("tea", "rice"))
    assert (await phone.post(tea, **HOME))[0] == 303
    status, page = await phone.post(rice, **HOME | {"street": "別町1"})
    assert (status, "You chose another one" in page, "別町1" in page) == (409, True, True)
    kept = (await site.ask("GET", ADDRESS, visitor))[1]
    assert (kept["address"], kept["draft"]["street"]) == (HOME, "別町1")
    assert await site.facts("PrizeEntered") == 1


async def test_an_automatic_prize_asks_for_the_address_alone(site: Site, visitor: str) -> None:
    phone, path = Phone(site, visitor), f"/r/{RALLY}/prizes/all/address"
    assert "nothing can be sent to you" in await phone.get(f"/r/{RALLY}")
    assert await phone.post(path, **HOME) == (303, f"/r/{RALLY}#prize-all")
    assert await site.facts("PrizeEntered") == 0


async def test_the_form_looks_up_without_scripts(site: Site, visitor: str) -> None:
    phone = Phone(site, visitor)
    _, page = await phone.post(do="look", postcode="１００－０００５", name="花子")
    assert 'value="千代田区"' in page
    assert 'value="丸の内"' in page
    assert 'value="花子"' in page
    _, page = await phone.post(do="look", postcode="4980000", street="丸の内")
    assert re.findall(r'name="take" value="\d">([^<]+)<', page) == [
        "愛知県弥富市",
        "三重県桑名郡木曽岬町",
    ]
    _, page = await phone.post(take="1", postcode="4980000", street="丸の内")
    assert 'value="桑名郡木曽岬町"' in page
    assert "丸の内" not in page, "a town of another postcode"
    _, page = await phone.post(do="look", postcode="1000005", street="大手町1-2")
    assert 'value="大手町1-2"' in page
    for take in ("9", "-1", "x", "²", "9" * 5_000):
        assert (await phone.post(take=take, postcode="4980000"))[0] == 200
    _, page = await phone.post(do="look", postcode="9999999", city="どこか")
    assert "not in our list" in page
    assert 'value="どこか"' in await phone.get(FORM)
    assert (await phone.post(**HOME | {"postcode": "9999999"}))[0] == 303, "it never blocks"


async def test_an_address_abroad_needs_no_postcode(site: Site, visitor: str) -> None:
    abroad = {"where": "abroad", "country": "France", "lines": "1 rue\r\nParis", "name": "Zoé"}
    assert (await Phone(site, visitor).post(**abroad))[0] == 303
    kept = (await site.ask("GET", ADDRESS, visitor))[1]["address"]
    assert kept == {**abroad, "lines": "1 rue\nParis"}


async def test_only_the_address_is_deleted_and_the_entry_stays(site: Site, visitor: str) -> None:
    phone = Phone(site, visitor)
    await phone.post(**HOME)
    status, where = await phone.post(do="delete")
    assert (status, where) == (303, f"{FORM}?deleted")
    assert "Your address is deleted." in await phone.get(where)
    card = await phone.get(f"/r/{RALLY}")
    assert "You take part in the draw." in card
    assert "nothing can be sent to you" in card
    assert await rows(site.engine) == (0, 0)
    assert await site.facts("VisitorErased") == 0


async def test_a_form_that_is_nobodys_or_leads_nowhere(site: Site, visitor: str) -> None:
    assert "no card on this phone" in await Phone(site, "").get(FORM)
    page = await Phone(site, site.visitor()).get(FORM)
    assert "not been reached" in page
    assert 'name="postcode"' not in page
    for prize in ("badge", "none"):
        async with site.session.get(f"/r/{RALLY}/prizes/{prize}/address") as answer:
            assert answer.status == 404

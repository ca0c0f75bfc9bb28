"""Keys are changed by a command, in every process, and never shown."""

from argparse import Namespace
from base64 import b64encode
from typing import Any

import pytest
from support import LINE, RALLY, OpenEngine, Site

from service.commands import keys as command
from service.config import Config
from service.failures import TokenInvalid

ORGANISERS = f"/api/rallies/{RALLY}/completion"
CARD = f"/api/rallies/{RALLY}/card"


async def run(database: str, what: str, **more: Any) -> None:
    await command.run(
        Namespace(**{"what": what, "name": None} | more), Config(database_url=database)
    )


async def test_who_works_on_rallies_signs_in_again_and_visitors_keep_their_cards(
    site: Site, database: str
) -> None:
    organiser, staff, visitor = site.organiser(), site.staff(LINE[0]), site.visitor()
    assert (await site.scan(visitor, LINE[0]))[0] == 201
    assert (await site.ask("GET", ORGANISERS, organiser))[0] == 200
    await run(database, "tokens", now=True)
    await site.engine.refresh()  # as it does each second
    for token in (organiser, staff):
        status, problem = await site.ask("GET", f"/api/rallies/{RALLY}/footfall", token)
        assert (status, problem["code"]) == (401, "token_invalid")
    assert (await site.ask("GET", CARD, visitor))[1]["stamps"] == 1
    assert (await site.scan(visitor, LINE[1]))[0] == 201
    assert (await site.ask("GET", ORGANISERS, site.organiser()))[0] == 200


async def test_a_new_key_for_sign_ins_leaves_those_there_are(site: Site, database: str) -> None:
    before = site.engine.keyring.newest_people_key
    organiser, visitor = site.organiser(), site.visitor()
    await run(database, "tokens", now=False)
    await site.engine.refresh()
    assert site.engine.keyring.newest_people_key.id > before.id
    assert (await site.ask("GET", ORGANISERS, organiser))[0] == 200
    assert (await site.scan(visitor, LINE[0]))[0] == 201


async def test_posters_that_are_out_stay_good(site: Site, database: str) -> None:
    before, poster = site.engine.keyring.newest_code_key(RALLY), site.code(LINE[0])
    await run(database, "codes", name=RALLY)
    await site.engine.refresh()
    after = site.engine.keyring.newest_code_key(RALLY)
    assert before is not None
    assert after is not None
    assert after.id > before.id
    assert site.code(LINE[0]) != poster
    assert (await site.check_in(site.visitor(), poster))[0] == 201


async def test_keys_are_listed_and_never_shown(
    site: Site, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await run(database, "tokens", now=True)
    await run(database, "list")
    said = capsys.readouterr().out
    keyring = site.engine.keyring
    for line in ("sign-ins of visitors alone", "sign-ins of everybody", f"codes of {RALLY}"):
        assert line in said
    for key in (*keyring.people_keys, *keyring.code_keys(RALLY)):
        assert str(key.id) in said
        for shown in (key.secret.hex(), b64encode(key.secret).decode(), repr(key.secret)[2:-1]):
            assert shown not in said


async def test_another_process_believes_no_more_either(
    open_another: OpenEngine, site: Site, database: str
) -> None:
    other = await open_another()
    token = site.organiser()
    other.people.verify(token)
    await run(database, "tokens", now=True)
    await other.refresh()
    with pytest.raises(TokenInvalid):
        other.people.verify(token)

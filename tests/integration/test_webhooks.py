"""Webhooks: signed, told again until it is taken, every fact at least once and in order."""

import asyncio
import json
from argparse import Namespace
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from support import LINE, PLANS, RALLY, OpenEngine, Site, until

from service import webhooks
from service.commands import CommandError
from service.commands import webhooks as command
from service.config import Config
from service.webhooks import AGAIN_S_MAX, KINDS, wait_after


class Receiver:
    """A program of somebody else's. `answers` are the statuses of the next answers, then 204;
    `lost`: so many answers get lost after the message was taken."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[int] = []
        self.lost = 0
        self.messages: list[tuple[dict[str, str], bytes]] = []

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.messages.append((dict(request.headers), body))
        if self.lost:
            self.lost -= 1
            assert request.transport is not None
            request.transport.close()
        return web.Response(status=self.answers.pop(0) if self.answers else 204)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for _, body in self.messages for event in json.loads(body)]

    @property
    def places(self) -> list[str]:
        return [f"{event['bucket']}-{event['position']}" for event in self.events]


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    app = web.Application()
    runner = web.AppRunner(app, handler_cancellation=False)
    one = Receiver("")
    app.router.add_post("/hook", one.take)
    app.router.add_post("/elsewhere", _moved)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    one.url = f"http://{host}:{port}/hook"
    yield one
    await runner.cleanup()


async def _moved(_: web.Request) -> web.Response:
    raise web.HTTPTemporaryRedirect("/hook")


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as one:
        yield one


SECRET = bytes(range(32))


async def hooked(site: Site, url: str, *kinds: str, from_start: bool = False) -> Any:
    named = kinds or tuple(KINDS)
    return await webhooks.add(
        site.engine.pool,
        RALLY,
        url,
        named,
        SECRET,
        "test",
        site.clock(),
        from_start=from_start,
    )


async def still(site: Site) -> None:
    """The service tells nobody anything: the test does."""
    task = site.engine.tasks["webhooks"]
    task.cancel()
    await asyncio.wait([task])


async def tell(site: Site, session: aiohttp.ClientSession) -> None:
    """Tell what there is, until there is nothing more that anybody takes."""
    while await webhooks.tell_all(site.engine.pool, session, site.clock()):
        pass


async def visits(site: Site) -> list[str]:
    rows = await site.engine.pool.fetch(
        "SELECT bucket, position FROM events WHERE type = 'VisitRecorded' ORDER BY 1, 2"
    )
    return [f"{row['bucket']}-{row['position']}" for row in rows]


async def state(site: Site) -> webhooks.Webhook:
    (one,) = await webhooks.read(site.engine.pool)
    return one


def verified(headers: dict[str, str], body: bytes, secret: bytes) -> bool:
    """As the other side checks it: by the script of docs/webhooks.md."""
    page = (PLANS.parent / "docs" / "webhooks.md").read_text(encoding="utf-8")
    script: dict[str, Any] = {}
    exec(page.split("```python\n")[1].split("```")[0], script)  # noqa: S102 - our own page
    return bool(script["genuine"](headers, body, f"whsec_{b64encode(secret).decode()}\n"))


async def test_the_running_service_tells_visits_and_prizes_as_they_come(
    site: Site, receiver: Receiver
) -> None:
    await hooked(site, receiver.url)
    token = site.visitor()
    for spot in LINE:
        assert (await site.scan(token, spot))[0] == 201
    path = f"/api/rallies/{RALLY}/prizes/local-products/entries"
    await site.says_where(token)
    assert (await site.ask("POST", path, token))[0] in (200, 201)

    async def told() -> bool:
        return {"VisitRecorded", "PrizeEntered"} <= {event["type"] for event in receiver.events}

    await until(told)
    assert {event["source"] for event in receiver.events} == {f"/rallies/{RALLY}"}
    spots = [each["data"]["spot"] for each in receiver.events if each["type"] == "VisitRecorded"]
    assert spots == list(LINE)
    for headers, body in receiver.messages:
        assert headers["Content-Type"] == webhooks.BATCH
        assert verified(headers, body, SECRET)
        assert not verified(headers, body + b" ", SECRET)


async def test_what_is_not_taken_is_told_again_later_and_later(
    site: Site, receiver: Receiver, session: aiohttp.ClientSession
) -> None:
    await still(site)
    await hooked(site, receiver.url, "visits")
    await site.scan(site.visitor(), LINE[0])
    receiver.answers = [500, 302, 404]
    for failures in (1, 2, 3):
        await tell(site, session)
        one = await state(site)
        assert (one.failures, len(receiver.messages)) == (failures, failures)
        assert one.error == f"HTTP {[500, 302, 404][failures - 1]}"
        assert one.due_at == site.clock() + wait_after(failures)
        await tell(site, session)  # it is not due yet
        assert len(receiver.messages) == failures
        site.clock.now = one.due_at
    await tell(site, session)
    assert (await state(site)).failures == 0
    assert set(receiver.places) == set(await visits(site))
    assert len(receiver.messages) == 4
    await tell(site, session)
    assert len(receiver.messages) == 4


async def test_a_lost_answer_tells_the_same_ids_again(
    site: Site, receiver: Receiver, session: aiohttp.ClientSession
) -> None:
    await still(site)
    await hooked(site, receiver.url)
    token = site.visitor()
    await site.scan(token, LINE[0])
    receiver.lost = 1
    await tell(site, session)
    await site.scan(token, LINE[1])
    site.clock.forward(hours=1)
    await tell(site, session)
    first, *both = receiver.places
    assert both[0] == first
    assert both == await visits(site)
    ids = [event["id"] for event in receiver.events]
    assert (ids[0] == ids[1], len(set(ids))) == (True, 2)


async def test_many_facts_come_once_each_and_in_order_when_all_is_well(
    site: Site,
    receiver: Receiver,
    session: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await still(site)
    monkeypatch.setattr(webhooks, "STRETCH", 7)
    for _ in range(10):
        token = site.visitor()
        for spot in LINE:
            await site.scan(token, spot)
    await hooked(site, receiver.url, "visits", from_start=True)
    await hooked(site, receiver.url.replace("hook", "elsewhere"), "visits", from_start=True)
    await asyncio.gather(*(tell(site, session) for _ in range(3)))  # as of three processes
    assert sorted(receiver.places) == sorted(await visits(site))
    for bucket in {name.split("-")[0] for name in receiver.places}:
        positions = [int(name.split("-")[1]) for name in receiver.places if name[0] == bucket]
        assert all(one < other for one, other in pairwise(positions))
    assert all(len(json.loads(body)) <= 7 for _, body in receiver.messages)
    (elsewhere,) = [one for one in await webhooks.read(site.engine.pool) if "elsewhere" in one.url]
    assert elsewhere.error == "HTTP 307"  # never sent on: nobody but the operator names addresses


async def test_only_what_was_asked_for_of_the_own_rally_from_now_on(
    site: Site, receiver: Receiver, session: aiohttp.ClientSession
) -> None:
    await still(site)
    token = site.visitor()
    await site.scan(token, LINE[0])
    await hooked(site, receiver.url, "prizes")
    for spot in LINE[1:]:
        await site.scan(token, spot)
    await site.says_where(token)
    await site.ask("POST", f"/api/rallies/{RALLY}/prizes/local-products/entries", token)
    await tell(site, session)
    assert [event["type"] for event in receiver.events] == ["PrizeEntered"]
    assert (await state(site)).behind == 0


async def test_nobody_there_is_said_and_the_service_goes_on(
    site: Site, session: aiohttp.ClientSession
) -> None:
    await hooked(site, "http://127.0.0.1:9/hook")
    assert (await site.scan(site.visitor(), LINE[0]))[0] == 201

    async def failed() -> bool:
        return (await state(site)).failures > 0

    await until(failed)
    assert not site.engine.tasks["webhooks"].done()
    async with site.session.get("/metrics") as answer:
        told = await answer.text()
    assert "meguri_webhooks_failing" in told


def test_waits_grow_to_an_hour_and_stay_there() -> None:
    waits = [wait_after(failures).total_seconds() for failures in range(1, 40)]
    assert waits[:4] == [5, 10, 20, 40]
    assert waits[-1] == AGAIN_S_MAX
    assert all(one <= other for one, other in pairwise(waits))


async def run(database: str, what: str, *whom: object, **more: Any) -> None:
    args = {"what": what, "whom": [str(each) for each in whom], "send": None, "from_start": False}
    args |= {"secret_file": None, **more}
    await command.run(Namespace(**args), Config(database_url=database))


async def test_the_operator_adds_tests_renews_and_removes(
    site: Site,
    database: str,
    receiver: Receiver,
    session: aiohttp.ClientSession,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await still(site)
    old, new = tmp_path / "old", tmp_path / "new"
    await run(database, "list")
    assert "Nobody is told anything." in capsys.readouterr().out
    await run(database, "add", RALLY, receiver.url, secret_file=old)
    assert old.stat().st_mode & 0o077 == 0
    one = await state(site)
    assert one.kinds == list(KINDS)
    said = capsys.readouterr().out
    assert str(one.id) in said
    assert old.read_text().strip() not in said
    await run(database, "test", one.id)
    await run(database, "renew", one.id, secret_file=new)
    await run(database, "test", one.id)
    secrets = [b64decode(file.read_text().strip().removeprefix("whsec_")) for file in (old, new)]
    (first, body), (second, _) = receiver.messages
    assert [verified(first, body, each) for each in secrets] == [True, False]
    assert [verified(second, body, each) for each in secrets] == [True, True]
    receiver.answers = [503]
    with pytest.raises(CommandError, match="did not take it: HTTP 503"):
        await run(database, "test", one.id)
    await run(database, "remove", one.id)
    assert await webhooks.read(site.engine.pool) == []


@pytest.mark.parametrize("url", ["http://example.org/hook", "ftp://example.org", "example.org"])
async def test_addresses_that_are_not_private_are_not_taken(
    engine: Any, database: str, tmp_path: Path, url: str
) -> None:
    with pytest.raises(CommandError, match="https://"):
        await run(database, "add", RALLY, url, secret_file=tmp_path / "s")


@pytest.mark.parametrize(("text", "why"), [("whsec_!", "no secret"), ("whsec_YWJj", "3 bytes")])
async def test_a_file_that_holds_no_secret_is_said(
    engine: Any, database: str, tmp_path: Path, text: str, why: str
) -> None:
    file = tmp_path / "s"
    file.write_text(text)
    with pytest.raises(CommandError, match=why):
        await run(database, "add", RALLY, "https://example.org", secret_file=file)


@pytest.mark.parametrize("what", ["test", "renew", "remove"])
async def test_an_unknown_one_is_said(
    open_another: OpenEngine, database: str, tmp_path: Path, what: str
) -> None:
    with pytest.raises(CommandError, match="There is no webhook"):
        await run(database, what, uuid4(), secret_file=tmp_path / "s")

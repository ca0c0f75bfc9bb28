"""The log of a service that everything was done with, right and wrong, names nobody.

Things are broken on purpose: Postgres quotes whole rows in its errors, parsers what they were given.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import asyncpg
import msgspec
import pytest_asyncio
from support import PLANS, RALLY, until
from test_addresses import HOME, posted
from test_bad_input import flipped

from domain.plan import Plan
from domain.rally import open_rally
from qr.codes import sign
from service.config import Config
from service.engine import Engine, open_engine
from service.invitations import Invited, invite
from service.sign_in import Role

GINZA, YURAKUCHO = "nagano-ginza", "hokkaido-yurakucho"
ADDRESS = "203.0.113.77"
MARK = "z3bra"
"""Stands wherever a client may write what it likes."""
BROKEN = """
ALTER TABLE addresses ADD CONSTRAINT broken CHECK (false) NOT VALID;
ALTER TABLE signs_of_life ADD CONSTRAINT broken CHECK (false) NOT VALID;
ALTER TABLE completion ADD CONSTRAINT broken CHECK (false) NOT VALID;
"""
PATIENCE_S = 60


class Driven:
    """A service as a process, its log in a file, and all that must not be in it."""

    def __init__(self, url: str, log: Path, engine: Engine, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.log = log
        self.engine = engine
        self.session = session
        self.secrets = {ADDRESS, MARK, *HOME.values()} - {"東京都", "千代田区"}
        self.statuses: set[int] = set()

    def token(self, role: Role, *who: str) -> str:
        """A token of somebody new."""
        person, token = self.engine.people.new(role, datetime.now(UTC), *who)
        self.secrets |= {str(person.id), person.id.hex, token, token.split(".")[1]}
        return token

    def code(self, spot: str) -> str:
        """The code of a spot."""
        key = self.engine.keyring.newest_code_key(RALLY)
        assert key is not None
        self.secrets.add(sign(key, spot))
        return sign(key, spot)

    async def ask(self, method: str, path: str, token: str | None = None, **how: Any) -> int:
        """Ask as a phone does that says all that it could say."""
        headers = {"X-Forwarded-For": ADDRESS, "User-Agent": MARK, "Cookie": f"other={MARK}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        async with self.session.request(method, path, headers=headers, **how) as answer:
            await answer.read()
        self.statuses.add(answer.status)
        return answer.status

    async def scan(self, token: str, code: str, **more: Any) -> int:
        """Check in."""
        scan_id = str(uuid4())
        self.secrets.add(scan_id)
        return await self.ask(
            "POST", "/api/check-ins", token, json={"code": code, "scan_id": scan_id, **more}
        )

    async def raw(self, text: str) -> None:
        """Send what no browser sends."""
        parts = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(text.encode())
        async with asyncio.timeout(PATIENCE_S):
            await reader.read(1_000)
        writer.close()

    async def break_(self, statements: str) -> None:
        """Do to the database what only its owner can."""
        connection = await asyncpg.connect(self.engine.config.database_url)
        try:
            await connection.execute(statements)
        finally:
            await connection.close()

    def lines(self) -> list[dict[str, Any]]:
        """The log, as it is now."""
        text = self.log.read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def said(self, event: str) -> bool:
        """Whether the log tells of an event."""
        return any(line["event"] == event for line in self.lines())


@pytest_asyncio.fixture
async def driven(database: str, tokyo: Plan, tmp_path: Path) -> AsyncIterator[Driven]:
    """With the rally and its prizes by post open today."""
    log, today = tmp_path / "log", datetime.now(UTC).date()
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service", "serve", "--port", "0"),
            *("--database", database, "--data", str(tmp_path), "--log-level", "debug"),
            stdout=asyncio.subprocess.PIPE,
            stderr=output,
            cwd=PLANS.parent,
            env={**os.environ, "MEGURI_BEHIND_PROXY": "true"},
        )
    assert process.stdout is not None
    try:
        async with open_engine(Config(database_url=database, data=tmp_path)) as engine:
            plan = msgspec.structs.replace(posted(tokyo), first_day=today, last_day=today)
            rally = await engine.plan(plan, "test")
            await engine.change(
                RALLY, lambda known, _: open_rally(known, rally.course.starts, "test")
            )
            async with asyncio.timeout(PATIENCE_S):
                url = (await process.stdout.readline()).decode().split(" on ")[1].split()[0]
            async with aiohttp.ClientSession(url) as session:
                yield Driven(url, log, engine, session)
    finally:
        process.terminate()
        async with asyncio.timeout(PATIENCE_S):
            await process.wait()


async def visitors_come(driven: Driven) -> str:
    """Stamps, refusals, a batch, forged codes, bad tokens and bodies, lost people."""
    visitor = driven.token(Role.VISITOR)
    assert await driven.scan(visitor, driven.code(YURAKUCHO)) == 201
    assert await driven.scan(visitor, driven.code(YURAKUCHO)) == 200
    for code in (flipped(driven.code(GINZA), 20), MARK, f"https://{MARK}.example/s/{MARK}"):
        assert await driven.scan(visitor, code, answer=MARK) == 422
    await driven.scan(visitor + MARK, driven.code(GINZA))
    batch = {"scans": [{"code": driven.code(GINZA), "scan_id": str(uuid4())}] * 3}
    assert await driven.ask("POST", "/api/check-ins/batch", visitor, json=batch) == 200
    for body in (f'{{"code": "{MARK}"', f'{{"{MARK}": 1}}', "\udcff" * 3):
        data = body.encode(errors="surrogateescape")
        await driven.ask("POST", "/api/check-ins", visitor, data=data)
    for path in (
        f"/s/{driven.code(GINZA)}",
        f"/{MARK}?{MARK}={visitor}",
        f"/r/{MARK}",
        f"/move/{MARK}",
    ):
        await driven.ask("GET", path, visitor)
    for wrong in (
        "GET /s/%s HTTP/9.9\r\n\r\n",
        "%s\r\n\r\n",
        "GET / HTTP/1.1\r\n%s\r\nCookie: \x00%s\r\n\r\n",
    ):
        await driven.raw(wrong.replace("%s", MARK))
    return visitor


async def winners_and_staff_come(driven: Driven, visitor: str) -> str:
    """Addresses, right and wrong; invitations, sign-ins that fail, a device."""
    address = f"/api/rallies/{RALLY}/address"
    assert await driven.ask("PUT", address, visitor, json=HOME) in (200, 201, 204)
    for field in HOME:
        await driven.ask("PUT", address, visitor, json={**HOME, field: MARK * 300})
    assert await driven.ask("POST", f"/api/rallies/{RALLY}/prizes/box/entries", visitor) < 300
    invited = Invited(Role.STAFF, RALLY, (GINZA,), f"Sato {MARK}")
    link = await invite(driven.engine.pool, invited, "test", datetime.now(UTC))
    driven.secrets.add(link.path.rpartition("/")[2])
    assert await driven.ask("POST", link.path, allow_redirects=False) == 303
    await driven.ask("POST", link.path)
    await driven.ask("POST", "/sign-in", data={"token": MARK})
    await driven.ask("POST", "/api/sign-in", json={"id": MARK, "credential": {"rawId": MARK}})
    staff = driven.token(Role.STAFF, RALLY, GINZA)
    await driven.ask("GET", f"/r/{RALLY}/spots/{GINZA}?{MARK}", staff)
    await driven.ask("GET", f"/r/{RALLY}/people", driven.token(Role.ORGANISER, RALLY))
    return staff


async def all_breaks(driven: Driven, visitor: str, staff: str) -> None:
    """Rows that Postgres does not take, a projection that stands still, connections that are cut,
    a table that is gone."""
    await driven.break_(BROKEN)
    assert await driven.ask("PUT", f"/api/rallies/{RALLY}/address", visitor, json=HOME) == 500
    beat = {"clock": datetime.now(UTC).isoformat(), "unsent": 1}
    await driven.ask("POST", "/api/devices/beat", staff, json=beat)
    assert await driven.scan(driven.token(Role.VISITOR), driven.code(GINZA)) == 201
    await until(lambda: _true(driven, "projection_stopped"), PATIENCE_S)
    await driven.break_("ALTER TABLE cards ADD CONSTRAINT broken CHECK (false) NOT VALID")
    assert await driven.scan(driven.token(Role.VISITOR), driven.code(GINZA)) == 500
    await driven.break_("ALTER TABLE people RENAME TO gone")
    await until(lambda: _true(driven, "refresh_failed"), PATIENCE_S)
    await driven.break_(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await until(lambda: _true(driven, "signals_lost"), PATIENCE_S)


async def _true(driven: Driven, event: str) -> bool:
    return driven.said(event)


async def test_the_log_of_everything_names_nobody(driven: Driven) -> None:
    visitor = await visitors_come(driven)
    staff = await winners_and_staff_come(driven, visitor)
    await all_breaks(driven, visitor, staff)

    text = driven.log.read_text()
    for secret in driven.secrets:
        assert secret not in text, secret
        assert json.dumps(secret)[1:-1] not in text, secret

    assert {200, 201, 303, 400, 401, 404, 422, 500} <= driven.statuses
    events = {line["event"] for line in driven.lines()}
    assert {
        *("starting", "request_malformed", "request_failed", "item_failed", "failure"),
        *("projection_stopped", "refresh_failed", "signals_lost"),
    } <= events
    traced = [line["exception"] for line in driven.lines() if "exception" in line]
    assert any("CheckViolationError (broken), SQLSTATE 23514" in each for each in traced)
    assert all("service/" in each for each in traced), "where it came up is told"

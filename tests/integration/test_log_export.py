"""The log for its owner: every fact once, in order, with nothing of who somebody is."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import msgspec
import pytest
from support import LINE, RALLY, Site

from service.api import log as serving
from service.commands import CommandError
from service.commands import log as command
from service.eventlog import export as exporting
from service.eventlog import exported
from service.eventlog.export import CloudEvent
from service.eventlog.rows import to_fact

LOG = f"/api/rallies/{RALLY}/log.jsonl"


async def lived(site: Site) -> None:
    """A rally with some facts of several kinds, and another rally."""
    tokens = [site.visitor() for _ in range(6)]
    for token in tokens:
        for spot in LINE:
            assert (await site.scan(token, spot))[0] == 201
        site.clock.forward(minutes=5)
    await site.says_where(tokens[0])
    await site.ask("POST", f"/api/rallies/{RALLY}/prizes/local-products/entries", tokens[0])
    await site.ask("DELETE", f"/api/rallies/{RALLY}/card", tokens[5])
    plan = site.engine.rallies.known(RALLY).plan
    other = msgspec.structs.replace(plan, rally="another", prizes=[], sheets=[])
    await site.engine.plan(other, "test")


async def lines(site: Site) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {site.organiser()}"}
    async with site.session.get(LOG, headers=headers) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/x-ndjson"
        return [json.loads(line) for line in (await answer.text()).splitlines()]


async def test_every_fact_of_the_rally_is_there_once_and_in_order(site: Site) -> None:
    await lived(site)
    events = await lines(site)
    count = await site.engine.pool.fetchval("SELECT count(*) FROM events WHERE rally = $1", RALLY)
    places = [tuple(map(int, event["id"].split("-"))) for event in events]
    assert len(events) == count > 30
    assert all(one < other for one, other in pairwise(places))
    assert {event["source"] for event in events} == {f"/rallies/{RALLY}"}
    assert {event["specversion"] for event in events} == {"1.0"}
    assert {"RallyPlanned", "VisitRecorded", "PrizeEntered", "VisitorErased"} <= {
        event["type"] for event in events
    }
    assert all(datetime.fromisoformat(event["time"]).tzinfo for event in events)


async def test_a_line_says_all_that_the_log_has(site: Site) -> None:
    """What is read of the lines is what is read of the log: facts can be made of them again."""
    await lived(site)
    rows = await site.engine.pool.fetch(
        "SELECT bucket, events.*, type::text AS type FROM events WHERE rally = $1 "
        "ORDER BY bucket, position",
        RALLY,
    )
    kept = [to_fact({**row, "type": row["type"]}) for row in rows]
    assert [to_fact(as_row(event)) for event in await lines(site)] == kept


def as_row(event: dict[str, Any]) -> dict[str, Any]:
    """A row of the log, of a line."""
    envelope = msgspec.convert(event, CloudEvent)
    said = dict(envelope.data)
    more = said.pop("data", None)
    columns = dict.fromkeys(
        ("visitor", "spot", "period", "firsts", "scan_id", "language", "evidence")
    )
    for name in ("visitor", "scan_id"):
        if name in said:
            said[name] = UUID(said[name])
    return {
        **columns,
        **said,
        "position": int(envelope.id.split("-")[1]),
        "type": envelope.type,
        "version": envelope.factversion,
        "rally": envelope.source.removeprefix("/rallies/"),
        "occurred_at": datetime.fromisoformat(envelope.time),
        "recorded_at": datetime.fromisoformat(envelope.recordedat),
        "data": json.dumps(more) if more is not None else None,
    }


async def test_it_is_read_in_stretches(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the log is, so much of it is in memory; progress is told for all of it."""
    await lived(site)
    whole = await lines(site)
    monkeypatch.setattr(exporting, "STRETCH", 3)
    passed: list[int] = []
    pieces = []
    async with site.engine.own_connection() as connection:
        async for piece in exported(connection, RALLY, passed.append):
            pieces.append(piece)
            assert piece.count(b"\n") <= 3
    assert [json.loads(line) for piece in pieces for line in piece.splitlines()] == whole
    assert sum(passed) == await site.engine.log.size()


async def test_half_a_log_is_not_taken_for_a_whole_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a database that goes away in the midst; then the answer breaks off, and does not end."""

    async def breaking(*_: Any) -> AsyncIterator[bytes]:
        yield b'{"id":"0-1"}\n'
        raise RuntimeError

    monkeypatch.setattr(serving, "exported", breaking)
    with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError)):
        await lines(site)


async def test_the_command_writes_the_same(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await lived(site)
    out = tmp_path / "log.jsonl"
    await command._export(site.engine, RALLY, out)
    assert [json.loads(line) for line in out.read_text().splitlines()] == await lines(site)
    assert "facts of tokyo-antenna-shops" in capsys.readouterr().out
    with pytest.raises(CommandError, match="There is no rally moon"):
        await command._export(site.engine, "moon", out)
    with pytest.raises(CommandError, match="cannot be written"):
        await command._export(site.engine, RALLY, tmp_path)


async def test_the_log_is_the_organisers_alone(site: Site) -> None:
    assert (await site.ask("GET", LOG))[0] == 401
    for token in (site.visitor(), site.staff(LINE[0])):
        assert (await site.ask("GET", LOG, token))[0] == 403


async def test_nobody_is_named(site: Site) -> None:
    """Where a prize is sent to is kept elsewhere: nothing of an address is in the log."""
    await lived(site)
    text = json.dumps(await lines(site), ensure_ascii=False)
    assert "Zoé" not in text
    assert "1 rue" not in text

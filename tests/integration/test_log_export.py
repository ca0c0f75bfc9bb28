"""The log for its owner: every fact once, in order, with nothing of who somebody is."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from support import LINE, RALLY, Site

from domain.rally import close_rally
from service.api import log as serving
from service.commands import CommandError
from service.commands.log_moves import write_log
from service.engine import of_known
from service.eventlog import export as exporting
from service.eventlog import exported
from service.eventlog.lines import event_of
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
    places = [(event["bucket"], event["position"]) for event in events]
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
    line = event_of(json.dumps(event))
    return line.row()._asdict() | {"position": line.position, "recorded_at": line.recordedat}


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
    await write_log(site.engine, RALLY, out)
    assert [json.loads(line) for line in out.read_text().splitlines()] == await lines(site)
    assert "facts of tokyo-antenna-shops" in capsys.readouterr().out
    with pytest.raises(CommandError, match="There is no rally moon"):
        await write_log(site.engine, "moon", out)
    with pytest.raises(CommandError, match="cannot be written"):
        await write_log(site.engine, RALLY, tmp_path)


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


async def test_a_file_is_gone_on_with_where_its_last_whole_line_ends(
    site: Site, tmp_path: Path
) -> None:
    """Given a file that was torn in the midst of a line; then it is as if written at once."""
    await lived(site)
    out, whole = tmp_path / "log.jsonl", tmp_path / "whole.jsonl"
    for name in (RALLY, None):
        out.unlink(missing_ok=True)
        await write_log(site.engine, name, out)
        first = out.read_bytes()
        out.write_bytes(first[:-20])
        for spot in LINE:
            await site.scan(site.visitor(), spot)
        await write_log(site.engine, name, out)
        whole.unlink(missing_ok=True)
        await write_log(site.engine, name, whole)
        assert sorted(out.read_bytes().splitlines()) == sorted(whole.read_bytes().splitlines())
        assert out.read_bytes().startswith(first[: first[:-20].rindex(b"\n") + 1])


async def test_a_file_of_something_else_is_left_alone(site: Site, tmp_path: Path) -> None:
    await lived(site)
    out = tmp_path / "log.jsonl"
    for text, why in (
        ("a diary\n", "line 1: it is no line of a log"),
        (json.dumps({"type": "X", "log": "another", "source": "x"}) + "\n", "is of another log"),
    ):
        out.write_text(text)
        with pytest.raises(CommandError, match=why):
            await write_log(site.engine, RALLY, out)
        assert out.read_text() == text
    out.unlink()
    await site.engine.change(RALLY, of_known(close_rally, "test"))  # after the other rally's
    await write_log(site.engine, RALLY, out)
    with pytest.raises(CommandError, match="does not hold all of the log"):
        await write_log(site.engine, None, out)
    out.unlink()
    await write_log(site.engine, None, out)
    with pytest.raises(CommandError, match="holds other rallies, too"):
        await write_log(site.engine, RALLY, out)

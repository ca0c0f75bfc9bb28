"""What the operator is told: figures for Prometheus, and what is ill with what to do about it."""

import asyncio
from datetime import time
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support import RALLY, Site, as_owner

from domain.plan import Plan
from domain.rally import close_rally
from service import people, readiness
from service.sign_in import Person, Role

GINZA = "nagano-ginza"
TOKEN = "k3y-of-the-watch-tower"


async def figures(site: Site) -> dict[str, float]:
    """All samples, by name and labels as they are written."""
    async with site.session.get("/metrics") as answer:
        assert answer.status == 200, await answer.text()
        text = await answer.text()
    return {
        f"{each.name}{''.join(f' {label}={value}' for label, value in sorted(each.labels.items()))}": each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


async def grown(site: Site, before: dict[str, float], name: str) -> float:
    """By how much a figure has grown."""
    return (await figures(site))[name] - before.get(name, 0.0)


async def troubles(site: Site) -> tuple[int, str, dict[str, dict[str, str]]]:
    """Status code, status and what is wrong by its code."""
    code, said = await site.ask("GET", "/readyz")
    return code, said["status"], {each["code"]: each for each in said["troubles"]}


async def with_hours(site: Site, plan: Plan) -> None:
    """Stamps from ten to eight; it is noon."""
    await site.engine.plan(msgspec.structs.replace(plan, opens=time(10), closes=time(20)), "test")


async def test_scans_refusals_batches_and_requests_are_counted(site: Site) -> None:
    before, visitor = await figures(site), site.visitor()
    assert (await site.scan(visitor, GINZA))[0] == 201
    assert (await site.scan(visitor, GINZA))[0] == 200
    assert (await site.check_in(visitor, "NOT A CODE"))[0] == 422
    after = await figures(site)
    grew = {name: value - before.get(name, 0.0) for name, value in after.items()}
    assert grew["meguri_check_ins_total outcome=stamped"] == 1
    assert grew["meguri_check_ins_total outcome=already_stamped"] == 1
    assert grew["meguri_check_ins_total outcome=code_not_ours"] == 1
    assert grew["meguri_check_in_seconds_count"] == 2, "what is not genuine is not waited for"
    assert grew["meguri_batch_scans_sum"] == grew["meguri_check_in_seconds_count"]
    asked = "meguri_http_request_seconds_count method=POST route=/api/check-ins status="
    assert (grew[f"{asked}2xx"], grew[f"{asked}4xx"]) == (2, 1)
    assert after["meguri_check_ins_waiting bucket=1"] == 0
    assert after["meguri_check_ins_waiting_max bucket=1"] == site.engine.config.waiting_max
    used, free = (after[f"meguri_pool_connections state={each}"] for each in ("used", "free"))
    assert used + free == site.engine.config.connections_max
    assert after["meguri_log_facts"] == await site.engine.log.size()
    assert after["meguri_database_bytes"] > 1_000_000


async def test_routes_are_told_by_their_pattern_and_failures_by_their_code(site: Site) -> None:
    before = await figures(site)
    for path in (f"/s/{site.code(GINZA)}", "/s/whatever", "/nowhere/at/all?token=x"):
        async with site.session.get(path) as answer:
            await answer.read()
    seconds = "meguri_http_request_seconds_count method"
    assert await grown(site, before, f"{seconds}=GET route=/s/{{code}} status=2xx") >= 1
    assert await grown(site, before, f"{seconds}=* route=/{{anything:.*}} status=4xx") == 1
    assert await grown(site, before, "meguri_failures_total code=not_found") == 1
    names = "\n".join(await figures(site))
    assert site.code(GINZA) not in names
    assert "nowhere/at" not in names


async def test_who_watches_is_counted_and_is_no_slow_request(site: Site) -> None:
    path = f"/r/{RALLY}/signage/live"

    async def timed() -> dict[str, float]:
        return {name: n for name, n in (await figures(site)).items() if "signage/live" in name}

    before = await timed()
    async with site.session.get(path) as stream:
        await stream.content.readline()
        assert (await figures(site))["meguri_live_watchers"] == 1
    assert await timed() == before


async def test_devices_that_fall_silent_in_opening_hours_are_told(site: Site, tokyo: Plan) -> None:
    """Outside of them, and long after, nobody is woken for a tablet that was put away."""
    await with_hours(site, tokyo)
    for number in range(2):
        person = Person(
            role=Role.STAFF,
            id=UUID(int=number + 1),
            since=site.clock(),
            rally=RALLY,
            spots=(GINZA,),
        )
        await people.add(site.engine.pool, person, f"tablet {number}", "test", joined=True)
    token = site.engine.people.token(person)
    beat = {"clock": site.clock().isoformat(), "unsent": 7}
    assert (await site.ask("POST", "/api/devices/beat", token, json=beat))[0] == 200

    async def states() -> tuple[float, float, float]:
        found = await figures(site)
        assert found["meguri_unsent_scans"] == 7
        about, silent, away = (
            found[f"meguri_devices state={each}"] for each in ("about", "silent", "away")
        )
        return about, silent, away

    assert await states() == (1, 0, 1)
    site.clock.forward(minutes=6)
    assert await states() == (0, 1, 1)
    site.clock.forward(hours=9)  # in the evening, when no stamps are given
    assert await states() == (0, 0, 0)
    site.clock.forward(days=3, hours=15)
    assert await states() == (0, 0, 2)


async def test_a_rally_is_open_in_its_hours_only(site: Site, tokyo: Plan) -> None:
    await with_hours(site, tokyo)
    assert (await figures(site))["meguri_rallies_open"] == 1
    await site.engine.rehearse(RALLY, "test")
    assert (await figures(site))["meguri_rallies_open"] == 1, "a rehearsal gives no stamps"
    site.clock.forward(hours=9)
    assert (await figures(site))["meguri_rallies_open"] == 0
    site.clock.forward(hours=15)
    assert (await figures(site))["meguri_rallies_open"] == 1
    await site.engine.change(RALLY, lambda rally, now: close_rally(rally, now, "test"))
    assert (await figures(site))["meguri_rallies_open"] == 0


async def test_figures_are_for_the_operator_alone(site: Site, tmp_path: Path) -> None:
    """Given that strangers come through a proxy; Prometheus shows the token that a file holds."""
    proxied = {"X-Forwarded-For": "127.0.0.1"}
    assert (await site.ask("GET", "/metrics", headers=proxied))[0] == 403
    assert await site.ask("GET", "/readyz", headers=proxied) == (200, {"status": "ready"})
    assert (await site.ask("GET", "/metrics", TOKEN, headers=proxied))[0] == 403
    file = tmp_path / "metrics.token"
    site.engine.config = msgspec.structs.replace(site.engine.config, metrics_token_file=file)
    for token, content, expected in (
        (TOKEN, None, 403),  # the file is missing
        (TOKEN, f"{TOKEN}\n", 200),
        ("another", f"{TOKEN}\n", 403),
        (site.organiser(), f"{TOKEN}\n", 403),
        ("", "", 403),
        ("short", "short", 403),
    ):
        if content is not None:
            file.write_text(content)
        headers = {**proxied, "Authorization": f"Bearer {token}"}
        async with site.session.get("/metrics", headers=headers) as answer:
            assert answer.status == expected, (token, content)


async def test_readyz_names_what_is_ill_and_says_what_to_do(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given one thing after the other that goes wrong; check-ins go on but for the last."""
    assert await troubles(site) == (200, "ready", {})
    site.engine.addresses._key_file.path.write_text("no key\n")
    site.engine.addresses._key_file.path.chmod(0o600)
    await as_owner(
        site.engine,
        "INSERT INTO migrations (number, name, checksum) VALUES (9999, 'of a later release', '')",
    )
    monkeypatch.setattr(readiness, "DISK_BYTES_MIN", 2**62)
    site.engine.config = msgspec.structs.replace(site.engine.config, database_url=None)
    code, status, wrong = await troubles(site)
    assert (code, status) == (200, "impaired")
    assert set(wrong) == {"master_key_unreadable", "database_newer", "disk_low"}
    assert "hexadecimal" in wrong["master_key_unreadable"]["what"]
    assert "9999" in wrong["database_newer"]["what"]
    assert all(each["do"] for each in wrong.values())
    assert (await site.scan(site.visitor(), GINZA))[0] == 201
    told = await figures(site)
    assert {
        name for name, value in told.items() if name.startswith("meguri_trouble ") and value
    } == {f"meguri_trouble code={each}" for each in wrong}
    assert told["meguri_disk_free_bytes"] > 0

    site.engine.tasks["follower"].cancel()
    await asyncio.gather(site.engine.tasks["follower"], return_exceptions=True)
    code, status, wrong = await troubles(site)
    assert (code, status, wrong["task_stopped"]["what"]) == (503, "ill", "follower")
    assert (await figures(site))["meguri_task_stopped task=follower"] == 1


async def test_a_database_that_does_not_answer_leaves_the_other_figures(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.scan(site.visitor(), GINZA)

    async def silent(*_: object, **__: object) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(type(site.engine.pool), "fetch", silent)
    code, status, wrong = await troubles(site)
    assert (code, status) == (503, "ill")
    assert wrong["database_silent"]["what"].endswith("(Connection refused)")
    told = await figures(site)
    assert told["meguri_trouble code=database_silent"] == 1
    assert told["meguri_check_ins_total outcome=stamped"] >= 1
    assert "meguri_log_facts" not in told

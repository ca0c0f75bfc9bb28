"""What must hold while processes disagree, databases restart and strangers post."""

import asyncio
import gzip
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import msgspec
import pytest
from support import NOON, RALLY, OpenEngine, Site, as_owner, until
from test_log import scan

from domain.encoding import spot_tag
from domain.mistakes import mistakes
from domain.plan import Plan, Spot
from domain.rally import close_rally, open_rally
from domain.refusals import Refusal
from domain.rules import Answer
from service.engine import Engine, running

GINZA = "nagano-ginza"


async def test_a_spot_added_in_another_process_is_known_to_the_very_next_batch(
    engine: Engine, open_another: OpenEngine, tokyo: Plan
) -> None:
    """Given a process with yesterday's plan; its batch sees the new spot under the lock."""
    other = await open_another()
    late = Spot("late-shop", {"ja": "新しい店"}, "ginza")
    await other.plan(msgspec.structs.replace(tokyo, spots=[*tokyo.spots, late]), "test")
    assert "late-shop" not in engine.rallies.get(RALLY).course.spots
    visitor = uuid4()
    one = scan(engine, visitor, "late-shop")
    assert one.spot_tag == spot_tag("late-shop")
    [outcome] = await engine.log.commit(engine.log.bucket_of(visitor), [one])
    assert isinstance(outcome, Answer)
    assert outcome.outcome == "stamped"


async def test_a_rally_planned_in_another_process_is_known_by_its_first_code(
    site: Site, open_another: OpenEngine, tokyo: Plan
) -> None:
    other = await open_another()
    await other.plan(msgspec.structs.replace(tokyo, rally="next-round"), "test")
    await other.change("next-round", lambda rally, _: open_rally(rally, OPENED, "test"))
    site.engine, site.rally = other, "next-round"  # its codes; the site's process serves
    status, answer = await site.scan(site.visitor(), GINZA)
    assert (status, answer["rally"]) == (201, "next-round")


OPENED = datetime(2026, 1, 7, 15, 0, tzinfo=UTC)


async def test_an_overtaken_refresh_does_not_bring_back_the_old_state(engine: Engine) -> None:
    """Given a refresh that has read before a change and finishes after it."""

    class Slow:
        async def fetch(self, query: str, *args: object) -> list[object]:
            rows: list[object] = await engine.pool.fetch(query, 0)
            await engine.change(RALLY, lambda rally, now: close_rally(rally, now, "test"))
            return rows

    await engine.rallies.refresh(Slow())
    assert engine.rallies.get(RALLY).status == "closed"


async def test_the_same_scan_id_in_two_rallies_is_two_scans(site: Site, tokyo: Plan) -> None:
    await site.engine.plan(msgspec.structs.replace(tokyo, rally="next-round"), "test")
    await site.engine.change("next-round", lambda rally, _: open_rally(rally, OPENED, "test"))
    visitor, scan_id = site.visitor(), uuid4()
    assert (await site.scan(visitor, GINZA, scan_id))[0] == 201
    site.rally = "next-round"
    assert (await site.scan(visitor, GINZA, scan_id))[0] == 201


async def test_a_forgotten_refusal_may_come_again(engine: Engine) -> None:
    """Given more refusals than a card remembers, over days; the oldest id is asked again."""
    visitor = uuid4()
    bucket = engine.log.bucket_of(visitor)
    old = NOON - timedelta(days=9)
    first = msgspec.structs.replace(scan(engine, visitor, GINZA), scanned_at=old)
    for day in range(2):
        engine.log.clock.now = NOON + timedelta(days=2 * day)  # type: ignore[attr-defined]
        others = [scan(engine, visitor, GINZA) for _ in range(20)]
        scans = [first] * (day == 0) + [
            msgspec.structs.replace(one, scanned_at=old) for one in others
        ]
        await engine.log.commit(bucket, scans)
    [outcome] = await engine.log.commit(bucket, [first])
    assert isinstance(outcome, Refusal)


async def test_everything_goes_on_after_the_database_has_dropped_all_connections(
    site: Site,
) -> None:
    """Given backends that die in the midst of work, again and again."""
    for _ in range(5):
        jobs = [asyncio.create_task(site.scan(site.visitor(), GINZA)) for _ in range(40)]
        await asyncio.sleep(0.01)
        await as_owner(
            site.engine,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        for status, answer in await asyncio.gather(*jobs):
            assert status == 201 or (status, answer["code"]) == (503, "unavailable")
    assert (await site.scan(site.visitor(), GINZA))[0] == 201

    async def well_again() -> bool:
        _, ready = await site.ask("GET", "/readyz")
        lags = ready.get("lag", {}).values()
        return ready["status"] == "ready" and not any(lag["facts"] for lag in lags)

    await until(well_again)


async def test_a_task_that_has_ended_makes_the_process_ill(engine: Engine) -> None:
    async with running(engine):
        follower = engine.tasks["follower"]
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
        assert [name for name, task in engine.tasks.items() if task.done()] == ["follower"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({}, 201),
    ],
)
async def test_another_sites_page_cannot_write(
    site: Site, headers: dict[str, str], status: int
) -> None:
    async with site.session.post("/api/visitors", data=b"{}", headers=headers) as answer:
        assert answer.status == status
        assert ("Set-Cookie" in answer.headers) == (status == 201)


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1999-12-31T23:59:59Z"]
)
async def test_a_time_out_of_the_calendar_is_a_wrong_field(site: Site, at: str) -> None:
    status, problem = await site.scan(site.visitor(), GINZA, scanned_at=at)
    assert (status, problem["code"]) == (400, "body_invalid")


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "9999-12-31", "2026-13-01", "x"])
async def test_a_day_out_of_the_calendar_is_a_wrong_parameter(site: Site, day: str) -> None:
    for path in (
        f"/api/rallies/{RALLY}/footfall?from={day}",
        f"/r/{RALLY}/spots/{GINZA}?day={day}",
    ):
        status, problem = await site.ask(
            "GET", path, site.organiser(), cookies={"meguri_staff": site.organiser()}
        )
        assert (status, problem["code"]) == (400, "query_invalid")


BAD_FORMS = {
    "not UTF-8": ("application/x-www-form-urlencoded", b"scan_id=%ff\xff"),
    "unknown charset": ("application/x-www-form-urlencoded; charset=klingon", b"a=b"),
    "no boundary": ("multipart/form-data", b"--x\r\n"),
    "cut": ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data"),
    "no name": ("multipart/form-data; boundary=x", b"--x\r\n\r\nhello\r\n--x--\r\n"),
}


@pytest.mark.parametrize("name", BAD_FORMS)
async def test_a_form_that_cannot_be_read_is_a_bad_request(site: Site, name: str) -> None:
    kind, body = BAD_FORMS[name]
    async with site.session.post(
        f"/s/{site.code(GINZA)}", data=body, headers={"Content-Type": kind}
    ) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (
            400,
            "body_invalid",
        )


async def test_a_body_that_is_not_what_it_says_it_is_is_a_bad_request(site: Site) -> None:
    for encoding, body in (("gzip", b"garbage"), ("gzip", gzip.compress(b"{}")[:-9])):
        async with site.session.post(
            "/api/check-ins",
            data=body,
            headers={
                "Authorization": f"Bearer {site.visitor()}",
                "Connection": "close",
                "Content-Encoding": encoding,
                "Content-Type": "application/json",
            },
        ) as answer:
            assert answer.status == 400


@pytest.mark.parametrize("zone", ["localtime", "posix/Asia/Tokyo", "Tokyo", "../etc/passwd", ""])
def test_a_time_zone_is_one_that_the_database_knows_too(tokyo: Plan, zone: str) -> None:
    wrong = msgspec.structs.replace(tokyo, time_zone=zone)
    assert ("time_zone",) in [mistake.path for mistake in mistakes(wrong)]


async def test_a_batch_shows_the_card_once(site: Site) -> None:
    spots = [spot.id for spot in site.engine.rallies.get(RALLY).plan.spots]
    scans = [{"code": site.code(spot), "scan_id": str(uuid4())} for spot in spots]
    _, answer = await site.ask(
        "POST", "/api/check-ins/batch", site.visitor(), json={"scans": scans}
    )
    assert not any("card" in each["body"] for each in answer["answers"])
    assert [card["stamps"] for card in answer["cards"]] == [len(spots) + 2 * 3]
    assert {prize for each in answer["answers"] for prize in each["body"]["earned"]} == {
        "local-products",
        "complete",
    }


@pytest.mark.parametrize("tail", ["", "/", "?lang=ja", "#top", "/?a=b"])
async def test_an_address_with_a_tail_still_holds_its_code(site: Site, tail: str) -> None:
    body = {"code": f" {site.url}/s/{site.code(GINZA)}{tail}\n", "scan_id": str(uuid4())}
    assert (await site.ask("POST", "/api/check-ins", site.visitor(), json=body))[0] == 201


async def test_a_refusal_is_the_same_to_the_letter_when_it_comes_again(site: Site) -> None:
    visitor, scan_id = site.visitor(), uuid4()
    old = "2026-01-02T10:00:00+09:00"
    first = await site.scan(visitor, GINZA, scan_id, scanned_at=old)
    assert first[1]["at"] == "2026-01-02T01:00:00Z"
    assert await site.scan(visitor, GINZA, scan_id, scanned_at=old) == first


async def test_a_script_is_slowed_down_and_a_crowd_behind_one_address_is_not(site: Site) -> None:
    """Given more genuine scans from one address than it may fail, each by a visitor of its own."""
    crowd = [site.scan(site.visitor(), GINZA) for _ in range(150)]
    assert {status for status, _ in await asyncio.gather(*crowd)} == {201}
    script = site.visitor()
    answers = [await site.scan(script, GINZA) for _ in range(40)]
    assert [status for status, _ in answers[:2]] == [201, 200]
    assert (answers[-1][0], answers[-1][1]["code"]) == (429, "too_many_requests")
    assert (await site.scan(site.visitor(), GINZA))[0] == 201


async def test_an_address_that_guesses_is_held_back(site: Site) -> None:
    guesses = []
    for _ in range(110):
        body = {"code": "0" * 37, "scan_id": str(uuid4())}
        guesses.append(await site.ask("POST", "/api/check-ins", site.visitor(), json=body))
    assert (guesses[0][0], guesses[-1][0]) == (422, 429)


async def test_a_full_queue_is_told_by_readyz_and_by_retry_after(
    open_another: OpenEngine, engine: Engine, clock: object
) -> None:
    from aiohttp import ClientSession

    from service.commands.serve import listening

    small = await open_another(waiting_max=1)
    async with listening(small) as url, ClientSession(url) as session:
        held = await small.pool.acquire()
        hold = held.transaction()
        await hold.start()
        await held.execute("SELECT FROM heads FOR UPDATE")
        tries = Site(small, clock, url, session)  # type: ignore[arg-type]
        jobs = [asyncio.create_task(tries.scan(tries.visitor(), GINZA)) for _ in range(60)]
        done, _ = await asyncio.wait(jobs, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        assert (status_code(done.pop())) == (503, "busy")
        async with session.get("/readyz") as ready:
            assert (ready.status, (await ready.json())["status"]) == (503, "busy")
        await hold.rollback()
        await small.pool.release(held)
        answers = [await job for job in jobs]
    outcomes = {status for status, _ in answers}
    assert outcomes == {201, 503}
    taken = sum(status == 201 for status, _ in answers)
    assert taken == await engine.pool.fetchval("SELECT count(*) FROM events WHERE bucket > 0")


def status_code(job: asyncio.Task[tuple[int, dict[str, str]]]) -> tuple[int, str]:
    status, problem = job.result()
    return status, problem["code"]

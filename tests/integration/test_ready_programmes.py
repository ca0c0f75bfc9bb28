"""Ready plans of programmes with staff, places and questions, from first scan to hand-over.

The rallies that visitors walk on their own are in `test_ready_plans.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio
import test_ready_plans
from support import PLANS, OpenEngine, SetClock, until
from test_master_rally import GRAND, NORTH, SOUTH
from test_ready_plans import Answer, Walk, ready, walking

from domain.encoding import paper_visitor
from qr.codes import sign_badge, sign_paper


@pytest_asyncio.fixture
async def walk(
    request: pytest.FixtureRequest, open_another: OpenEngine, clock: SetClock
) -> AsyncIterator[Walk]:
    """The plan that the test names."""
    async with walking(request.param, open_another, clock) as walk:
        yield walk


def badge(walk: Walk, token: str) -> str:
    """The badge of whoever has this token."""
    return sign_badge(walk.key, walk.who(token))


def strangers(walk: Walk, number: int) -> list[str]:
    """New visitors, as many in each bucket: what they do at once is done in several transactions."""
    log = walk.site.engine.log
    found: dict[int, list[str]] = {bucket: [] for bucket in range(1, log.visitor_buckets + 1)}
    assert number % len(found) == 0
    while min(map(len, found.values())) < number // len(found):
        token = walk.visitor()
        found[log.bucket_of(walk.who(token))].append(token)
    return [token for few in found.values() for token in few[: number // len(found)]]


async def at_once(walk: Walk, spot: str, scans: list[Coroutine[Any, Any, Answer]]) -> list[Answer]:
    """Make these scans with none of them decided before those of all buckets are under way: the
    count of the spot's places is held until a transaction of each waits for it."""
    engine = walk.site.engine

    async def all_wait() -> bool:
        waiting = await owner.fetchval(  # who sees what others wait for
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event IN ('transactionid', 'tuple')"
        )
        return bool(waiting == engine.log.visitor_buckets)

    owner = await asyncpg.connect(engine.config.database_url)
    async with engine.own_connection() as connection, connection.transaction():
        held = await connection.fetch(
            "SELECT FROM taken WHERE rally = $1 AND item = $2 FOR UPDATE",
            walk.plan.rally,
            f"spot:{spot}",
        )
        assert held, "there is no count yet to be held"
        tasks = [asyncio.create_task(scan) for scan in scans]
        await until(all_wait)
    await owner.close()
    return await asyncio.gather(*tasks)


def outcome(answer: Answer) -> str:
    """What came of a scan: stamped, visited, already_stamped, or why it was refused."""
    status, body = answer
    return str(body["code"] if status == 422 else body["outcome"])


async def footfall(walk: Walk) -> dict[str, tuple[int, int, int]]:
    """Visits, visitors and heads counted, of each spot that has any."""
    rows = (await walk.figures("footfall?by=day"))["rows"]
    return {row["spot"]: (row["visits"], row["visitors"], row["headcount"]) for row in rows}


# --- a quiz at home ------------------------------------------------------------------------------


def right_answers(walk: Walk) -> dict[str, str]:
    """An answer to each question."""
    return {spot.id: spot.question.answers[-1] for spot in walk.plan.spots if spot.question}


@ready("online-quiz-rally")
async def test_a_wrong_answer_tells_the_tries_left_and_counts_once_however_often_it_is_sent(
    walk: Walk,
) -> None:
    token = walk.visitor()
    assert await walk.refused(token, "largest") == "answer_missing"
    wrong = {"scan_id": str(uuid4()), "answer": "岩手"}
    first = await walk.scan(token, "largest", **wrong)
    assert (first[0], first[1]["code"], first[1]["left"]) == (422, "answer_wrong", 2)
    assert await walk.scan(token, "largest", **wrong) == first
    # Of one scan, the first answer stands.
    assert await walk.scan(token, "largest", **{**wrong, "answer": "北海道"}) == first
    for left in (1, 0):
        status, refused = await walk.scan(token, "largest", answer="Nagano")
        assert (status, refused["code"], refused["left"]) == (422, "answer_wrong", left)
    assert await walk.refused(token, "largest", answer="北海道") == "no_tries_left"
    assert await walk.scan(token, "largest", **wrong) == first
    assert await walk.site.facts("QuizAnswered") == 3
    assert (await walk.card(token))["stamps"] == 0
    # Other questions, and other visitors, have tries of their own.
    assert await walk.stamps(token, "summit", answer="3,776 m") == []
    assert await walk.stamps(walk.visitor(), "largest", answer=" hokkaido ") == []


@ready("online-quiz-rally")
async def test_a_choice_is_answered_by_its_number_and_has_fewer_tries(walk: Walk) -> None:
    token = walk.visitor()
    status, refused = await walk.scan(token, "on-a-stick", answer="1")
    assert (status, refused["code"], refused["left"]) == (422, "answer_wrong", 1)
    assert (
        await walk.stamps(token, "on-a-stick", answer="３") == []
    )  # as a Japanese keyboard has it
    status, refused = await walk.scan(token, "wajima", answer="2")
    assert (status, refused["code"], refused["left"]) == (422, "answer_wrong", 0)
    assert await walk.refused(token, "wajima", answer="1") == "no_tries_left"


@ready("online-quiz-rally")
async def test_the_answers_are_told_to_nobody(walk: Walk) -> None:
    token = walk.visitor()
    path = f"/api/rallies/{walk.plan.rally}"
    _, public = await walk.site.ask("GET", path, token)
    questions = [spot["question"] for spot in public["plan"]["spots"] if "question" in spot]
    assert [question["answers"] for question in questions] == [[]] * 8
    assert [len(question.get("choices", ())) for question in questions] == [0, 4, 4, 0, 3, 0, 0, 0]
    refused = [await walk.scan(token, spot, answer="?!x") for spot in right_answers(walk)]
    told = msgspec.json.encode([public, refused, await walk.card(token)]).decode()
    free = [
        spot.question for spot in walk.plan.spots if spot.question and not spot.question.choices
    ]
    assert [answer for each in free for answer in each.answers if answer in told] == []


@ready("online-quiz-rally")
async def test_five_right_answers_are_a_postcard_and_nobodys_footfall(walk: Walk) -> None:
    token, answers = walk.visitor(), right_answers(walk)
    earned = [await walk.stamps(token, spot, answer=answers[spot]) for spot in answers]
    assert earned == [[], [], [], [], ["postcard"], [], [], ["parcel"]]
    assert (await walk.figures("completion"))["visitors"] == 1
    assert await footfall(walk) == {}
    assert (await walk.figures("flow"))["moves"] == []
    assert await walk.enter(token, "parcel") == "entered"

    assert await walk.refused(token, "pick-up") == "spot_scans_badges"
    status, _ = await walk.scan_card("pick-up", badge(walk, token))
    assert status == 201
    assert await walk.hand_over(token, "postcard", "pick-up") == "given"
    assert await walk.hand_over(token, "postcard", "pick-up") == "already_handed_over"
    assert await footfall(walk) == {"pick-up": (1, 1, 0)}


@ready("online-quiz-rally")
async def test_a_stamp_from_staff_is_no_right_answer_until_it_is_answered(walk: Walk) -> None:
    token, answers = walk.visitor(), right_answers(walk)
    *four, fifth = list(answers)[:5]
    for spot in four:
        assert await walk.stamps(token, spot, answer=answers[spot]) == []
    assert outcome(await walk.scan_card(fifth, badge(walk, token))) == "stamped"
    assert (await walk.card(token))["stamps"] == 5
    assert await walk.hand_over(token, "postcard", "pick-up") == "prize_not_reached"
    _, answer = await walk.scan(token, fifth, answer=answers[fifth])
    assert (answer["outcome"], answer["earned"]) == ("already_stamped", ["postcard"])
    assert await walk.hand_over(token, "postcard", "pick-up") == "given"


# --- a fair --------------------------------------------------------------------------------------


@ready("timber-fair")
async def test_a_fair_counts_who_comes_back_and_gives_a_spoon_for_three_halls(walk: Walk) -> None:
    walk.at(0, 10)
    token = walk.visitor()
    await walk.stamps(token, "north-gate", "hall-houses", "hall-tools")
    walk.at(0, 10, 5)
    assert outcome(await walk.scan(token, "north-gate")) == "already_stamped"
    walk.at(0, 13)
    assert outcome(await walk.scan(token, "north-gate")) == "visited"
    assert await walk.stamps(token, "hall-forest") == ["spoon"]
    assert await walk.hand_over(token, "spoon", "hall-forest") == "given"
    assert (await footfall(walk))["north-gate"] == (2, 1, 0)


EXHIBITORS = ["yoshino-cedar", "hida-chairs", "miki-saws", "kilns", "charcoal"]


@ready("timber-fair")
async def test_exhibitors_scan_badges_and_five_talks_are_a_card_case(walk: Walk) -> None:
    walk.at(0, 10)
    token = walk.visitor()
    await walk.stamps(token, "south-gate", "hall-furniture")
    for spot in EXHIBITORS[:4]:
        assert await walk.refused(token, spot) == "spot_scans_badges"
        assert outcome(await walk.scan_card(spot, badge(walk, token))) == "stamped"
    assert outcome(await walk.scan_card(EXHIBITORS[0], badge(walk, token))) == "already_stamped"
    # A gate's staff may scan a badge too; that is no talk.
    assert outcome(await walk.scan_card("north-gate", badge(walk, token))) == "stamped"
    assert await walk.hand_over(token, "card-case", EXHIBITORS[0]) == "prize_not_reached"
    status, answer = await walk.scan_card(EXHIBITORS[4], badge(walk, token))
    assert (status, answer["earned"]) == (201, ["card-case"])
    assert await walk.hand_over(token, "card-case", EXHIBITORS[4]) == "given"
    counts = await footfall(walk)
    assert [counts[spot] for spot in EXHIBITORS] == [(1, 1, 0)] * 5


@ready("timber-fair")
async def test_a_paper_card_is_worth_what_a_phone_is(walk: Walk) -> None:
    walk.at(0, 10)
    paper = sign_paper(walk.key, 274)
    assert outcome(await walk.scan_card("north-gate", paper)) == "stamped"
    earned = []
    for spot in EXHIBITORS:
        status, answer = await walk.scan_card(spot, paper)
        assert (status, answer["outcome"]) == (201, "stamped")
        earned += answer["earned"]
    assert earned == ["card-case"]
    holder = paper_visitor(walk.plan.rally, 274)
    assert answer["card"]["visitor"] == str(holder)
    assert await walk.hand_over(holder, "card-case", "kilns") == "given"
    assert await walk.hand_over(holder, "card-case", "kilns") == "already_handed_over"
    other = paper_visitor(walk.plan.rally, 275)
    assert await walk.hand_over(other, "card-case", "kilns") == "prize_not_reached"


@ready("timber-fair")
async def test_only_staff_scan_badges_and_at_their_own_stand(walk: Walk) -> None:
    walk.at(0, 10)
    token = walk.visitor()
    code = badge(walk, token)
    body = {"code": code, "scan_id": str(uuid4()), "spot": "kilns"}
    for asker in (token, walk.site.staff("drones")):
        status, _ = await walk.site.ask("POST", "/api/badge-check-ins", asker, json=body)
        assert status == 403
    body = {"code": code, "scan_id": str(uuid4())}
    status, refused = await walk.site.ask("POST", "/api/check-ins", token, json=body)
    assert (status, refused["code"]) == (422, "badge_needs_staff")
    assert await walk.site.facts() == 0


# --- workshops -----------------------------------------------------------------------------------


async def void(walk: Walk, token: str, position: int) -> int:
    """The organiser voids a visit; returns the status."""
    body = {"visitor": str(walk.who(token)), "position": position, "reason": "left before it began"}
    return (await walk.organise("voids", **body))[0]


@ready("craft-workshops")
async def test_a_workshop_takes_nobody_too_early_or_too_late(walk: Walk) -> None:
    token = walk.visitor()
    for hour, minute, code, at in (
        (9, 59, "slot_not_started", "2026-11-21T01:00:00Z"),
        (11, 30, "slot_over", "2026-11-21T02:30:00Z"),
    ):
        walk.at(0, hour, minute)
        status, refused = await walk.scan(token, "sat-indigo")
        assert (status, refused["code"], refused["at"]) == (422, code, at)
    walk.at(0, 11, 29)
    assert outcome(await walk.scan(walk.visitor(), "sat-indigo")) == "stamped"
    assert await walk.refused(token, "sun-paper") == "slot_not_started"
    assert await walk.refused(token, "desk") == "spot_counted"


@ready("craft-workshops")
async def test_the_last_place_is_one_visitors_and_a_voided_visit_frees_its_place(
    walk: Walk,
) -> None:
    walk.at(0, 15)
    for _ in range(3):
        await walk.stamps(walk.visitor(), "sat-kumiko")
    rivals = strangers(walk, 6)
    scans = [walk.scan(token, "sat-kumiko") for token in rivals]
    answers = await at_once(walk, "sat-kumiko", scans)
    assert sorted(map(outcome, answers)) == ["spot_full"] * 5 + ["stamped"]
    first = [outcome(answer) for answer in answers].index("stamped")
    # Whoever has a place keeps it, however often the code is scanned.
    assert outcome(await walk.scan(rivals[first], "sat-kumiko")) == "already_stamped"
    assert (await footfall(walk))["sat-kumiko"] == (4, 4, 0)

    assert await void(walk, rivals[first], answers[first][1]["position"]) == 201
    assert await void(walk, rivals[first], answers[first][1]["position"]) == 201  # once is enough
    assert (await walk.card(rivals[first]))["stamps"] == 0
    scans = [walk.scan(token, "sat-kumiko") for token in strangers(walk, 2)]
    answers = await at_once(walk, "sat-kumiko", scans)
    assert sorted(map(outcome, answers)) == ["spot_full", "stamped"]
    assert (await footfall(walk))["sat-kumiko"] == (4, 4, 0)


@ready("craft-workshops")
async def test_chopsticks_run_out_for_the_day_and_then_for_good(walk: Walk) -> None:
    async def two_workshops(token: str, day: int, *spots: str) -> None:
        for hour, spot in zip((10, 13), spots, strict=True):
            walk.at(day, hour)
            earned = await walk.stamps(token, spot)
        assert earned == ["chopsticks"]

    saturday = [walk.visitor() for _ in range(9)]
    for token in saturday:
        await two_workshops(token, 0, "sat-indigo", "sat-gold-leaf")
    given = [await walk.hand_over(token, "chopsticks", "desk") for token in saturday]
    assert given == ["given"] * 8 + ["out_of_stock_today"]

    sunday = [saturday[-1], *(walk.visitor() for _ in range(4))]
    for token in sunday[1:]:
        await two_workshops(token, 1, "sun-paper", "sun-braid")
    given = [await walk.hand_over(token, "chopsticks", "desk") for token in sunday]
    assert given == ["given"] * 4 + ["out_of_stock"]
    assert await walk.hand_over(sunday[0], "chopsticks", "desk") == "already_handed_over"
    prizes = {each["prize"]: each for each in (await walk.figures("prizes"))["prizes"]}
    assert (prizes["chopsticks"]["handed_over"], prizes["chopsticks"]["left"]) == (12, 0)


@ready("craft-workshops")
async def test_a_workshop_on_each_day_enters_the_draw(walk: Walk) -> None:
    token = walk.visitor()
    for day, spot in enumerate(("sat-indigo", "sun-paper")):
        walk.at(day, 10)
        await walk.stamps(token, spot)
    assert await walk.enter(token, "tool-box") == "prize_not_reached"
    walk.at(2, 10)
    assert await walk.stamps(token, "mon-lacquer") == ["tool-box"]
    assert await walk.enter(token, "tool-box") == "entered"


# --- meetings ------------------------------------------------------------------------------------


@ready("business-meetings")
async def test_one_buyer_a_maker_and_one_maker_a_buyer_in_each_slot(walk: Walk) -> None:
    walk.at(0, 13)
    one, two = walk.visitor(), walk.visitor()

    async def meet(token: str, maker: str) -> Answer:
        return await walk.scan_card(maker, badge(walk, token))

    assert outcome(await meet(one, "noto-salt")) == "stamped"
    walk.at(0, 13, 5)
    assert outcome(await meet(two, "noto-salt")) == "spot_full"
    assert outcome(await meet(two, "morioka-iron")) == "stamped"
    walk.at(0, 13, 29)
    status, refused = await meet(one, "kirishima-tea")
    assert (status, refused["code"], refused["spot"]) == (422, "elsewhere_now", "noto-salt")
    assert outcome(await meet(one, "noto-salt")) == "already_stamped"
    assert await walk.refused(two, "shodo-olives") == "spot_scans_badges"

    walk.at(0, 13, 30)
    assert outcome(await meet(two, "noto-salt")) == "stamped"
    assert outcome(await meet(one, "morioka-iron")) == "stamped"
    walk.at(0, 14)
    status, answer = await meet(one, "sanriku-fish")
    assert (status, answer["earned"]) == (201, ["samples"])
    assert outcome(await meet(two, "noto-salt")) == "visited"  # they go on talking
    assert await walk.hand_over(one, "samples", "sanriku-fish") == "given"
    assert await walk.hand_over(two, "samples", "sanriku-fish") == "prize_not_reached"
    assert (await footfall(walk))["noto-salt"] == (3, 2, 0)


@ready("business-meetings")
async def test_of_two_at_once_one_is_taken(walk: Walk) -> None:
    walk.at(0, 15)
    buyers = strangers(walk, 4)
    table = [walk.scan_card("noto-salt", badge(walk, buyer)) for buyer in buyers]
    answers = list(map(outcome, await asyncio.gather(*table)))
    assert sorted(answers) == ["spot_full"] * 3 + ["stamped"]
    free = next(buyer for buyer, how in zip(buyers, answers, strict=True) if how == "spot_full")
    makers = ["sanriku-fish", "kirishima-tea", "morioka-iron", "shodo-olives"]
    hands = [walk.scan_card(maker, badge(walk, free)) for maker in makers]
    answers = list(map(outcome, await asyncio.gather(*hands)))
    assert sorted(answers) == ["elsewhere_now"] * 3 + ["stamped"]
    # Where two sit at a table, two buyers are taken.
    walk.at(0, 15, 30)
    table = [walk.scan_card("hasami-ware", badge(walk, buyer)) for buyer in buyers]
    answers = list(map(outcome, await asyncio.gather(*table)))
    assert sorted(answers) == ["spot_full"] * 2 + ["stamped"] * 2


@ready("business-meetings")
async def test_a_meeting_that_is_voided_frees_the_maker_and_the_buyer(walk: Walk) -> None:
    walk.at(1, 10)
    one, two = walk.visitor(), walk.visitor()
    _, answer = await walk.scan_card("noto-salt", badge(walk, one))
    assert outcome(await walk.scan_card("noto-salt", badge(walk, two))) == "spot_full"
    assert await void(walk, one, answer["position"]) == 201
    assert outcome(await walk.scan_card("noto-salt", badge(walk, two))) == "stamped"
    assert outcome(await walk.scan_card("kirishima-tea", badge(walk, one))) == "stamped"


# --- a meeting whose guests nobody knows ---------------------------------------------------------


async def count(
    walk: Walk, spot: str, heads: int, by: str | None = None, id_: UUID | None = None
) -> int:
    """Count guests at a spot; returns the status."""
    path = f"/api/rallies/{walk.plan.rally}/spots/{spot}/headcounts"
    body = {"count": heads, "headcount_id": str(id_ or uuid4())}
    return (await walk.site.ask("POST", path, by or walk.site.staff(spot), json=body))[0]


async def traces(walk: Walk) -> list[Any]:
    """Whatever the database remembers of any visitor."""
    pool = walk.site.engine.pool
    facts = await pool.fetch("SELECT type::text, data FROM events WHERE visitor IS NOT NULL")
    return [*map(tuple, facts), *map(tuple, await pool.fetch("SELECT rally FROM cards"))]


@ready("quiet-meeting")
async def test_guests_are_counted_and_nobody_is_known(walk: Walk) -> None:
    walk.at(0, 18, 30)
    id_ = uuid4()
    assert await count(walk, "circle", 1) == 201
    assert [await count(walk, "circle", 7, id_=id_) for _ in range(3)] == [201, 200, 200]
    assert await count(walk, "circle", -1) == 201  # one too many was pressed
    assert await count(walk, "newcomers", 2) == 201
    assert await footfall(walk) == {"circle": (0, 0, 7), "newcomers": (0, 0, 2)}
    walk.at(7, 18, 30)
    assert await count(walk, "circle", 5) == 201
    rows = (await walk.figures("footfall?by=day&spot=circle"))["rows"]
    assert [(row["start"][:10], row["headcount"], row["visitors"]) for row in rows] == [
        ("2026-10-01", 7, 0),
        ("2026-10-08", 5, 0),
    ]
    for asker in (walk.site.staff("newcomers"), walk.visitor()):
        assert await count(walk, "circle", 1, by=asker) == 403
    assert (await walk.figures("completion"))["visitors"] == 0
    assert await traces(walk) == []


@ready("quiet-meeting")
async def test_a_guest_who_scans_all_the_same_leaves_no_trace(walk: Walk) -> None:
    """Whatever the refusal is: in time, before the first evening, after the last, called off."""
    token = walk.visitor()
    walk.at(0, 18, 30)
    assert await walk.refused(token, "circle") == "spot_counted"
    assert outcome(await walk.scan_card("circle", badge(walk, token))) == "spot_counted"
    assert outcome(await walk.scan_card("circle", sign_paper(walk.key, 1))) == "spot_counted"
    early = {"scanned_at": (walk.site.clock().replace(hour=3)).isoformat()}
    walk.at(6, 12)
    await walk.refused(token, "circle", **early)  # it comes much too late
    walk.at(-1, 12)
    await walk.refused(token, "newcomers")
    walk.at(90, 12)
    await walk.refused(token, "family-room")
    walk.at(14, 12)
    await walk.organise("cancel", areas=["rooms"])
    await walk.refused(token, "circle")
    await walk.organise("cancel")
    await walk.refused(token, "circle")
    assert await traces(walk) == []
    assert (await walk.figures("refusals"))["rows"] == []


def test_every_ready_plan_has_its_walk() -> None:
    """Here, in test_ready_plans, or, of a master and its members, in test_master_rally."""
    tested = {GRAND, NORTH, SOUTH} | {
        mark.args[1][0]
        for test in [*vars(test_ready_plans).values(), *globals().values()]
        for mark in getattr(test, "pytestmark", [])
        if mark.args[:1] == ("walk",)
    }
    assert tested == {path.parent.name for path in PLANS.glob("*/plan.yaml")}

"""Facts as rows and back: whatever happened is read as it was written, also by a later release."""

import json
from datetime import UTC, date, datetime, time
from typing import Any, get_args

import pytest
from builders import names, plan
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.conditions import (
    AllOf,
    Always,
    AnyOf,
    Areas,
    InOrder,
    SpotsInArea,
    SpotsOf,
    WithEvidence,
)
from domain.events import (
    VERSIONS,
    CardLinked,
    CheckInRefused,
    CodeRevoked,
    Correction,
    DrawCommitted,
    DrawHeld,
    EntriesClosed,
    EntriesFixed,
    Fact,
    Given,
    HandOverReversed,
    HeadcountRecorded,
    OpenDataPublished,
    PrizeEntered,
    PrizeHandedOver,
    QuizAnswered,
    RallyCancelled,
    RallyClosed,
    RallyFrozen,
    RallyOpened,
    RallyPlanned,
    RallyReplanned,
    RallyThawed,
    SurveyAnswered,
    VisitConfirmed,
    VisitorErased,
    VisitRecorded,
    VisitReinstated,
    VisitsReviewed,
    VisitVoided,
    WinnerForfeited,
    Withdrawn,
)
from domain.plan import (
    Coupon,
    DayException,
    Draw,
    FirstCome,
    Near,
    OncePerInterval,
    OncePerRally,
    Place,
    Prize,
    Question,
    Spot,
    Tier,
)
from domain.refusals import Refusal, RefusalCode
from service.eventlog.rows import to_fact, to_row
from service.eventlog.versions import UPCASTS, VersionUnknown

# What Postgres keeps: text without NUL, moments to the microsecond.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
SPOT = st.none() | TEXT
PLANS = st.sampled_from(
    [
        plan(),
        plan(revisit=OncePerInterval(90), sheets=[], prizes=[], late_scan_hours_max=0),
        plan(
            revisit=OncePerRally(),
            summary={"ja": "\"歩く\" & 'walk'\n"},
            last_day=date(2199, 12, 31),
            spots=[
                Spot(
                    "a",
                    names() | {"zh-Hant": "站"},
                    "east",
                    stamps=0,
                    place=Place(35.0, -139.123456789),
                    address=names("銀座1-2"),
                    opens=time(9, 30),
                    closes=time(0, 0),
                    closed_days=names("月曜"),
                )
            ],
            sheets=[],
            prizes=[Prize("p", names(), plan().prizes[2].condition, FirstCome(3))],
        ),
        plan(
            carry_over=False,
            opens=time(9),
            closes=time(17, 30),
            exceptions=[
                DayException(date(2026, 1, 9), closes=time(21)),
                DayException(date(2026, 1, 10), closed=True, areas=["west"]),
            ],
            one_at_a_time=True,
            spots=[
                Spot("a", names(), "east", kind="rotating", capacity=3),
                Spot("b", names(), "west", after="a", clue=names()),
                Spot(
                    "c",
                    names(),
                    "west",
                    place=Place(35.0, 139.0),
                    kind="quiz",
                    near=Near(100, "staff"),
                    question=Question(["2"], names("どちら?"), [names("甲"), names("乙")], 2),
                    starts=datetime.fromisoformat("2026-01-09T10:30"),
                    ends=datetime.fromisoformat("2026-01-09T12:00"),
                ),
            ],
            sheets=[],
            prizes=[
                Prize("p", names(), AllOf([InOrder(["a", "b"]), Always()]), FirstCome(3, 1)),
                Prize("q", names(), WithEvidence(["badge"], Areas(2, 1)), Coupon(3, ["east"])),
                Prize(
                    "r",
                    names(),
                    AnyOf([SpotsInArea("east"), SpotsOf(["b"])]),
                    Draw(1, "one", [Tier(1, 2)], "c", True),
                ),
            ],
        ),
    ]
)
REFUSALS = st.builds(
    Refusal,
    st.sampled_from(RefusalCode),
    at=st.none() | MOMENTS,
    spot=st.none() | TEXT,
    metres=st.none() | st.integers(0, 10**6),
    left=st.none() | st.integers(0, 20),
)
ABOUT_A_RALLY = {"rally": TEXT, "occurred_at": MOMENTS, "by": TEXT}
ABOUT_A_SCAN = {
    "rally": TEXT,
    "visitor": st.uuids(),
    "spot": TEXT,
    "occurred_at": MOMENTS,
    "scan_id": st.uuids(),
    "language": TEXT,
    "evidence": TEXT,
}
PRIZES = st.lists(TEXT, max_size=2).map(tuple)
ABOUT_A_VOID = {
    **ABOUT_A_RALLY,
    "visitor": st.uuids(),
    "spot": TEXT,
    "period": st.integers(0, 2**31 - 1),
    "position": st.integers(1, 2**40),
    "visited_at": MOMENTS,
    "reason": TEXT,
    "corrections": st.lists(
        st.builds(
            Correction,
            st.integers(1, 2**40),
            st.integers(-1, 1),
            st.integers(0, 31),
            st.integers(0, 31),
            PRIZES,
            PRIZES,
        ),
        max_size=3,
    ).map(tuple),
}
ABOUT_A_PRIZE = {"rally": TEXT, "visitor": st.uuids(), "prize": TEXT, "occurred_at": MOMENTS}
ABOUT_A_HAND_OVER = {**ABOUT_A_PRIZE, "spot": SPOT, "by": TEXT, "hand_over_id": st.uuids()}

FIELDS: dict[type[Fact], dict[str, st.SearchStrategy[Any]]] = {
    VisitRecorded: {
        **ABOUT_A_SCAN,
        "period": st.integers(0, 2**31 - 1),
        "firsts": st.integers(0, 31),
        "earned": st.lists(TEXT, max_size=3).map(tuple),
        "late": st.booleans(),
        "unplaced": st.booleans(),
    },
    VisitConfirmed: {
        **ABOUT_A_SCAN,
        "period": st.integers(0, 2**31 - 1),
        "visit": st.integers(1, 2**40),
        "earned": st.lists(TEXT, max_size=3).map(tuple),
        "late": st.booleans(),
        "unplaced": st.booleans(),
    },
    VisitVoided: ABOUT_A_VOID,
    VisitReinstated: ABOUT_A_VOID,
    QuizAnswered: {
        **{name: how for name, how in ABOUT_A_SCAN.items() if name not in ("language", "evidence")},
        "left": st.integers(0, 20),
    },
    CheckInRefused: {**ABOUT_A_SCAN, "refusal": REFUSALS},
    HeadcountRecorded: {
        **ABOUT_A_RALLY,
        "spot": TEXT,
        "count": st.integers(-1_000, 1_000),
        "headcount_id": st.uuids(),
    },
    VisitorErased: {**ABOUT_A_RALLY, "visitor": st.uuids()},
    SurveyAnswered: {
        "rally": TEXT,
        "visitor": st.uuids(),
        "occurred_at": MOMENTS,
        "answers": st.dictionaries(TEXT, TEXT, max_size=3),
    },
    CardLinked: {
        **ABOUT_A_RALLY,
        "visitor": st.uuids(),
        "to": st.uuids(),
        "corrections": st.lists(
            st.builds(
                Withdrawn,
                st.integers(1, 2**40),
                st.integers(-1, 0),
                st.just(0),
                st.integers(0, 31),
                st.just(()),
                PRIZES,
                SPOT,
                st.integers(0, 2**31 - 1),
            ),
            max_size=3,
        ).map(tuple),
        "entered": PRIZES,
        "answers": st.dictionaries(TEXT, TEXT, max_size=2),
        "handed": st.lists(st.builds(Given, TEXT, MOMENTS), max_size=2).map(tuple),
    },
    PrizeEntered: ABOUT_A_PRIZE,
    PrizeHandedOver: ABOUT_A_HAND_OVER,
    HandOverReversed: {**ABOUT_A_HAND_OVER, "handed_over_at": st.none() | MOMENTS},
    RallyPlanned: {**ABOUT_A_RALLY, "plan": PLANS, "organisation": st.none() | TEXT},
    RallyReplanned: {**ABOUT_A_RALLY, "plan": PLANS},
    RallyOpened: ABOUT_A_RALLY,
    RallyClosed: ABOUT_A_RALLY,
    RallyCancelled: {**ABOUT_A_RALLY, "areas": st.lists(TEXT, max_size=3).map(tuple)},
    DrawCommitted: {**ABOUT_A_RALLY, "commitment": TEXT},
    EntriesClosed: ABOUT_A_RALLY,
    EntriesFixed: {**ABOUT_A_RALLY, "digest": TEXT, "entries": st.integers(0, 10**8)},
    DrawHeld: {
        **ABOUT_A_RALLY,
        "secret": TEXT,
        "public": TEXT,
        "about": TEXT,
        "winners": st.dictionaries(TEXT, st.lists(TEXT, max_size=3), max_size=3),
    },
    WinnerForfeited: {
        **ABOUT_A_RALLY,
        "prize": TEXT,
        "entry": TEXT,
        "next": st.none() | TEXT,
    },
    RallyFrozen: {
        **ABOUT_A_RALLY,
        "positions": st.lists(st.integers(0, 2**62), max_size=8).map(tuple),
    },
    RallyThawed: ABOUT_A_RALLY,
    VisitsReviewed: {
        **ABOUT_A_RALLY,
        "marked": st.integers(0, 10**8),
        "void": st.integers(0, 10**8),
    },
    OpenDataPublished: {**ABOUT_A_RALLY, "digest": TEXT, "licence": st.none() | TEXT},
    CodeRevoked: {**ABOUT_A_RALLY, "key_id": st.integers(1, 65_535), "spot": SPOT},
}
"""How to make a fact of each type, with every field named."""


def made(kind: type[Fact]) -> st.SearchStrategy[Fact]:
    return st.fixed_dictionaries(FIELDS[kind]).map(lambda fields: kind(**fields))


FACTS = st.one_of([made(kind) for kind in FIELDS])


def read(fact: Fact, **changes: Any) -> dict[str, Any]:
    """The row of a fact as read_events.sql returns it; jsonb keeps neither blanks nor order."""
    row = to_row(fact)._asdict() | {"position": 7} | changes
    if row["data"] is not None:
        row["data"] = json.dumps(json.loads(row["data"]), sort_keys=True, ensure_ascii=False)
    return row


def test_every_type_of_fact_is_tested_here_with_every_field() -> None:
    assert set(FIELDS) == set(get_args(Fact))
    for kind, fields in FIELDS.items():
        assert set(fields) == set(kind.__struct_fields__), kind


@pytest.mark.parametrize("kind", get_args(Fact), ids=lambda kind: kind.__name__)
@settings(max_examples=settings.default.max_examples // 4)  # of each type
@given(data=st.data())
def test_a_fact_comes_back_from_its_row_as_it_was(kind: type[Fact], data: st.DataObject) -> None:
    fact = data.draw(made(kind))
    back = to_fact(read(fact))
    assert type(back) is kind
    assert back == fact


@given(FACTS)
def test_what_has_a_column_is_in_its_column_and_nowhere_else(fact: Fact) -> None:
    row = to_row(fact)
    columns = {
        "rally": row.rally,
        "visitor": row.visitor,
        "spot": row.spot,
        "period": row.period,
        "firsts": row.firsts,
        "occurred_at": row.occurred_at,
        "language": row.language,
        "evidence": row.evidence,
    }
    assert columns == {name: getattr(fact, name, None) for name in columns}
    ids = {"scan_id", "headcount_id", "hand_over_id"}
    assert [row.scan_id] == ([getattr(fact, id_) for id_ in ids if hasattr(fact, id_)] or [None])
    assert row.type == type(fact).__name__
    if not isinstance(fact, CheckInRefused):  # its data is the refusal, which may name a spot
        kept = set(json.loads(row.data or "{}"))
        assert not kept & {*columns, *ids}


@given(made(VisitRecorded))
def test_a_visit_has_data_only_when_it_earned_something_or_has_a_mark(fact: VisitRecorded) -> None:
    assert (to_row(fact).data is not None) == bool(fact.earned or fact.late or fact.unplaced)


@given(FACTS)
def test_a_fact_is_written_in_the_newest_version_of_its_type(fact: Fact) -> None:
    assert to_row(fact).version == VERSIONS.get(type(fact).__name__, 1)


def test_there_is_an_upcast_from_each_version_to_the_next() -> None:
    known = {kind.__name__ for kind in get_args(Fact)}
    assert known >= VERSIONS.keys() | UPCASTS.keys()
    for name in known:
        assert len(UPCASTS.get(name, [])) == VERSIONS.get(name, 1) - 1, name


OPENED = RallyOpened(rally="walk", occurred_at=datetime(2026, 1, 1, tzinfo=UTC), by="organiser")


@pytest.fixture
def third_version(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """As if RallyOpened were in its third version: `by` was `person`, and `name` before that.

    Gives the versions from which rows have been upcast.
    """
    steps: list[int] = []

    def renamed(row: dict[str, Any], since: int, before: str, now: str) -> dict[str, Any]:
        steps.append(since)
        data = json.loads(row["data"])
        data[now] = data.pop(before)
        row["data"] = json.dumps(data)
        return row

    monkeypatch.setitem(VERSIONS, "RallyOpened", 3)
    monkeypatch.setitem(
        UPCASTS,
        "RallyOpened",
        [
            lambda row: renamed(row, 1, "name", "person"),
            lambda row: renamed(row, 2, "person", "by"),
        ],
    )
    return steps


@pytest.mark.parametrize(
    ("version", "field", "upcast_from"),
    [(1, "name", [1, 2]), (2, "person", [2]), (3, "by", [])],
)
def test_a_row_is_read_as_the_newest_version_through_every_step_from_its_own(
    third_version: list[int], version: int, field: str, upcast_from: list[int]
) -> None:
    row = read(OPENED, version=version, data=json.dumps({field: "organiser"}))
    as_it_was = dict(row)
    assert to_fact(row) == OPENED
    assert third_version == upcast_from
    assert row == as_it_was, "a row is never rewritten"


def test_other_types_stay_as_they_are(third_version: list[int]) -> None:
    closed = RallyClosed(rally="walk", occurred_at=OPENED.occurred_at, by="organiser")
    assert to_fact(read(closed, version=1)) == closed
    assert third_version == []


@given(FACTS)
def test_a_fact_of_a_later_release_is_not_guessed_at(fact: Fact) -> None:
    name = type(fact).__name__
    known = VERSIONS.get(name, 1)
    sentence = rf"^{name} at position 7 is of version {known + 1}; this release knows {known}\.$"
    with pytest.raises(VersionUnknown, match=sentence):
        to_fact(read(fact, version=known + 1))


def test_a_version_after_the_third_is_unknown_too(third_version: list[int]) -> None:
    with pytest.raises(VersionUnknown, match=r"is of version 4; this release knows 3\.$"):
        to_fact(read(OPENED, version=4))
    assert third_version == []

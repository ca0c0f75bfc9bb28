"""Small rallies, scans and cards to begin a test with. Whatever a test is about, it says itself."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.card import Card, evolve
from domain.conditions import AllSpots, BingoLines, Stamps
from domain.encoding import spot_tag
from domain.events import QuizAnswered, VisitConfirmed, VisitorFact, VisitRecorded
from domain.plan import Area, Draw, FirstCome, OncePerDay, Plan, Prize, Sheet, Spot
from domain.rally import Opening, Rally
from domain.refusals import Refusal
from domain.rules import Decision, decide, refused_fact
from domain.scan import Scan

NOW = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)
"""Noon in Tokyo on a day in the middle of the rally."""
VISITOR = UUID(int=7)
SPOTS = ("a", "b", "c", "d")


def names(text: str = "名") -> dict[str, str]:
    return {"ja": text}


def plan(**changes: Any) -> Plan:
    """Four spots in two areas, one of them worth 3; one sheet of 2 × 2; three prizes."""
    said: dict[str, Any] = {
        "rally": "walk",
        "names": names(),
        "time_zone": "Asia/Tokyo",
        "first_day": date(2026, 1, 8),
        "last_day": date(2026, 2, 28),
        "areas": [Area("east", names()), Area("west", names())],
        "spots": [
            Spot("a", names(), "east"),
            Spot("b", names(), "east", stamps=3),
            Spot("c", names(), "west"),
            Spot("d", names(), "west"),
        ],
        "revisit": OncePerDay(),
        "sheets": [Sheet("sheet", names(), [["a", "b"], ["c", "d"]])],
        "prizes": [
            Prize("five", names(), Stamps(5), FirstCome()),
            Prize("line", names(), BingoLines(1), Draw(600, "per_line")),
            Prize("all", names(), AllSpots(), Draw(20)),
        ],
    }
    return Plan(**said | changes)


OPENED = datetime(2026, 1, 1, tzinfo=UTC)


def rally(
    of: Plan | None = None,
    opened_at: datetime | None = OPENED,
    closed_at: datetime | None = None,
    **changes: Any,
) -> Rally:
    """An open rally; `opened_at` None: not yet."""
    openings = (Opening(opened_at, closed_at),) if opened_at else ()
    return Rally(plan=of or plan(), **{"openings": openings} | changes)


def scan(spot: str | None = "a", number: int = 1, **changes: Any) -> Scan:
    """A scan of `spot`; `number` becomes its id."""
    said: dict[str, Any] = {
        "rally": "walk",
        "spot_tag": spot_tag(spot) if spot else 0,
        "key_id": 1,
        "visitor": VISITOR,
        "scan_id": UUID(int=number),
        "language": "ja",
        "evidence": "printed",
        "card_since": datetime(2026, 1, 2, tzinfo=UTC),
    }
    return Scan(**said | changes)


def take(rally: Rally, card: Card, scan: Scan, now: datetime) -> tuple[Decision, Card]:
    """What the write side does with a scan: decide, and evolve the card by the fact, if any."""
    decision = decide(rally, card, scan, now)
    fact: VisitorFact | None = None
    if isinstance(decision, Refusal):
        fact = refused_fact(rally, card, scan, decision, now)
    elif isinstance(decision, VisitRecorded | VisitConfirmed | QuizAnswered):
        fact = decision
    if fact is None:
        return decision, card
    position = len(card.visits) + len(card.refused) + len(card.wrong) + 1
    return decision, evolve(card, fact, position, now)


def card_of(rally: Rally, scans: Iterable[tuple[Scan, datetime]]) -> Card:
    """The card after `scans`, each with the moment it arrived."""
    card = Card()
    for one, now in scans:
        _, card = take(rally, card, one, now)
    return card


def visited(*spots: str, now: datetime = NOW, of: Rally | None = None) -> Card:
    """The card after a scan of each spot, a minute apart, the last at `now`."""
    last = len(spots) - 1
    return card_of(
        of or rally(),
        [(scan(spot, 100 + n), now - timedelta(minutes=last - n)) for n, spot in enumerate(spots)],
    )

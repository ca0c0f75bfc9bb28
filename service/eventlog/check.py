"""Is the log whole: gapless, as its chain says, and are cards and rallies what their facts make of
them?

Times are not compared: positions are the order, and the clocks of two hosts may differ.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from operator import eq, itemgetter
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from domain.buckets import RALLIES_BUCKET, bucket_of
from domain.card import Card, evolve
from domain.events import HeadcountRecorded, RallyFact, VisitRecorded
from domain.rally import Rally, evolve_rally
from domain.stock import Lot, taken_by
from service.eventlog import statements as sql
from service.eventlog.cards import agrees
from service.eventlog.chain import broken
from service.eventlog.rows import to_fact

STRETCH = 5_000
"""Facts read at once."""

Cards = dict[tuple[UUID, str], Card]


async def check(pool: asyncpg.Pool, advanced: Callable[[int], object]) -> list[str]:
    """Every fault found, one sentence each. `advanced` is told how many facts were read."""
    heads = await pool.fetch(sql.READ_HEADS)
    faults: list[str] = []
    rallies: dict[str, Rally] = {}
    taken: Counter[Lot] = Counter()
    for head in sorted(heads, key=itemgetter("bucket")):  # the rallies' own bucket is the first
        fold = _Fold(head["bucket"], len(heads) - 1, rallies, taken)
        while stretch := await pool.fetch(sql.READ_EVENTS, head["bucket"], fold.position, STRETCH):
            for row in stretch:
                fold.take(row)
            advanced(len(stretch))
        faults += fold.faults
        if fold.position != head["position"]:
            faults.append(
                f"bucket {head['bucket']}: its head says {head['position']}, "
                f"its last fact is {fold.position}"
            )
        faults += await broken(pool, head)
        faults += await _compare(pool, fold)
    return faults + await _compare_taken(pool, rallies, taken)


class _Fold:
    """One bucket's facts, folded in order."""

    def __init__(
        self, bucket: int, visitor_buckets: int, rallies: dict[str, Rally], taken: Counter[Lot]
    ) -> None:
        self.bucket = bucket
        self.visitor_buckets = visitor_buckets
        self.position = 0
        self.cards: Cards = {}
        self.rallies = rallies
        self.taken = taken
        self.faults: list[str] = []

    def take(self, row: Any) -> None:
        """One more fact."""
        here = f"bucket {self.bucket}, position {row['position']}"
        if row["position"] != self.position + 1:
            self.faults.append(f"{here}: a gap, {self.position + 1} was expected")
        self.position = row["position"]
        try:
            self._fold(here, row)
        except Exception as error:  # whatever was made of the row: the others are looked at, too
            self.faults.append(f"{here}: it cannot be read ({error!r})")

    def _fold(self, here: str, row: Any) -> None:
        fact = to_fact(row)
        if isinstance(fact, HeadcountRecorded):
            return  # a number that changes nothing
        if not isinstance(fact, RallyFact):
            if bucket_of(fact.visitor, self.visitor_buckets) != self.bucket:
                self.faults.append(f"{here}: its visitor belongs to another bucket")
            key = (fact.visitor, fact.rally)
            card = self.cards.get(key, Card())
            if isinstance(fact, VisitRecorded):
                self.faults += [f"{here}: {double}" for double in doubles(fact, card)]
            self.cards[key] = evolve(card, fact, row["position"], row["recorded_at"])
            # By the plan as it is now: a spot's places are counted anew when they are limited.
            if (rally := self.rallies.get(fact.rally)) is not None:
                self.taken.update(taken_by(rally, [fact]))
        else:
            self.rallies[fact.rally] = evolve_rally(self.rallies.get(fact.rally), fact)


def doubles(fact: VisitRecorded, card: Card) -> Iterator[str]:
    """What of a visit is on the card already: a scan id makes one visit, so does a visit key."""
    for visit in card.visits:
        if visit.scan_id == fact.scan_id.bytes:
            yield f"its scan is counted twice, first at {visit.position}"
        same = (visit.spot, visit.period) == (fact.spot, fact.period)
        if same and not (visit.confirms or visit.void):
            yield f"its visit is counted twice, first at {visit.position}"


async def _compare(pool: asyncpg.Pool, fold: _Fold) -> list[str]:
    """Where the kept cards (or rallies) of a bucket differ from the folded ones."""
    if fold.bucket == RALLIES_BUCKET:
        rows = await pool.fetch(sql.READ_RALLIES, 0)
        kept = [msgspec.json.decode(row["state"], type=Rally) for row in rows]
        return _differences("rally", {rally.plan.rally: rally for rally in kept}, fold.rallies)
    rows = await pool.fetch(sql.READ_BUCKET_CARDS, fold.bucket)
    cards = {(UUID(bytes=row["visitor"].bytes), row["rally"]): row["state"] for row in rows}
    return _differences("card", cards, fold.cards, agrees)


async def _compare_taken(
    pool: asyncpg.Pool, rallies: dict[str, Rally], taken: Counter[Lot]
) -> list[str]:
    """Where what is said to be taken differs from what facts have taken."""
    kept: Counter[Lot] = Counter()
    for row in await pool.fetch(sql.READ_TAKEN):
        kind, _, spot = row["item"].partition(":")
        limited = row["rally"] in rallies and spot in rallies[row["rally"]].course.limited
        if kind == "prize" or limited:
            kept[Lot(row["rally"], row["item"], row["period"])] = row["taken"]
    return _differences("taken", +kept, +taken)


def _differences(
    what: str,
    kept: dict[Any, Any],
    folded: dict[Any, Any],
    same: Callable[[Any, Any], bool] = eq,
) -> list[str]:
    names = sorted(kept.keys() | folded.keys(), key=str)
    return [
        f"{what} {name}: what is kept differs from what its facts make of it"
        for name in names
        if not (name in kept and name in folded and same(kept[name], folded[name]))
    ]

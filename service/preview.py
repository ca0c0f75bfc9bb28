"""Preview: what a changed plan would do to the cards that there are, before anything applies.

Every card is judged by both plans with the same rules; nothing is written.
"""

import asyncio
from collections import Counter
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from domain.completion import complete
from domain.course import Course
from domain.plan import FirstCome, Plan, Prize
from projections.completion import COMPLETION
from service.figures import read

CARDS_AT_ONCE = 500
"""So many cards are judged before others get their turn: a hundredth of a second."""
LOSSES_SHOWN_MAX = 100
_decode = msgspec.json.Decoder(dict[str, int]).decode


class PrizeChange(Struct, frozen=True):
    """What becomes of a prize: cards that reach it by the plan as it is (`now`) and as it would be
    (`then`), how many gain and lose it, and by how much the stock falls short (None: no stock)."""

    prize: str
    now: int
    then: int
    gain: int
    lose: int
    short: int | None


class Loss(Struct, frozen=True):
    """A card that would lose a prize. `day` is 0 where stamps carry over."""

    visitor: UUID
    day: int
    prize: str


class Preview(Struct, frozen=True):
    """What a plan would change. `losses` are the first ones of `lost`."""

    cards: int
    prizes: list[PrizeChange]
    lost: int
    losses: list[Loss]


async def preview(pool: asyncpg.Pool, rally: str, plan: Plan) -> Preview:
    """Judge every card of `rally` by `plan`, which need not be laid out."""
    course = Course(plan)
    now: Counter[str] = Counter()
    then: Counter[str] = Counter()
    gain: Counter[str] = Counter()
    losses: list[Loss] = []
    cards, after = 0, (UUID(int=0), 0)
    while rows := await read(pool, COMPLETION, "read_cards", rally, *after, CARDS_AT_ONCE):
        for visitor, day, _, met, visited in rows:
            had = set(_decode(met))
            has = set(complete(course, _decode(visited)).met)
            now.update(had)
            then.update(has)
            gain.update(has - had)
            losses += [Loss(visitor, day, prize) for prize in sorted(had - has)]
        cards += len(rows)
        after = (rows[-1]["visitor"], rows[-1]["day"])
        await asyncio.sleep(0)
    lose = Counter(loss.prize for loss in losses)
    return Preview(
        cards,
        [
            PrizeChange(
                prize=prize,
                now=now[prize],
                then=then[prize],
                gain=gain[prize],
                lose=lose[prize],
                short=_short(course.prizes.get(prize), then[prize]),
            )
            for prize in dict.fromkeys([*(each.id for each in plan.prizes), *now])
        ],
        len(losses),
        losses[:LOSSES_SHOWN_MAX],
    )


def _short(prize: Prize | None, reached: int) -> int | None:
    if prize is None or not isinstance(prize.giving, FirstCome) or not prize.giving.stock:
        return None
    return max(0, reached - prize.giving.stock)

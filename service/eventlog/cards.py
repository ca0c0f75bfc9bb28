"""Cards as they are kept, and those that an earlier release has written.

An earlier release that serves beside this one reads a card as far as it knows its fields, and
writes those back: what else this release had kept is lost from the card, though never from the log.
Such a card is shorter (MessagePack begins an array with its length), so it is not believed but
folded anew, whenever it is read, until this release has written it again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, cast
from uuid import UUID

import msgspec

from domain.card import Card, evolve
from domain.events import VisitorFact
from service.eventlog import statements as sql
from service.eventlog.rallies import Reader
from service.eventlog.rows import to_fact

Cards = dict[tuple[bytes, str], Card]
"""By the visitor's 16 bytes and the rally."""

_decode = msgspec.msgpack.Decoder(Card).decode
encode_card = msgspec.msgpack.Encoder().encode
_WHOLE = encode_card(Card())[0]


async def read_cards(
    reader: Reader, rows: Iterable[Any], bucket_of: Callable[[UUID], int]
) -> Cards:
    """The cards of rows with visitor, rally and state."""
    cards: Cards = {}
    earlier: dict[int, set[UUID]] = defaultdict(set)
    for row in rows:
        visitor, state = row["visitor"], row["state"]
        cards[visitor.bytes, row["rally"]] = _decode(state)
        if state[0] != _WHOLE:
            earlier[bucket_of(visitor)].add(visitor)
    for bucket, visitors in earlier.items():
        cards |= await folded(reader, bucket, visitors)
    return cards


async def folded(reader: Reader, bucket: int, visitors: Iterable[UUID]) -> Cards:
    """All cards of some visitors of a bucket, made of their facts."""
    cards: Cards = {}
    for row in await reader.fetch(sql.READ_FACTS_OF, bucket, list(visitors)):
        fact = cast(VisitorFact, to_fact(row))
        key = fact.visitor.bytes, fact.rally
        cards[key] = evolve(cards.get(key, Card()), fact, row["position"], row["recorded_at"])
    return cards


def agrees(state: bytes, folded: Card) -> bool:
    """Whether a kept card is what its facts make of it, as far as its writer knew them."""
    if state[0] == _WHOLE:
        return bool(_decode(state) == folded)
    kept, known = (msgspec.msgpack.decode(each) for each in (state, encode_card(folded)))
    return all(map(_begins, kept, known))


def _begins(kept: Any, known: Any) -> bool:
    """Whether a field says the same, though the things it lists may have fewer fields."""
    if not isinstance(kept, list):
        return bool(kept == known)
    return len(kept) == len(known) and all(
        one[: len(each)] == each if isinstance(each, list) else each == one
        for each, one in zip(kept, known, strict=True)
    )

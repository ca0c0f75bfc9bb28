"""All cards of a visitor, each as its visitor sees it: one token serves every rally."""

from typing import NamedTuple
from uuid import UUID

from domain.card import CardView, view
from domain.conditions import Standing
from domain.encoding import micros
from domain.masters import reached_by
from domain.rally import Rally, Status
from domain.rehearsal import rehearsed
from service.engine import Engine


class OwnCard(NamedTuple):
    """A card and its rally."""

    rally: Rally
    card: CardView


async def own_cards(engine: Engine, visitor: UUID) -> list[OwnCard]:
    """The cards of a visitor that hold a stamp or an entry: open rallies first, then the newest.

    One that was put together with another one is shown as that. Rehearsals are left out.
    """
    found = []
    for name, card in (await engine.log.cards(visitor)).items():
        rally = engine.rallies.get(name)
        if rally is None or rehearsed(name):
            continue
        whose = visitor
        if card.linked_to is not None:
            whose, card = await engine.held(visitor, name)
        if card.visits or card.entered:
            now = micros(engine.clock())
            found.append(OwnCard(rally, view(rally.course, whose, card, now)))
    found.sort(key=lambda own: own.rally.plan.first_day, reverse=True)
    return sorted(found, key=lambda own: own.rally.status is not Status.OPEN)


class Member(NamedTuple):
    """A rally that is a spot of a master, and how far its card has come (None: nobody asks)."""

    rally: Rally
    standing: Standing | None


async def members(engine: Engine, master: Rally, visitor: UUID | None) -> dict[str, Member]:
    """The rallies that are spots of a master, by these, and how far a visitor has come in them."""
    found = {}
    for spot in master.course.by_rally:
        rally = engine.rallies.get(spot.rally or "")
        if rally is None:
            continue
        standing = None
        if visitor is not None:
            _, card = await engine.held(visitor, rally.plan.rally)
            for stage in engine.rallies.stages_of(rally.plan.rally):
                if (stage.master.plan.rally, stage.spot) == (master.plan.rally, spot.id):
                    standing = reached_by(stage, rally.course, card)
        found[spot.id] = Member(rally, standing)
    return found

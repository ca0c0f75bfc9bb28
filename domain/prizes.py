"""What may be done about prizes and with a card besides scanning: decisions on the newest card.

Each returns the fact to record, None when it is so already, or raises NotAllowed.
"""

from datetime import datetime
from uuid import UUID

from domain.card import Card, tally
from domain.events import HandOverReversed, PrizeEntered, PrizeHandedOver, VisitorErased
from domain.plan import Draw, Prize
from domain.rally import NotAllowed, Rally


def enter(
    rally: Rally, card: Card, visitor: UUID, prize: str, now: datetime
) -> PrizeEntered | None:
    """Take part in a prize's draw."""
    if prize in card.entered:
        return None
    planned = _reached(rally, card, prize)
    if not isinstance(planned.giving, Draw):
        raise NotAllowed("prize_not_drawn", "This prize is given at the counter, without a draw.")
    return PrizeEntered(rally=rally.plan.rally, visitor=visitor, prize=prize, occurred_at=now)


def hand_over(
    rally: Rally, card: Card, visitor: UUID, prize: str, spot: str | None, now: datetime, by: str
) -> PrizeHandedOver:
    """Give a visitor a prize, once. How many there are is not asked: staff have them at hand."""
    if prize in card.handed:
        raise NotAllowed("already_handed_over", "This prize was handed over before.")
    planned = _reached(rally, card, prize)
    if isinstance(planned.giving, Draw):
        raise NotAllowed("prize_is_drawn", "This prize is drawn among its entries.")
    return PrizeHandedOver(
        rally=rally.plan.rally, visitor=visitor, prize=prize, spot=spot, occurred_at=now, by=by
    )


def reverse(
    rally: Rally, card: Card, visitor: UUID, prize: str, spot: str | None, now: datetime, by: str
) -> HandOverReversed:
    """Take a hand-over back."""
    if prize not in card.handed:
        raise NotAllowed("not_handed_over", "This prize was not handed over.")
    return HandOverReversed(
        rally=rally.plan.rally, visitor=visitor, prize=prize, spot=spot, occurred_at=now, by=by
    )


def erase(rally: Rally, card: Card, visitor: UUID, now: datetime, by: str) -> VisitorErased | None:
    """Erase a card. What it was counted in stays counted."""
    if card.erased:
        return None
    return VisitorErased(rally=rally.plan.rally, visitor=visitor, occurred_at=now, by=by)


def _reached(rally: Rally, card: Card, name: str) -> Prize:
    """The prize `name`, whose condition the card meets. Raises NotAllowed."""
    course = rally.course
    if card.erased:
        raise NotAllowed("card_erased", "This card was erased.")
    for prize, gauge in zip(course.plan.prizes, course.gauges, strict=True):
        if prize.id == name:
            if not gauge[1](*tally(course, card)).met:
                raise NotAllowed("prize_not_reached", "This prize has not been reached yet.")
            return prize
    raise NotAllowed("prize_unknown", f"This rally has no prize {name[:40]}.")

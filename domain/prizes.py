"""What may be done about prizes and with a card besides scanning: decisions on the newest card.

Each returns the fact to record, None when it is so already, or raises NotAllowed.
"""

from datetime import datetime, timedelta
from uuid import UUID

from domain.card import Card, HandOver, current, seen
from domain.conditions import Seen, Standing
from domain.course import Course
from domain.encoding import micros, moment_of
from domain.events import HandOverReversed, PrizeEntered, PrizeHandedOver, VisitorErased
from domain.plan import Coupon, Draw, FirstCome, Prize
from domain.rally import NotAllowed, Rally, entries_open
from domain.stock import Taken
from domain.winners import has_won

UNDO_MAX = timedelta(seconds=60)
"""So long staff may take back what they have handed over: a slip is seen at once, and later the
visitor has gone."""


def enter(
    rally: Rally,
    card: Card,
    visitor: UUID,
    prize: str,
    now: datetime,
    *,
    addressed: bool = False,
) -> PrizeEntered | None:
    """Take part in a prize's draw; of prizes with the same choice, in one.

    `addressed`: the visitor has said where it is to be sent, if it is sent by post.
    """
    if prize in card.entered:
        return None
    entries_open(rally)
    planned = _reached(rally, card, prize)
    giving = planned.giving
    if not isinstance(giving, Draw):
        raise NotAllowed("prize_not_drawn", "This prize is given at the counter, without a draw.")
    if giving.automatic:
        raise NotAllowed("prize_automatic", "Whoever reaches this prize takes part in its draw.")
    if giving.choice is not None and giving.choice in choices(rally, card):
        raise NotAllowed("choice_made", "Another one of these prizes was chosen before.")
    if planned.by_post and not addressed:
        raise NotAllowed("address_missing", "This prize is sent by post: say first where to.")
    return PrizeEntered(rally=rally.plan.rally, visitor=visitor, prize=prize, occurred_at=now)


def ask_address(rally: Rally, card: Card) -> None:
    """Raise NotAllowed unless the card has reached, or was entered for, a prize that is sent by
    post: nobody else is asked where they live."""
    not_closed(card)
    posted = [prize for prize in rally.plan.prizes if prize.by_post]
    if not posted:
        raise NotAllowed("no_prize_by_post", "No prize of this rally is sent by post.")
    if not any(_standing(rally, card, each).met or each.id in card.entered for each in posted):
        raise NotAllowed("prize_not_reached", "No prize that is sent by post has been reached yet.")


def choices(rally: Rally, card: Card) -> set[str]:
    """Which choices the card's entries have made."""
    return {
        prize.giving.choice
        for prize in rally.plan.prizes
        if isinstance(prize.giving, Draw) and prize.giving.choice and prize.id in card.entered
    }


def chances(rally: Rally, card: Card, prize: Prize) -> int:
    """How many tickets an entry of `card` is worth in the draw of `prize`; 0 if it does not count.

    By the tiers if the plan has any, else one, or one a line.
    """
    if card.erased or not isinstance(prize.giving, Draw):
        return 0
    have, need = _standing(rally, card, prize)
    if have < need:
        return 0
    tiers = [tier.chances for tier in prize.giving.tiers if tier.at_least <= have]
    if tiers:
        return tiers[-1]
    if prize.giving.chances == "per_line":
        course = rally.course
        return max(1, *(course.full_lines(each.stamped) for each in _cards(course, card)))
    return 1


def hand_over(
    rally: Rally,
    card: Card,
    visitor: UUID,
    prize: str,
    spot: str | None,
    hand_over_id: UUID,
    now: datetime,
    by: str,
    taken: Taken,
) -> PrizeHandedOver | None:
    """Give a visitor a prize, once, or use a coupon, as often as it may be used.

    The same `hand_over_id` again is the same hand-over: nothing more is given. `taken` says how
    many others were given.
    """
    for each in card.handed:
        if each.id == hand_over_id.bytes:
            if each.prize == prize and not each.reversed:
                return None
            raise NotAllowed("hand_over_id_used", "This hand-over was another one, or taken back.")
    given = _given(card, prize)
    if given and given >= _handed_max(rally, card, prize):
        raise NotAllowed("already_handed_over", "This prize was handed over before.")
    giving = _due(rally, card, visitor, prize).giving
    if isinstance(giving, FirstCome):
        if giving.stock is not None and taken.in_all >= giving.stock:
            raise NotAllowed("out_of_stock", "All of these prizes have been given.")
        if giving.per_day is not None and taken.today >= giving.per_day:
            raise NotAllowed("out_of_stock_today", "Today's share of these prizes has been given.")
    if isinstance(giving, Coupon) and giving.areas:
        planned = rally.course.spots.get(spot or "")
        if planned is None or planned.area not in giving.areas:
            raise NotAllowed("coupon_not_valid_here", "This coupon is valid in other areas only.")
    return PrizeHandedOver(
        rally=rally.plan.rally,
        visitor=visitor,
        prize=prize,
        spot=spot,
        hand_over_id=hand_over_id,
        occurred_at=now,
        by=by,
    )


def _due(rally: Rally, card: Card, visitor: UUID, name: str) -> Prize:
    """The prize `name`, which the card has reached or, where it is drawn, has won."""
    planned = rally.course.prizes.get(name)
    if planned is None or not isinstance(planned.giving, Draw):
        return _reached(rally, card, name)
    not_closed(card)  # what was won stays won, whatever has become of its visits since
    if rally.drawing is None or rally.drawing.secret is None:
        raise NotAllowed("prize_is_drawn", "This prize is drawn among its entries.")
    if not has_won(rally, visitor, name):
        raise NotAllowed("prize_not_won", "This prize was drawn, and somebody else has won it.")
    return planned


def waiting(rally: Rally, card: Card, visitor: UUID) -> list[Prize]:
    """The prizes that the card has reached, or its visitor has won, and may still be given at the
    counter."""
    return [
        prize
        for prize in rally.plan.prizes
        if _at_counter(rally, visitor, prize) and left_for(rally, card, prize.id)
    ]


def _at_counter(rally: Rally, visitor: UUID, prize: Prize) -> bool:
    drawn = isinstance(prize.giving, Draw)
    return not drawn or (not prize.by_post and has_won(rally, visitor, prize.id))


def left_for(rally: Rally, card: Card, prize: str) -> int:
    """How often a prize may still be given to the card: a coupon, how often it may be used."""
    return max(_handed_max(rally, card, prize) - _given(card, prize), 0)


def _given(card: Card, prize: str) -> int:
    return sum(1 for each in card.handed if each.prize == prize and not each.reversed)


def _handed_max(rally: Rally, card: Card, name: str) -> int:
    """How often a prize may be given in all: once, a coupon as often as it may be used; where each
    day has its own card, for each day that has reached it. What is drawn is won once."""
    prize = rally.course.prizes.get(name)
    if prize is None or isinstance(prize.giving, Draw):
        return 1
    gauge = dict(rally.course.gauges)[name]
    reached = sum(1 for each in _cards(rally.course, card) if gauge(each).met)
    return reached * (prize.giving.uses if isinstance(prize.giving, Coupon) else 1)


def last_given(card: Card, prize: str) -> HandOver | None:
    """The newest hand-over of a prize that was not taken back."""
    given = [each for each in card.handed if each.prize == prize and not each.reversed]
    return given[-1] if given else None


def undo_left(given: HandOver, spot: str | None, now: datetime) -> timedelta:
    """How much longer the staff of `spot` may take a hand-over back; nothing at another spot."""
    if given.spot != spot:
        return timedelta()
    left = UNDO_MAX - timedelta(microseconds=micros(now) - given.at)
    return min(max(left, timedelta()), UNDO_MAX)


def reverse(
    rally: Rally,
    card: Card,
    visitor: UUID,
    prize: str,
    spot: str | None,
    hand_over_id: UUID,
    now: datetime,
    by: str,
    *,
    any_time: bool = False,
) -> HandOverReversed | None:
    """Take a hand-over back: staff their own spot's within `UNDO_MAX`, organisers at `any_time`."""
    key = (prize, hand_over_id.bytes)
    given = next((each for each in card.handed if (each.prize, each.id) == key), None)
    if given is None:
        raise NotAllowed("not_handed_over", "This prize was not handed over.")
    if given.reversed:
        return None
    if not any_time:
        if given.spot != spot:
            raise NotAllowed("undo_elsewhere", "This prize was handed over at another spot.")
        if not undo_left(given, spot, now):
            raise NotAllowed(
                "undo_too_late",
                "This was handed over more than a minute ago: only an organiser takes it back.",
            )
    return HandOverReversed(
        rally=rally.plan.rally,
        visitor=visitor,
        prize=prize,
        spot=spot,
        hand_over_id=hand_over_id,
        occurred_at=now,
        by=by,
        handed_over_at=moment_of(given.at) if given.at else None,
    )


def erase(rally: Rally, card: Card, visitor: UUID, now: datetime, by: str) -> VisitorErased | None:
    """Erase a card. What it was counted in stays counted. A card that holds nothing needs none."""
    not_linked(card)
    if card.erased or card == Card():
        return None
    return VisitorErased(rally=rally.plan.rally, visitor=visitor, occurred_at=now, by=by)


def not_closed(card: Card) -> None:
    """Raise NotAllowed for a card that takes nothing any more."""
    not_linked(card)
    if card.erased:
        raise NotAllowed("card_erased", "This card was erased.")


def not_linked(card: Card) -> None:
    """Raise NotAllowed for a card that was put together with another one."""
    if card.linked_to is not None:
        raise NotAllowed("card_linked", "This card was put together with another one.")


def has_reached(rally: Rally, card: Card) -> bool:
    """Whether the card has reached any prize; in a rally without any, whether it has a visit."""
    if not any(not visit.void for visit in card.visits):
        return False
    prizes = rally.plan.prizes
    return not prizes or any(_standing(rally, card, prize).met for prize in prizes)


def _reached(rally: Rally, card: Card, name: str) -> Prize:
    """The prize `name`, whose condition the card meets. Raises NotAllowed."""
    not_closed(card)
    prize = rally.course.prizes.get(name)
    if prize is None:
        raise NotAllowed("prize_unknown", f"This rally has no prize {name[:40]}.")
    have, need = _standing(rally, card, prize)
    if have < need:
        raise NotAllowed("prize_not_reached", "This prize has not been reached yet.")
    return prize


def _standing(rally: Rally, card: Card, prize: Prize) -> Standing:
    """How far the card has come towards a prize; where each day has its own card, on its best."""
    gauge = dict(rally.course.gauges)[prize.id]
    return max(gauge(each) for each in _cards(rally.course, card))


def _cards(course: Course, card: Card) -> list[Seen]:
    """The card as conditions see it, or, where each day has its own, those of all days."""
    if course.plan.carry_over:
        return [seen(course, current(course, card, 0))]
    days = {
        course.hour_at(visit.occurred_at).day: visit.occurred_at
        for visit in card.visits
        if not visit.void
    }
    cards = [seen(course, current(course, card, at)) for at in days.values()]
    return cards or [seen(course, ())]

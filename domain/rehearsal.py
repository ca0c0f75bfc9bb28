"""Rehearsals: the whole of a rally tried out before it begins, with nothing that could ever count.

A rehearsal is a rally of its own, called `try-N-RALLY`: with keys, codes, cards and figures of its
own, so none of its facts can enter the results of the rally. Its name says what it is, in every row
of the log, and a name never changes.
"""

import re
from datetime import date, datetime, timedelta

import msgspec
from msgspec.structs import replace

from domain.events import RallyPlanned
from domain.plan import BY_RALLY, Id, Plan, Spot, next_round
from domain.rally import NotAllowed, Rally

LASTS = timedelta(days=7)
"""How long a rehearsal takes stamps."""
REHEARSALS_MAX = 99
"""Of one rally: each has a key, and there are 65,535 of those for all rallies."""
_NAME = re.compile(r"try-([0-9]+)-(.+)")


def rehearsed(rally: str) -> str | None:
    """Of which rally one is a rehearsal, by its name; None if of none."""
    named = _NAME.fullmatch(rally)
    return named[2] if named else None


def number_of(rally: str) -> int:
    """Which rehearsal it is: 1, 2, …; 0 if it is none."""
    named = _NAME.fullmatch(rally)
    return int(named[1]) if named else 0


def _at_desk(spot: Spot) -> Spot:
    """A spot that is tried out. One that is another rally has a code: nobody's stamps in that rally
    count in a rehearsal."""
    tried = replace(spot, near=None, starts=None, ends=None)
    if spot.kind == BY_RALLY:
        tried = replace(tried, kind="printed", rally=None, complete=None)
    return tried


def lay_out_rehearsal(
    known: Rally | None, now: datetime, *, plan: Plan, by: str, organisation: str | None
) -> RallyPlanned:
    """Lay out a rehearsal, for whom its rally is. Raises NotAllowed if somebody has just begun the
    very one."""
    if known is not None:
        raise NotAllowed("rehearsal_begun", "Somebody has just begun a rehearsal. Look for it.")
    return RallyPlanned(
        rally=plan.rally, occurred_at=now, plan=plan, by=by, organisation=organisation
    )


def rehearsal(plan: Plan, number: int, day: date) -> Plan:
    """The plan for trying out a rally from a day on, at a desk: with its spots, questions, prizes
    and order, but at any hour and from anywhere. Raises NotAllowed."""
    if rehearsed(plan.rally):
        raise NotAllowed("rehearsal_of_rehearsal", "This is a rehearsal already.")
    if number > REHEARSALS_MAX:
        raise NotAllowed("too_many_rehearsals", f"There were {REHEARSALS_MAX} rehearsals already.")
    try:
        name = msgspec.convert(f"try-{number}-{plan.rally}", Id)
    except msgspec.ValidationError as error:
        raise NotAllowed(
            "name_too_long", "A rehearsal needs a shorter name of the rally."
        ) from error
    moved = next_round(plan, name, day)
    spots = [_at_desk(spot) for spot in moved.spots]
    last = day + LASTS - timedelta(days=1)
    return replace(moved, last_day=last, opens=None, closes=None, exceptions=[], spots=spots)

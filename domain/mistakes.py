"""What is wrong in a plan although its types are right: what spans several of its fields."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import chain, pairwise
from typing import NamedTuple
from zoneinfo import available_timezones

from domain.conditions import (
    CONDITIONS_DEEP_MAX,
    AllOf,
    AllSpots,
    AnyOf,
    Areas,
    BingoLines,
    Condition,
    InOrder,
    Line,
    SpotsInArea,
    SpotsOf,
    Stamps,
    WithEvidence,
)
from domain.encoding import spot_tag
from domain.plan import (
    ASKING,
    BY_RALLY,
    DAYS_BETWEEN,
    Area,
    Choice,
    Coupon,
    Draw,
    OncePerRally,
    Plan,
    Prize,
    Question,
    Sheet,
    Spot,
    SurveyQuestion,
    normal,
    stamped_spots,
)

_STAMPED = "a spot of this plan that gives stamps"


class Mistake(NamedTuple):
    """What is wrong in a plan: where (`("spots", 3, "area")`) and what was expected there."""

    path: tuple[str | int, ...]
    expected: str


def mistakes(plan: Plan) -> list[Mistake]:
    """Everything in `plan` that its types alone cannot rule out."""
    return [
        *_period(plan),
        *_unique(plan),
        *_references(plan),
        *_ways(plan),
        *_members(plan),
        *_spots(plan),
        *_hours(plan),
        *_sheets(plan),
        *_prizes(plan),
    ]


def _period(plan: Plan) -> Iterator[Mistake]:
    if isinstance(plan.revisit, OncePerRally):
        if not plan.carry_over:
            yield Mistake(("revisit",), "daily or interval: a stamp of yesterday is gone today")
        if plan.one_at_a_time:
            yield Mistake(("revisit",), "daily or interval: of one in all, nobody needs a card")
    if not is_time_zone(plan.time_zone):
        yield Mistake(("time_zone",), "a time zone such as Asia/Tokyo")
    earliest, latest = DAYS_BETWEEN
    for field, day in (("first_day", plan.first_day), ("last_day", plan.last_day)):
        if not earliest <= day <= latest:
            yield Mistake((field,), f"a day between {earliest} and {latest}")
    if plan.last_day < plan.first_day:
        yield Mistake(("last_day",), f"a day not before first_day ({plan.first_day})")


def _unique(plan: Plan) -> Iterator[Mistake]:
    yield from _own_ids(("areas",), plan.areas)
    yield from _own_ids(("spots",), plan.spots)
    yield from _own_ids(("sheets",), plan.sheets)
    yield from _own_ids(("prizes",), plan.prizes)
    yield from _own_ids(("survey",), plan.survey)
    for number, question in enumerate(plan.survey):
        yield from _own_ids(("survey", number, "choices"), question.choices)
    tags: dict[int, str] = {}
    for index, spot in enumerate(plan.spots):
        other = tags.setdefault(spot_tag(spot.id), spot.id)
        if other != spot.id:
            yield Mistake(
                ("spots", index, "id"), f"an id whose code differs from that of {other}; rename one"
            )


def _own_ids(
    where: tuple[str | int, ...],
    things: Sequence[Area | Spot | Sheet | Prize | SurveyQuestion | Choice],
) -> Iterator[Mistake]:
    seen: dict[str, int] = {}
    for index, thing in enumerate(things):
        if thing.id in seen:
            first = f"{where[-1]}[{seen[thing.id]}]"
            yield Mistake((*where, index, "id"), f"an id of its own ({thing.id} is {first})")
        seen.setdefault(thing.id, index)


def _references(plan: Plan) -> Iterator[Mistake]:
    areas = {area.id for area in plan.areas}
    for index, spot in enumerate(plan.spots):
        if spot.area not in areas:
            yield Mistake(("spots", index, "area"), f"one of the areas: {', '.join(sorted(areas))}")


def _sheets(plan: Plan) -> Iterator[Mistake]:
    spots = {spot.id for spot in stamped_spots(plan)}
    for number, sheet in enumerate(plan.sheets):
        size = len(sheet.rows)
        for at, row in enumerate(sheet.rows):
            if len(row) != size:
                yield Mistake(("sheets", number, "rows", at), f"{size} squares, as there are rows")
            for square, spot in enumerate(row):
                if spot not in spots:
                    yield Mistake(("sheets", number, "rows", at, square), f"{_STAMPED}, not {spot}")
        twice = [
            spot for spot, times in Counter(chain.from_iterable(sheet.rows)).items() if times > 1
        ]
        if twice:
            yield Mistake(("sheets", number, "rows"), f"each spot once ({', '.join(twice)})")


def _ways(plan: Plan) -> Iterator[Mistake]:
    """Spots that wait for others wait for known ones, and none of them for itself."""
    after = {spot.id: spot.after for spot in stamped_spots(plan)}
    for index, spot in enumerate(plan.spots):
        where = ("spots", index, "after")
        if spot.after is None:
            continue
        if spot.after not in after:
            yield Mistake(where, f"{_STAMPED}, not {spot.after}")
            continue
        seen: set[str] = set()
        at: str | None = spot.after
        while at is not None and at not in seen:
            seen.add(at)
            at = after.get(at)
        if spot.id in seen:
            yield Mistake(where, "a spot that can be reached first; this way leads back here")


def _spots(plan: Plan) -> Iterator[Mistake]:
    """A spot has what its kind needs, and nothing that its kind cannot do."""
    for index, spot in enumerate(plan.spots):
        where = ("spots", index)
        asks = spot.kind in ASKING
        if asks and spot.question is None:
            yield Mistake((*where, "question"), f"a question, as its kind is {spot.kind}")
        if not asks and spot.question is not None:
            yield Mistake((*where, "question"), "no question, or kind: keyword or quiz")
        if spot.question is not None:
            yield from _question(spot.question, (*where, "question"))
        if spot.near is not None and spot.place is None:
            yield Mistake((*where, "place"), "the place that visitors must be near")
        if spot.kind == "badge" and spot.near is not None:
            yield Mistake((*where, "near"), "nothing here: staff see the visitor")
        if spot.kind == "counted":
            for field in ("near", "capacity", "after", "clue"):
                if getattr(spot, field) is not None:
                    yield Mistake(
                        (*where, field), "nothing here: at a counted spot nobody is known"
                    )
        if spot.starts and spot.ends and spot.ends <= spot.starts:
            yield Mistake((*where, "ends"), f"a time after starts ({spot.starts:%Y-%m-%d %H:%M})")
        last = spot.ends and spot.ends - timedelta(microseconds=1)  # until midnight is that day
        for field, moment in (("starts", spot.starts), ("ends", last)):
            if moment and not plan.first_day <= moment.date() <= plan.last_day:
                day = f"a time from {plan.first_day} to {plan.last_day}"
                yield Mistake((*where, field), day)


def _members(plan: Plan) -> Iterator[Mistake]:
    """What can be said of spots that are other rallies without knowing those; the rest is
    `domain.masters.member_mistakes`."""
    for index, spot in enumerate(plan.spots):
        where = ("spots", index)
        if spot.kind != BY_RALLY:
            for field in ("rally", "complete"):
                if getattr(spot, field) is not None:
                    yield Mistake((*where, field), "nothing here: only kind rally has one")
            continue
        if spot.rally is None:
            yield Mistake((*where, "rally"), "another rally of the same organisation")
        if spot.complete is None:
            yield Mistake((*where, "complete"), "what its cards must have come to")
        for field in ("near", "capacity", "after"):
            if getattr(spot, field) is not None:
                yield Mistake((*where, field), "nothing here: nobody comes to this spot")
        if not isinstance(plan.revisit, OncePerRally):
            yield Mistake((*where, "kind"), "another kind, or revisit: never")


def unmet(plan: Plan, condition: Condition, where: tuple[str | int, ...]) -> Iterator[Mistake]:
    """What a condition asks for that is not to be had in a plan."""
    yield from _condition(plan, condition, where, 1)


def _question(question: Question, where: tuple[str | int, ...]) -> Iterator[Mistake]:
    numbers = [str(number) for number in range(1, len(question.choices) + 1)]
    if len(numbers) == 1:
        yield Mistake((*where, "choices"), "two choices or more, or none")
    elif numbers and question.attempts >= len(numbers):
        yield Mistake((*where, "attempts"), f"fewer tries than choices ({len(numbers)})")
    for number, answer in enumerate(question.answers):
        if numbers and answer not in numbers:
            yield Mistake(
                (*where, "answers", number), f"the number of a choice: {', '.join(numbers)}"
            )
        elif not normal(answer):
            yield Mistake((*where, "answers", number), "an answer with a letter or digit in it")


def _hours(plan: Plan) -> Iterator[Mistake]:
    if (plan.opens is None) != (plan.closes is None):
        yield Mistake(("opens" if plan.opens is None else "closes",), "both opens and closes")
    elif plan.opens and plan.closes and plan.closes <= plan.opens:
        yield Mistake(("closes",), f"a time after opens ({plan.opens:%H:%M})")
    areas = {area.id for area in plan.areas}
    days: set[tuple[date, str | None]] = set()
    for index, each in enumerate(plan.exceptions):
        where = ("exceptions", index)
        for number, area in enumerate(each.areas):
            if area not in areas:
                known = f"one of the areas: {', '.join(sorted(areas))}"
                yield Mistake((*where, "areas", number), known)
        if not days.isdisjoint(each.keys):
            yield Mistake((*where, "day"), "a day that is not named before")
        days.update(each.keys)
        if not plan.first_day <= each.day <= plan.last_day:
            yield Mistake((*where, "day"), f"a day from {plan.first_day} to {plan.last_day}")
        opens, closes = each.opens or plan.opens, each.closes or plan.closes
        if not each.closed and (opens is None or closes is None or closes <= opens):
            yield Mistake(where, "closed: true, or opens and a later closes")


def _prizes(plan: Plan) -> Iterator[Mistake]:
    areas = {area.id for area in plan.areas}
    for index, prize in enumerate(plan.prizes):
        where = ("prizes", index, "giving")
        yield from _condition(plan, prize.condition, ("prizes", index, "condition"), 1)
        if prize.by_post and not isinstance(prize.giving, Draw):
            given = "false, as this prize is given at the counter; or giving: {kind: draw, …}"
            yield Mistake(("prizes", index, "by_post"), given)
        match prize.giving:
            case Draw(chances="per_line") if not plan.sheets:
                yield Mistake((*where, "chances"), "one, as this plan has no sheets")
            case Draw(choice=str(), automatic=True):
                yield Mistake((*where, "automatic"), "false: of a choice, one is entered for")
            case Draw(tiers=tiers):
                for number, (lower, upper) in enumerate(pairwise(tiers), start=1):
                    if upper.at_least <= lower.at_least:
                        more = f"more than {lower.at_least}, the tier before"
                        yield Mistake((*where, "tiers", number, "at_least"), more)
            case Coupon(areas=named):
                for number, area in enumerate(named):
                    if area not in areas:
                        known = f"one of the areas: {', '.join(sorted(areas))}"
                        yield Mistake((*where, "areas", number), known)


def _condition(
    plan: Plan, condition: Condition, where: tuple[str | int, ...], deep: int
) -> Iterator[Mistake]:
    """What a condition asks for must be there to be had."""
    if deep > CONDITIONS_DEEP_MAX:
        yield Mistake(where, f"conditions at most {CONDITIONS_DEEP_MAX} deep")
        return
    match condition:
        case AllSpots() if not stamped_spots(plan):
            yield Mistake(where, "another condition, as this plan has no spots that give stamps")
        case Stamps(at_least):
            yield from _at_most(
                where, at_least, sum(s.stamps for s in stamped_spots(plan)), "stamps of all spots"
            )
        case BingoLines(at_least, sheet, kinds):
            if sheet is not None and sheet not in {each.id for each in plan.sheets}:
                yield Mistake((*where, "sheet"), "a sheet of this plan")
                return
            sheets = [each for each in plan.sheets if sheet in (None, each.id)]
            lines = sum(_lines(each, kinds) for each in sheets)
            yield from _at_most(where, at_least, lines, "lines of all sheets")
        case SpotsOf(spots, at_least):
            yield from _named(plan, spots, where)
            yield from _at_most(where, at_least, len(spots), "spots named")
        case InOrder(spots):
            yield from _named(plan, spots, where)
        case SpotsInArea(area, at_least):
            there = sum(1 for spot in stamped_spots(plan) if spot.area == area)
            if area not in {each.id for each in plan.areas}:
                known = ", ".join(sorted(each.id for each in plan.areas))
                yield Mistake((*where, "area"), f"one of the areas: {known}")
            elif not there:
                yield Mistake((*where, "area"), "an area that has spots")
            else:
                yield from _at_most(where, at_least, there, "spots of the area")
        case Areas(at_least, spots_each):
            sizes = Counter(spot.area for spot in stamped_spots(plan))
            enough = sum(1 for size in sizes.values() if size >= spots_each)
            yield from _at_most(where, at_least, enough, "areas with so many spots")
        case WithEvidence(_, inner):
            yield from _condition(plan, inner, (*where, "condition"), deep + 1)
        case AllOf(conditions) | AnyOf(conditions):
            if isinstance(condition, AnyOf):
                yield from _at_most(where, condition.at_least, len(conditions), "conditions named")
            for number, each in enumerate(conditions):
                yield from _condition(plan, each, (*where, "conditions", number), deep + 1)


def _lines(sheet: Sheet, kinds: Sequence[Line]) -> int:
    """How many lines a sheet has, also one that is not square, which is said elsewhere."""
    of = {"rows": len(sheet.rows), "columns": len(sheet.rows), "diagonals": 2}
    return sum(of[kind] for kind in set(kinds))


def _at_most(
    where: tuple[str | int, ...], at_least: int | None, most: int, of: str
) -> Iterator[Mistake]:
    if at_least is not None and at_least > most:
        yield Mistake((*where, "at_least"), f"at most {most}, the {of}")


def _named(plan: Plan, spots: list[str], where: tuple[str | int, ...]) -> Iterator[Mistake]:
    known = {spot.id for spot in stamped_spots(plan)}
    for number, spot in enumerate(spots):
        if spot not in known:
            yield Mistake((*where, "spots", number), f"{_STAMPED}, not {spot}")
        elif spot in spots[:number]:
            yield Mistake((*where, "spots", number), f"each spot once ({spot})")


def is_time_zone(name: str) -> bool:
    """Whether `name` is a zone by its place (Asia/Tokyo) or UTC: names that mean the same
    everywhere, as `localtime` and the database's own extra files do not."""
    if name != "UTC" and "/" not in name:
        return False
    return name in available_timezones()

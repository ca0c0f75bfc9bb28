"""A plan: a rally's definition, as data.

Shapes and simple bounds are msgspec types (so the JSON Schema comes for free); what spans
several fields is checked by `mistakes`. Reading a file with its line numbers is the service's.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, pairwise
from typing import Annotated, Literal, NamedTuple
from zoneinfo import available_timezones

import msgspec
from msgspec import Meta, Struct

from domain.conditions import (
    CONDITIONS_DEEP_MAX,
    LINES,
    AllOf,
    AllSpots,
    AnyOf,
    Areas,
    BingoLines,
    Condition,
    Count,
    InOrder,
    Kind,
    Line,
    SpotsInArea,
    SpotsOf,
    Stamps,
    WithEvidence,
)
from domain.encoding import spot_tag
from domain.place import Place

Id = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9](-?[a-z0-9])*$(?!\n)",  # "$" alone lets a line end pass
        max_length=40,
        description="lower-case letters, digits and single hyphens",
    ),
]
Language = Annotated[
    str,
    Meta(
        pattern=r"^[a-z]{2,3}(-[A-Za-z]{4})?(-[A-Z]{2})?$(?!\n)",
        description="a language code such as ja, en or zh-Hant",
    ),
]
Text = Annotated[str, Meta(min_length=1, max_length=400)]
Names = Annotated[dict[Language, Text], Meta(min_length=1)]
"""A text per language; `language_in` says which is shown to whom."""
LocalTime = Annotated[time, Meta(tz=False)]
"""A time of day in the rally's own zone, so it has no offset."""
LocalMoment = Annotated[datetime, Meta(tz=False)]
"""A day and a time of day in the rally's own zone."""
SpotKind = Literal["printed", "rotating", "keyword", "quiz", "badge", "counted"]
"""How a stamp is had at a spot. Printed: by its poster. Rotating: by the code on the staff's screen
alone. Keyword, quiz: by an answer. Badge: staff scan the visitor. Counted: no stamp; staff count
guests, and nobody is known."""
UnknownPlace = Literal["accept", "refuse", "staff"]

SPOTS_MAX = 2_000
"""A card's spots are bits of one integer; past this a rally should be several rallies."""
ASKING: frozenset[SpotKind] = frozenset(["keyword", "quiz"])
"""The kinds of spots that ask for an answer."""
_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
_STAMPED = "a spot of this plan that gives stamps"
DAYS_BETWEEN = (date(2000, 1, 1), date(2199, 12, 31))
"""A year typed wrongly is said at once; the end of the calendar has no next midnight."""


class Area(Struct, frozen=True, forbid_unknown_fields=True):
    """A named group of spots."""

    id: Id
    names: Names


class Near(Struct, frozen=True, forbid_unknown_fields=True):
    """A phone must be near the spot's place. Refused is who is certainly farther away.

    `unknown` says what becomes of a scan whose phone does not tell where it is, or hardly: it is
    accepted and marked, refused, or sent to the staff, who scan the visitor's badge.
    """

    radius_m: Annotated[int, Meta(ge=10, le=100_000)]
    unknown: UnknownPlace = "accept"


class Question(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is asked at a keyword or quiz spot. Answers never leave the server.

    Each of `answers` is right; upper and lower case, width and spaces do not matter. Where there
    are `choices`, an answer is the number of one, from "1" on.
    """

    answers: Annotated[list[Text], Meta(min_length=1, max_length=20)]
    text: Names | None = None
    choices: Annotated[list[Names], Meta(max_length=9)] = []
    attempts: Annotated[int, Meta(ge=1, le=20)] = 3


class Spot(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A place or thing that gives a stamp."""

    id: Id
    names: Names
    area: Id
    stamps: Annotated[int, Meta(ge=0, le=100)] = 1
    place: Place | None = None
    address: Names | None = None
    opens: LocalTime | None = None
    closes: LocalTime | None = None
    closed_days: Names | None = None
    after: Id | None = None
    """A spot that must be on the card before this one can be stamped."""
    clue: Names | None = None
    """How to find the spot; told to those who may stamp it next."""
    kind: SpotKind = "printed"
    near: Near | None = None
    question: Question | None = None
    capacity: Count | None = None
    """So many visitors are taken at most, in each period of `revisit`."""
    starts: LocalMoment | None = None
    """For a slot of a programme: its stamp is given from then on,"""
    ends: LocalMoment | None = None
    """and until then."""


class DayException(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A day with other hours, or (`closed`) one on which no stamps are given; if any `areas` are
    named, in these."""

    day: date
    opens: LocalTime | None = None
    closes: LocalTime | None = None
    closed: bool = False
    areas: list[Id] = []

    @property
    def keys(self) -> list[tuple[date, str | None]]:
        """The day with each of its areas; with None for all."""
        return [(self.day, area) for area in self.areas] or [(self.day, None)]


class Sheet(Struct, frozen=True, forbid_unknown_fields=True):
    """A bingo sheet: as many rows as columns, a spot in each square."""

    id: Id
    names: Names
    rows: Annotated[list[list[Id]], Meta(min_length=2, max_length=9)]


class OncePerRally(Kind, frozen=True, tag="never"):
    """One visit per spot counts; a revisit is answered, not recorded."""


class OncePerDay(Kind, frozen=True, tag="daily"):
    """A visit counts again on another day of the rally's time zone; the stamp is given once."""


class OncePerInterval(Kind, frozen=True, tag="interval"):
    """A visit counts again in the next interval (they start at 1970-01-01T00:00Z; where stamps do
    not carry over, at the beginning of each day)."""

    minutes: Annotated[int, Meta(ge=1, le=100_000)]


Revisit = OncePerRally | OncePerDay | OncePerInterval


class Tier(Struct, frozen=True, forbid_unknown_fields=True):
    """From so much of what the condition counts, an entry has so many chances."""

    at_least: Count
    chances: Count


class Draw(Kind, frozen=True, tag="draw"):
    """Winners are drawn among the entries.

    `chances` says how many tickets an entry is worth; `tiers` say so for more than the condition
    asks for. Of prizes with the same `choice` a visitor enters for one. `automatic`: whoever meets
    the condition takes part.
    """

    winners: Count
    chances: Annotated[
        str, Meta(pattern=r"^(one|per_line)$(?!\n)", description="one or per_line")
    ] = "one"
    tiers: list[Tier] = msgspec.field(default_factory=list)
    choice: Id | None = None
    automatic: bool = False


class FirstCome(Kind, frozen=True, tag="first_come"):
    """Handed over at once while stock lasts, in all and (`per_day`) on a day."""

    stock: Count | None = None
    per_day: Count | None = None


class Coupon(Kind, frozen=True, tag="coupon"):
    """Used up one by one at the counter, so many times; in some areas only, if any are named."""

    uses: Count = 1
    areas: list[Id] = msgspec.field(default_factory=list)


Giving = Draw | FirstCome | Coupon


class Prize(Struct, frozen=True, forbid_unknown_fields=True):
    """What may be won: under which condition, and how it is given."""

    id: Id
    names: Names
    condition: Condition
    giving: Giving


class Plan(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A rally's definition. Days are days of its time zone; the last day counts whole."""

    rally: Id
    names: Names
    time_zone: str
    first_day: date
    last_day: date
    areas: Annotated[list[Area], Meta(min_length=1)]
    spots: Annotated[list[Spot], Meta(min_length=1, max_length=SPOTS_MAX)]
    summary: Names | None = None
    revisit: Revisit = OncePerRally()
    late_scan_hours_max: Annotated[int, Meta(ge=0, le=24 * 14)] = 72
    carry_over: bool = True
    """Whether stamps count on the days after; if not, each day begins with an empty card."""
    one_at_a_time: bool = False
    """Whether a visitor is at one spot only in each period of `revisit`: for meetings."""
    opens: LocalTime | None = None
    closes: LocalTime | None = None
    exceptions: list[DayException] = []
    sheets: list[Sheet] = []
    prizes: list[Prize] = []


class Mistake(NamedTuple):
    """What is wrong in a plan: where (`("spots", 3, "area")`) and what was expected there."""

    path: tuple[str | int, ...]
    expected: str


def next_round(plan: Plan, rally: str, first_day: date) -> Plan:
    """The same plan for another round: its days, exceptions and slots too, moved so that it begins
    on `first_day`. Raises msgspec.ValidationError for an id that is none."""
    later = first_day - plan.first_day
    exceptions = [msgspec.structs.replace(each, day=each.day + later) for each in plan.exceptions]
    spots = [
        msgspec.structs.replace(
            spot,
            starts=spot.starts and spot.starts + later,
            ends=spot.ends and spot.ends + later,
        )
        for spot in plan.spots
    ]
    return msgspec.structs.replace(
        plan,
        rally=msgspec.convert(rally, Id),
        first_day=first_day,
        last_day=plan.last_day + later,
        exceptions=exceptions,
        spots=spots,
    )


def stamped_spots(plan: Plan) -> list[Spot]:
    """The spots that give stamps: all but those where guests are only counted."""
    return [spot for spot in plan.spots if spot.kind != "counted"]


def has_poster(spot: Spot) -> bool:
    """Whether visitors scan a code that hangs there: not a screen's, nor do staff scan them."""
    return spot.kind == "printed" or spot.kind in ASKING


def text_in(names: dict[str, str], language: str) -> str:
    """The text in the nearest language that there is (`language_in`)."""
    return names[language_in(names, language)]


def language_in(names: dict[str, str], language: str) -> str:
    """Which of the languages of a text is shown to whoever reads `language`: that one, its base,
    the base in another script; else, but not to readers of Japanese, English; else the first."""
    if language in names:
        return language
    base = language.partition("-")[0]
    near = [known for known in names if known.partition("-")[0] == base]
    if not near and base != "ja" and "en" in names:
        near = ["en"]
    return base if base in names else next(iter(near or names))


def lines_of(sheet: Sheet, kinds: Sequence[Line] = LINES) -> list[list[str]]:
    """The lines of a sheet as spot ids: rows, columns, and the two diagonals."""
    rows, size = sheet.rows, len(sheet.rows)
    found: dict[Line, list[list[str]]] = {
        "rows": [list(row) for row in rows],
        "columns": [[row[i] for row in rows] for i in range(size)],
        "diagonals": [
            [rows[i][i] for i in range(size)],
            [rows[size - 1 - i][i] for i in range(size)],
        ],
    }
    return [line for kind in LINES if kind in kinds for line in found[kind]]


def normal(answer: str) -> str:
    """What is compared of an answer: letters and digits, whatever their width and case (Unicode
    NFKC and case folding), katakana as hiragana."""
    folded = unicodedata.normalize("NFKC", answer).casefold().translate(_HIRAGANA)
    return "".join(character for character in folded if character.isalnum())


def is_time_zone(name: str) -> bool:
    """Whether `name` is a zone by its place (Asia/Tokyo) or UTC: names that mean the same
    everywhere, as `localtime` and the database's own extra files do not."""
    if name != "UTC" and "/" not in name:
        return False
    return name in available_timezones()


def mistakes(plan: Plan) -> list[Mistake]:
    """Everything in `plan` that its types alone cannot rule out."""
    return [
        *_period(plan),
        *_unique(plan),
        *_references(plan),
        *_ways(plan),
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
    named: dict[str, Sequence[Area | Spot | Sheet | Prize]] = {
        "areas": plan.areas,
        "spots": plan.spots,
        "sheets": plan.sheets,
        "prizes": plan.prizes,
    }
    for field, things in named.items():
        seen: dict[str, int] = {}
        for index, thing in enumerate(things):
            if thing.id in seen:
                first = seen[thing.id]
                yield Mistake(
                    (field, index, "id"), f"an id of its own ({thing.id} is {field}[{first}])"
                )
            seen.setdefault(thing.id, index)
    tags: dict[int, str] = {}
    for index, spot in enumerate(plan.spots):
        other = tags.setdefault(spot_tag(spot.id), spot.id)
        if other != spot.id:
            yield Mistake(
                ("spots", index, "id"), f"an id whose code differs from that of {other}; rename one"
            )


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

"""A plan: a rally's definition, as data.

Shapes and simple bounds are msgspec types (so the JSON Schema comes for free); what spans
several fields is checked by `mistakes`. Reading a file with its line numbers is the service's.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, time
from itertools import chain
from typing import Annotated, NamedTuple
from zoneinfo import available_timezones

from msgspec import Meta, Struct

from domain.conditions import BingoLines, Condition, Count, Stamps
from domain.encoding import spot_tag

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
"""A text per language. The first language is the fallback for all others."""
LocalTime = Annotated[time, Meta(tz=False)]
"""A time of day in the rally's own zone, so it has no offset."""

SPOTS_MAX = 2_000
"""A card's spots are bits of one integer; past this a rally should be several rallies."""
DAYS_BETWEEN = (date(2000, 1, 1), date(2199, 12, 31))
"""A year typed wrongly is said at once; the end of the calendar has no next midnight."""


class Place(Struct, frozen=True, forbid_unknown_fields=True):
    """A point on earth, degrees in WGS 84."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]


class Area(Struct, frozen=True, forbid_unknown_fields=True):
    """A named group of spots."""

    id: Id
    names: Names


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


class Sheet(Struct, frozen=True, forbid_unknown_fields=True):
    """A bingo sheet: as many rows as columns, a spot in each square."""

    id: Id
    names: Names
    rows: Annotated[list[list[Id]], Meta(min_length=2, max_length=9)]


class OncePerRally(Struct, frozen=True, forbid_unknown_fields=True, tag="never", tag_field="kind"):
    """One visit per spot counts; a revisit is answered, not recorded."""


class OncePerDay(Struct, frozen=True, forbid_unknown_fields=True, tag="daily", tag_field="kind"):
    """A visit counts again on another day of the rally's time zone; the stamp is given once."""


class OncePerInterval(
    Struct, frozen=True, forbid_unknown_fields=True, tag="interval", tag_field="kind"
):
    """A visit counts again in the next interval (they start at 1970-01-01T00:00Z)."""

    minutes: Annotated[int, Meta(ge=1, le=100_000)]


Revisit = OncePerRally | OncePerDay | OncePerInterval


class Draw(Struct, frozen=True, forbid_unknown_fields=True, tag="draw", tag_field="kind"):
    """Winners are drawn; `chances` says how many tickets an entry is worth."""

    winners: Count
    chances: Annotated[
        str, Meta(pattern=r"^(one|per_line)$(?!\n)", description="one or per_line")
    ] = "one"


class FirstCome(
    Struct, frozen=True, forbid_unknown_fields=True, tag="first_come", tag_field="kind"
):
    """Handed over at once while stock lasts."""

    stock: Count | None = None


Giving = Draw | FirstCome


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
    sheets: list[Sheet] = []
    prizes: list[Prize] = []


class Mistake(NamedTuple):
    """What is wrong in a plan: where (`("spots", 3, "area")`) and what was expected there."""

    path: tuple[str | int, ...]
    expected: str


def text_in(names: dict[str, str], language: str) -> str:
    """The text in `language`, else in its base language, else in the plan's first one."""
    found = names.get(language) or names.get(language.split("-")[0])
    return found or next(iter(names.values()))


def lines_of(sheet: Sheet) -> list[list[str]]:
    """Rows, columns and the two diagonals of a sheet, as spot ids."""
    rows, size = sheet.rows, len(sheet.rows)
    columns = [[row[i] for row in rows] for i in range(size)]
    falling = [rows[i][i] for i in range(size)]
    rising = [rows[size - 1 - i][i] for i in range(size)]
    return [*rows, *columns, falling, rising]


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
        *_sheets(plan),
        *_prizes(plan),
    ]


def _period(plan: Plan) -> Iterator[Mistake]:
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
    spots = {spot.id for spot in plan.spots}
    for number, sheet in enumerate(plan.sheets):
        size = len(sheet.rows)
        for at, row in enumerate(sheet.rows):
            if len(row) != size:
                yield Mistake(("sheets", number, "rows", at), f"{size} squares, as there are rows")
            for square, spot in enumerate(row):
                if spot not in spots:
                    yield Mistake(
                        ("sheets", number, "rows", at, square), f"a spot of this plan, not {spot}"
                    )
        twice = [
            spot for spot, times in Counter(chain.from_iterable(sheet.rows)).items() if times > 1
        ]
        if twice:
            yield Mistake(("sheets", number, "rows"), f"each spot once ({', '.join(twice)})")


def _prizes(plan: Plan) -> Iterator[Mistake]:
    lines = sum(2 * len(sheet.rows) + 2 for sheet in plan.sheets)
    stamps = sum(spot.stamps for spot in plan.spots)
    for index, prize in enumerate(plan.prizes):
        where = ("prizes", index, "condition", "at_least")
        match prize.condition:
            case BingoLines(at_least) if at_least > lines:
                yield Mistake(where, f"at most {lines}, the lines of all sheets")
            case Stamps(at_least) if at_least > stamps:
                yield Mistake(where, f"at most {stamps}, the stamps of all spots")
        match prize.giving:
            case Draw(chances="per_line") if not plan.sheets:
                yield Mistake(
                    ("prizes", index, "giving", "chances"), "one, as this plan has no sheets"
                )

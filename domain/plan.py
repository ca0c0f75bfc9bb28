"""A plan: a rally's definition, as data.

Shapes and simple bounds are msgspec types (so the JSON Schema comes for free); what spans
several fields is checked by `domain/mistakes.py`. Reading a file with its line numbers is the
service's.
"""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from domain.conditions import (
    LINES,
    Condition,
    Count,
    Kind,
    Line,
)
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
SpotKind = Literal["printed", "rotating", "keyword", "quiz", "badge", "counted", "rally"]
"""How a stamp is had at a spot. Printed: by its poster. Rotating: by the code on the staff's screen
alone. Keyword, quiz: by an answer. Badge: staff scan the visitor. Counted: no stamp; staff count
guests, and nobody is known. Rally: by coming far enough in another rally (`domain.masters`)."""
UnknownPlace = Literal["accept", "refuse", "staff"]

SPOTS_MAX = 2_000
"""A card's spots are bits of one integer; past this a rally should be several rallies."""
SURVEY_QUESTIONS_MAX = 5
"""A longer one is not answered on a phone, in a shop."""
ASKING: frozenset[SpotKind] = frozenset(["keyword", "quiz"])
"""The kinds of spots that ask for an answer."""
BY_RALLY: Literal["rally"] = "rally"
"""The kind of spots that are other rallies, and what stands behind their stamps."""
_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
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
    rally: Id | None = None
    """Of the kind `rally`: which other one it is,"""
    complete: Condition | None = None
    """and what a card of that one must have come to."""


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


class Prize(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What may be won: under which condition, and how it is given."""

    id: Id
    names: Names
    condition: Condition
    giving: Giving
    by_post: bool = False
    """Sent to the winners' homes: whoever takes part in its draw says where that is."""


class Choice(Struct, frozen=True, forbid_unknown_fields=True):
    """One of the answers to a question of the survey."""

    id: Id
    text: Names


class SurveyQuestion(Struct, frozen=True, forbid_unknown_fields=True):
    """What visitors are asked when they have reached something: one choice, or none. No free text,
    in which people would write who they are."""

    id: Id
    text: Names
    choices: Annotated[list[Choice], Meta(min_length=2, max_length=9)]


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
    ranks_shown: bool = False
    """Whether each spot's staff see how it stands among the others by the visits of a day."""
    opens: LocalTime | None = None
    closes: LocalTime | None = None
    exceptions: list[DayException] = []
    sheets: list[Sheet] = []
    prizes: list[Prize] = []
    survey: Annotated[list[SurveyQuestion], Meta(max_length=SURVEY_QUESTIONS_MAX)] = []
    """What visitors are asked when they have reached something."""


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


def has_footfall(spot: Spot) -> bool:
    """Whether people come to it: a quiz is answered from anywhere."""
    return spot.kind != "quiz"


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

"""The data dictionary of a rally's open data: its tables, their columns, what each one means.

Other people's programs rely on it: what changes a name or a meaning is a new `SCHEMA_VERSION`; a
table or a column more is not. The sentences are message ids of the catalogues.
"""

from typing import Literal

from msgspec import Struct

SCHEMA_VERSION = 1
Type = Literal["string", "integer", "number", "date"]


class Column(Struct, frozen=True):
    """A column. `measure` names the counts it is made of (`domain.open_data.Counts`); such a column
    is empty where there is little or nothing. Other columns are the plan's."""

    name: str
    type: Type
    description: str
    unit: str | None = None
    measure: str | None = None


class Table(Struct, frozen=True):
    """A table; the first `keys` columns tell its rows apart."""

    name: str
    description: str
    keys: int
    columns: tuple[Column, ...]


def _count(name: str, description: str, unit: str, measure: str) -> Column:
    return Column(name, "integer", description, unit, measure)


def _visits(measure: str) -> Column:
    return _count("visits", "Visits to a spot: accepted scans.", "visits", measure)


def _guests(measure: str) -> Column:
    said = "Guests whom staff counted, at spots for that; no visits."
    return _count("headcount", said, "guests", measure)


_SPOT = Column("spot", "string", "The spot's id; its name is in the table spots.")
_AREA = Column("area", "string", "The area's id; its name is in the table spots.")
_DAY = Column("day", "date", "The day, in the rally's time zone.")

TABLES: tuple[Table, ...] = (
    Table(
        "rally",
        "The rally as a whole, in one row.",
        1,
        (
            Column("rally", "string", "The rally's id."),
            Column("name_ja", "string", "The name in Japanese, or else in the nearest language."),
            Column("name_en", "string", "The name in English, or else in the nearest language."),
            Column("time_zone", "string", "The time zone of all days and hours (IANA)."),
            Column("first_day", "date", "The first day."),
            Column("last_day", "date", "The last day."),
            Column("spots", "integer", "How many spots the plan has.", "spots"),
            _visits("languages"),
            _count("visitors", "Distinct visitors of the whole rally.", "visitors", "visitors"),
            _count(
                "headcount",
                "Guests whom staff counted, at spots for that; no visits.",
                "guests",
                "spot_headcount",
            ),
        ),
    ),
    Table(
        "spots",
        "The spots: shops, booths, gates, questions.",
        1,
        (
            Column("spot", "string", "The spot's id."),
            Column("name_ja", "string", "The name in Japanese, or else in the nearest language."),
            Column("name_en", "string", "The name in English, or else in the nearest language."),
            Column("area", "string", "The area's id."),
            Column("area_ja", "string", "The area's name in Japanese, or the nearest language."),
            Column("area_en", "string", "The area's name in English, or the nearest language."),
            Column("kind", "string", "How a stamp is had there, as the plan says it."),
            Column("latitude", "number", "Where it is (WGS 84), if the plan says so.", "degrees"),
            Column("longitude", "number", "Where it is (WGS 84), if the plan says so.", "degrees"),
        ),
    ),
    Table(
        "footfall_by_spot",
        "Footfall of each spot in the whole rally.",
        1,
        (
            _SPOT,
            _AREA,
            _visits("spot_visits"),
            _count("visitors", "Distinct visitors of the spot.", "visitors", "spot_visitors"),
            _count(
                "headcount",
                "Guests whom staff counted, at spots for that; no visits.",
                "guests",
                "spot_headcount",
            ),
        ),
    ),
    Table(
        "footfall_by_day",
        "Footfall of each spot on each day.",
        3,
        (
            _SPOT,
            _AREA,
            _DAY,
            _visits("visits"),
            _count(
                "headcount",
                "Guests whom staff counted, at spots for that; no visits.",
                "guests",
                "headcount",
            ),
        ),
    ),
    Table(
        "days",
        "All spots together, on each day.",
        1,
        (
            _DAY,
            _visits("day_visits"),
            _count("visitors", "Distinct visitors of the day.", "visitors", "day_visitors"),
        ),
    ),
    Table(
        "footfall_by_hour_of_day",
        "Visits of each area by the hour of the day, all days together.",
        2,
        (
            _AREA,
            Column("hour", "integer", "The hour that begins then, 0 to 23, local time.", "h"),
            _visits("hours"),
        ),
    ),
    Table(
        "flow_between_areas",
        "Moves from a spot to a visitor's next one on the same day, by area.",
        2,
        (
            Column("origin", "string", "The area from which visitors came."),
            Column("destination", "string", "The area to which they went; the same, within it."),
            _count("moves", "Moves from one spot to another.", "moves", "moves"),
        ),
    ),
    Table(
        "completion",
        "How far visitors came: how many cards have at least so many stamps.",
        1,
        (
            Column("stamps", "integer", "At least so many stamps.", "stamps"),
            _count("cards", "Cards: one a visitor, or one a day.", "cards", "cards"),
        ),
    ),
    Table(
        "languages",
        "Visits by the language in which visitors read their cards.",
        1,
        (
            Column("language", "string", "The language (BCP 47)."),
            _visits("languages"),
        ),
    ),
)
BY_NAME = {table.name: table for table in TABLES}

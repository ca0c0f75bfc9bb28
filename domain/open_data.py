"""The open data of a rally: what is counted for it, how that is blurred, and the published rows.

`blurred` and `tables` are all there is between the exact counts and the public, and `tables` does
not see the exact ones.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import Struct

from domain.close_out import is_final
from domain.events import OpenDataPublished
from domain.open_tables import Column
from domain.plan import Area, Plan, Spot, stamped_spots, text_in
from domain.rally import NotAllowed, Rally
from domain.suppression import Below, Measure, blur, odds_of, shown

OTHER = "other"
LANGUAGES = ("ja", "ja-Hrkt", "en", "zh-Hans", "zh-Hant", "ko", OTHER)
"""In which visitors read their cards; programs may say another one."""
LICENCES = ("CC-BY-4.0", "CC0-1.0")
"""Under which an organiser may publish (SPDX); or none is said."""

Row = tuple[Any, ...]


HEADCOUNTS = frozenset(["headcount", "spot_headcount"])
"""Of guests, who are no visitors: none is in any of the others."""


class Counts(Struct, frozen=True, kw_only=True):
    """What was counted of a rally, exactly or blurred; days as ISO dates.

    visits, headcount: by spot and day. spot_visits, spot_headcount, spot_visitors (distinct at the
    spot in the whole rally): by spot. day_visits, day_visitors (distinct on the day, at all spots):
    by day. hours: visits by area and hour of the day. languages: visits by language. visitors:
    distinct in the rally, one count. cards: with at least so many stamps. moves: by area of origin
    and of destination.
    """

    visits: Mapping[tuple[str, str], int]
    headcount: Mapping[tuple[str, str], int]
    spot_visits: Mapping[tuple[str], int]
    spot_visitors: Mapping[tuple[str], int]
    spot_headcount: Mapping[tuple[str], int]
    day_visits: Mapping[tuple[str], int]
    day_visitors: Mapping[tuple[str], int]
    hours: Mapping[tuple[str, int], int]
    languages: Mapping[tuple[str], int]
    visitors: Mapping[tuple[()], int]
    cards: Mapping[tuple[int], int]
    moves: Mapping[tuple[str, str], int]


def measures(plan: Plan) -> dict[str, Measure]:
    """How each of the counts is blurred. One visit more is one more in each, but as many cards have
    one of the steps more as it gives stamps, and a visit between two others takes one move away
    and adds two. A guest whom staff counted is in `HEADCOUNTS` alone."""
    stamps_max = max(1, *(spot.stamps for spot in plan.spots))
    return dict.fromkeys(Counts.__struct_fields__, Measure(5)) | {
        "visits": Measure(2),
        "headcount": Measure(2),
        "cards": Measure(5, touches=stamps_max),
        "moves": Measure(5, touches=3),
    }


def cells(plan: Plan) -> dict[str, list[Row]]:
    """The cells of each of the counts: by the plan alone, so that none tells by being there. Guests
    are counted at the spots that are for that, stamps are given at the others."""
    spots, areas = [spot.id for spot in stamped_spots(plan)], [area.id for area in plan.areas]
    counted = [spot.id for spot in plan.spots if spot.kind == "counted"]
    days = [day.isoformat() for day in _days(plan)]
    by_spot: list[Row] = [(spot,) for spot in spots]
    by_day: list[Row] = [(day,) for day in days]
    return {
        "visits": [(spot, *day) for spot in spots for day in by_day],
        "headcount": [(spot, *day) for spot in counted for day in by_day],
        "spot_headcount": [(spot,) for spot in counted],
        "spot_visits": by_spot,
        "spot_visitors": by_spot,
        "day_visits": by_day,
        "day_visitors": by_day,
        "hours": [(area, hour) for area in areas for hour in range(24)],
        "languages": [(language,) for language in LANGUAGES],
        "visitors": [()],
        "cards": [(n,) for n in range(1, 1 + sum(spot.stamps for spot in plan.spots))],
        "moves": [(origin, destination) for origin in areas for destination in areas],
    }


def spoken(language: str) -> str:
    """The cell of a language."""
    return language if language in LANGUAGES else OTHER


def _days(plan: Plan) -> Iterator[date]:
    for n in range((plan.last_day - plan.first_day).days + 1):
        yield plan.first_day + timedelta(days=n)


def blurred(plan: Plan, exact: Counts, below: Below) -> Counts:
    """The counts with their errors; what is not of the plan is left out."""
    how, which = measures(plan), cells(plan)
    return Counts(
        **{
            name: blur(how[name], getattr(exact, name), which[name], below)
            for name in Counts.__struct_fields__
        }
    )


def tables(plan: Plan, counts: Counts) -> dict[str, list[Row]]:
    """The rows of each table of `domain.open_tables`, made of blurred counts and the plan."""
    area_of = {spot.id: spot.area for spot in plan.spots}
    areas = {area.id: area for area in plan.areas}
    days = [day for (day,) in counts.day_visits]
    return {
        "rally": [_rally(plan, counts)],
        "spots": [_spot(spot, areas[spot.area]) for spot in plan.spots],
        "footfall_by_spot": [
            (
                spot,
                area,
                *_people(counts.spot_visits.get((spot,), 0), counts.spot_visitors.get((spot,), 0)),
                shown(counts.spot_headcount.get((spot,), 0)),
            )
            for spot, area in area_of.items()
        ],
        "footfall_by_day": [
            (
                spot,
                area,
                day,
                shown(counts.visits.get((spot, day), 0)),
                shown(counts.headcount.get((spot, day), 0)),
            )
            for spot, area in area_of.items()
            for day in days
        ],
        "days": [
            (day, *_people(visits, counts.day_visitors[day,]))
            for (day,), visits in counts.day_visits.items()
        ],
        "footfall_by_hour_of_day": [(*cell, shown(n)) for cell, n in counts.hours.items()],
        "flow_between_areas": [(*cell, shown(n)) for cell, n in counts.moves.items()],
        "completion": list(_funnel(counts.cards)),
        "languages": [(*cell, shown(n)) for cell, n in counts.languages.items()],
    }


def _rally(plan: Plan, counts: Counts) -> Row:
    return (
        plan.rally,
        text_in(plan.names, "ja"),
        text_in(plan.names, "en"),
        plan.time_zone,
        plan.first_day.isoformat(),
        plan.last_day.isoformat(),
        len(plan.spots),
        *_people(sum(counts.languages.values()), counts.visitors[()]),
        shown(sum(counts.spot_headcount.values())),
    )


def _spot(spot: Spot, area: Area) -> Row:
    return (
        spot.id,
        text_in(spot.names, "ja"),
        text_in(spot.names, "en"),
        area.id,
        text_in(area.names, "ja"),
        text_in(area.names, "en"),
        spot.kind,
        spot.place and spot.place.lat,
        spot.place and spot.place.lon,
    )


def _people(visits: int, visitors: int) -> tuple[int | None, int | None]:
    """Visits and visitors as shown: who comes makes a visit, also when blurred."""
    return shown(visits), shown(min(visitors, visits))


def _funnel(cards: Mapping[tuple[int], int]) -> Iterator[Row]:
    """Never rising, also when blurred."""
    fewest: int | None = None
    for (stamps,), count in cards.items():
        fewest = count if fewest is None else min(count, fewest)
        yield stamps, shown(fewest)


def publish(
    rally: Rally, digest: str, made_at: datetime, licence: str | None, now: datetime, by: str
) -> OpenDataPublished | None:
    """Make tables public: those of `digest`, once and for good. None if they are already."""
    if rally.open_data is not None and rally.open_data.digest == digest:
        return None
    may_make(rally, now)
    if not is_final(rally, made_at):
        raise NotAllowed("open_data_outdated", "Visits may have come since: make the tables again.")
    if licence is not None and licence not in LICENCES:
        raise NotAllowed("licence_unknown", f"A licence is one of {', '.join(LICENCES)}.")
    return OpenDataPublished(
        rally=rally.plan.rally, occurred_at=now, digest=digest, licence=licence, by=by
    )


def may_make(rally: Rally, now: datetime) -> None:
    """Raise NotAllowed while visits are still to come: what is published is complete, and once."""
    if rally.open_data is not None:
        raise NotAllowed("open_data_published", "Open data was published; it is not made twice.")
    if not is_final(rally, now):
        raise NotAllowed(
            "rally_not_over",
            "Open data is made when the results are frozen, or no late scan can come any more.",
        )


def odds(plan: Plan) -> int:
    """How many times as likely with a visit as without it a publication is at most."""
    how = measures(plan)
    together = odds_of(each for name, each in how.items() if name not in HEADCOUNTS)
    return -(-together.numerator // together.denominator)


def margin(plan: Plan, column: Column, rows: int) -> int | None:
    """How far off a figure of a column is at most, 19 times of 20; a table of fewer rows than there
    were counts sums them. None for what is no count."""
    if column.measure is None:
        return None
    summed = -(-len(cells(plan)[column.measure]) // max(rows, 1))
    return measures(plan)[column.measure].margin(max(summed, 1))

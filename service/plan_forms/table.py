"""A table of spots, from a file or a spreadsheet: what is right, and what is wrong where."""

import csv
import io
from typing import Any, NamedTuple

from domain.mistakes import mistakes
from domain.plan import Plan, Spot
from service.plan_files.convert import converted, item_mistaken, read_times
from service.plan_files.csv_spots import (
    COLUMNS_PER_LANGUAGE,
    CsvTable,
    Rows,
    column_path,
    delimiter_of,
)
from service.plan_files.document import Document, FileMistake, PlanMistakes
from service.plan_forms.columns import understood
from service.plan_forms.completing import completed
from service.plan_forms.form import Values, copied, items

ROWS_MAX = 2_000
_TEXTS = frozenset(COLUMNS_PER_LANGUAGE.values())
_ELSEWHERE = ("question",)
"""What a spot may lack that no table can hold: it is filled in later, in the spot's own form."""


class Row(NamedTuple):
    """A row: the line it begins on, its spot as plain values, and what is wrong in it."""

    line: int
    spot: Values
    mistakes: list[FileMistake]


class Table(NamedTuple):
    """A table as it was understood. `areas` are those of the plan and the new ones; `left_out` are
    headings that mean nothing here; `mistakes` concern the whole of it."""

    rows: list[Row]
    areas: list[Values]
    new_areas: list[Values]
    left_out: list[str]
    mistakes: list[FileMistake]
    fields: frozenset[str]
    """What the columns say of a spot."""
    wrong: str
    """The heading and the rows with mistakes, as they were typed."""


def read_table(text: str, values: Values, language: str) -> Table:
    """The spots that `text` says, for a plan that says `values` so far. Headings without a
    language are in `language`."""
    document = Document("")
    document.values = {"areas": [], "spots": []}
    table = CsvTable("", document)
    try:
        rows = table.rows(text.strip("\n"))
        if len(rows) > ROWS_MAX + 1:
            document.stop(FileMistake("", rows[ROWS_MAX + 1][0], "", _too_many()))
        named, left_out = understood(rows, language)
        plan = copied({field: values.get(field, []) for field in ("areas", "spots")})
        before = items(plan, "areas")
        whole = completed(named, plan, language)
        spots = table.spots(whole)
    except PlanMistakes as unread:
        return Table([], items(values, "areas"), [], [], unread.mistakes, frozenset(), text)
    document.values = {"areas": items(plan, "areas"), "spots": copied({"": spots})[""]}
    read_times(document.values)
    found = [*document.mistakes, *_mistaken(document)]
    body = _rows(whole, spots, found)
    wrong = [row.line for row in body if row.mistakes]
    new = items(plan, "areas")[len(before) :]
    return Table(
        body, items(plan, "areas"), new, left_out, [], _fields(named), _raw(text, rows, wrong)
    )


def taken(values: Values, table: Table, *, replace: bool) -> Values:
    """The values with the table's right rows: in place of all spots, or put to them. A spot that
    was there keeps what no table can hold; one whose row is still to be mended stays as it was."""
    after = copied(values)
    known = {str(spot.get("id")): spot for spot in items(after, "spots")}
    right = {str(row.spot["id"]): row.spot for row in table.rows if not row.mistakes}
    merged = {id_: _renewed(known.get(id_, {}), spot, table.fields) for id_, spot in right.items()}
    kept = _unmended(known, table) if replace else known
    after["spots"] = list({**kept, **merged}.values())
    used = {spot.get("area") for spot in after["spots"]}
    known_areas = {area.get("id") for area in items(values, "areas")} if not replace else set()
    after["areas"] = [each for each in table.areas if each.get("id") in used | known_areas]
    return after


def _unmended(known: dict[str, Values], table: Table) -> dict[str, Values]:
    """The spots that rows with mistakes mean, by their id or one of their names."""
    wrong = [row.spot for row in table.rows if row.mistakes]
    ids, names = {str(spot.get("id")) for spot in wrong}, set().union(*map(_names, wrong))
    return {id_: spot for id_, spot in known.items() if id_ in ids or names & _names(spot)}


def _names(spot: Values) -> set[str]:
    return {str(name) for name in (spot.get("names") or {}).values()}


def _fields(rows: Rows) -> frozenset[str]:
    return frozenset(str(path[0]) for name in rows[0][1] if (path := column_path(name)))


def _renewed(known: Values, spot: Values, fields: frozenset[str]) -> Values:
    """A spot that was there, with what the table says of it: of `fields`, all; of a text in several
    languages, those that it has."""
    kept = {field: value for field, value in known.items() if field not in fields}
    for field in _TEXTS & known.keys() & spot.keys():
        spot = {**spot, field: {**known[field], **spot[field]}}
    return {**kept, **spot}


def _too_many() -> str:
    return f"a list of length {ROWS_MAX} or less"


def _mistaken(document: Document) -> list[FileMistake]:
    """What is wrong in the rows: in their fields first, then between those that are right."""
    spots = document.values["spots"]
    found = {n: item_mistaken(document, ("spots", n), Spot) for n in range(len(spots))}
    right = [n for n, wrong in found.items() if not wrong]
    if not right:
        return [each for wrong in found.values() for each in wrong]
    plan = _standing_in(document, right)
    later = [
        document.mistake(("spots", right[int(path[1])], *path[2:]), expected)
        for path, expected in mistakes(plan)
        if path[0] == "spots" and path[2:3] != _ELSEWHERE
    ]
    return [*(each for wrong in found.values() for each in wrong), *later]


def _standing_in(document: Document, right: list[int]) -> Plan:
    """A plan of the right rows alone, to ask for their mistakes."""
    alone = Document("")
    spots = document.values["spots"]
    names = {"en": "-"}
    said: dict[str, Any] = {"rally": "x", "names": names, "time_zone": "UTC"}
    said |= {"first_day": "2000-01-01", "last_day": "2000-01-01"}
    areas = [{"id": each.get("id"), "names": names} for each in document.values["areas"]]
    alone.values = copied({**said, "areas": areas, "spots": [spots[n] for n in right]})
    return converted(alone)


def _rows(rows: Rows, spots: list[Values], found: list[FileMistake]) -> list[Row]:
    by_line: dict[int | None, list[FileMistake]] = {}
    for mistake in dict.fromkeys(found):
        by_line.setdefault(mistake.line, []).append(mistake)
    lines = [line for line, _ in rows[1:]]
    return [Row(line, spot, by_line.get(line, [])) for line, spot in zip(lines, spots, strict=True)]


def _raw(text: str, rows: Rows, lines: list[int]) -> str:
    """The heading and the rows of these lines, as text again."""
    if not lines:
        return ""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter_of(text), lineterminator="\n")
    writer.writerows(cells for line, cells in rows if line in {rows[0][0], *lines})
    return out.getvalue()

"""Spots from a CSV file, as a spreadsheet saves it."""

import csv
import io
import posixpath
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from domain.plan import Language
from service.plan_files.document import (
    Document,
    FileMistake,
    Steps,
    Where,
    clipped,
    decoded,
    reason,
    short,
)
from service.plan_files.values import CONTROL, plain
from service.plan_files.words import did_you_mean, is_a

Rows = list[tuple[int, list[str]]]
"""The rows of a table, each with the line it begins on."""
OpenCsv = Callable[[str], bytes]
"""The content of a CSV named by the plan, relative to it. Raises OSError if there is none."""

COLUMNS: dict[str, Steps] = {
    "id": ("id",),
    "area": ("area",),
    "kind": ("kind",),
    "stamps": ("stamps",),
    "capacity": ("capacity",),
    "lat": ("place", "lat"),
    "lon": ("place", "lon"),
    "radius_m": ("near", "radius_m"),
    "opens": ("opens",),
    "closes": ("closes",),
}
COLUMNS_PER_LANGUAGE = {"name": "names", "address": "address", "closed_days": "closed_days"}
_REQUIRED = {
    "id": ("id", "this column"),
    "names": ("name_ja", "this column, or that of another language"),
    "area": ("area", "this column"),
}
_NUMBER_COLUMNS = {"stamps", "capacity", "lat", "lon", "radius_m"}
_KNOWN_COLUMNS = [*COLUMNS, *(f"{stem}_ja" for stem in COLUMNS_PER_LANGUAGE)]


def take_csv_spots(document: Document, open_csv: OpenCsv) -> None:
    """Put the rows of the CSV where the plan says `spots: {csv: FILE}`."""
    spots = document.value_at(("spots",))
    if not isinstance(spots, dict):
        return
    name = spots.get("csv")
    if len(spots) != 1 or not isinstance(name, str):
        document.stop(document.mistake(("spots",), "a list of spots, or {csv: FILE}"))
    inside = PurePosixPath(name)
    foreign = "\\" in name or ":" in name or not name.isprintable()
    if foreign or inside.is_absolute() or ".." in inside.parts:
        expected = "a file in the plan's folder or below it"
        document.stop(document.mistake(("spots", "csv"), expected))
    try:
        raw = open_csv(name)
    except OSError as error:
        expected = f"a CSV file that can be read ({reason(error)})"
        document.stop(document.mistake(("spots", "csv"), expected))
    file = posixpath.join(posixpath.dirname(document.name), name)
    text = decoded(raw, file, 'UTF-8 text (in Excel: save as "CSV UTF-8")')
    table = CsvTable(file, document)
    document.values["spots"] = table.spots(table.rows(text))


class CsvTable:
    """Spots from the rows of a CSV."""

    def __init__(self, file: str, document: Document) -> None:
        self._file = file
        self._document = document

    def spots(self, rows: Rows) -> list[dict[str, Any]]:
        """A spot for each row but the first, which names the columns; in order, as plain values."""
        if not rows:
            self._document.stop(self._mistake(1, "", "a row that names the columns"))
        (line, header), *body = rows
        columns = self._columns(line, header)
        return [self._spot(n, at, columns, cells) for n, (at, cells) in enumerate(body)]

    def _mistake(self, line: int, column: str, expected: str, found: str = "") -> FileMistake:
        shown = short(found) if found else ""
        return FileMistake(
            self._file, line, column and f"column {clipped(column)}", expected, shown
        )

    def rows(self, text: str) -> Rows:
        """Each row that is not blank with the line it begins on, its cells trimmed."""
        delimiter = delimiter_of(text)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows, line = [], 1
        try:
            for cells in reader:
                if any(cells):
                    rows.append((line, [cell.strip().replace("\r\n", "\n") for cell in cells]))
                line = reader.line_num + 1
        except csv.Error as error:
            self._document.stop(self._mistake(line, "", f"a row of a CSV ({error})"))
        return rows

    def _columns(self, line: int, header: list[str]) -> list[tuple[str, Steps]]:
        """The columns' names and where their cells belong in a spot."""
        columns: list[tuple[str, Steps]] = []
        for name in header:
            path = column_path(name)
            if path is None:
                self._unknown_column(line, name)
            elif (name, path) in columns:
                self._document.mistakes.append(self._mistake(line, name, "each column once"))
            else:
                columns.append((name, path))
        given = {path[0] for _, path in columns}
        for field, (name, expected) in _REQUIRED.items():
            if field not in given:
                self._document.mistakes.append(self._mistake(line, name, expected))
        self._document.stop_if_mistaken()
        return columns

    def _unknown_column(self, line: int, name: str) -> None:
        known = [*COLUMNS, *(f"{stem}_<language>" for stem in COLUMNS_PER_LANGUAGE)]
        expected = f"one of: {', '.join(known)}{did_you_mean(name, _KNOWN_COLUMNS)}"
        self._document.mistakes.append(self._mistake(line, name or '""', expected))

    def _spot(
        self, number: int, line: int, columns: list[tuple[str, Steps]], cells: list[str]
    ) -> dict[str, Any]:
        where = self._document.where
        at: Steps = ("spots", number)
        where[at] = Where(self._file, line, "")
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            expected = f"{len(columns)} cells, as there are columns"
            self._document.mistakes.append(self._mistake(line, "", expected, str(len(cells))))
        spot: dict[str, Any] = {}
        for index, (name, path) in enumerate(columns):
            where[at + path] = Where(self._file, line, f"column {name}")
            where.setdefault(at + path[:1], where[at + path])
            cell = cells[index] if index < len(cells) else ""
            if CONTROL.search(cell):
                expected = "a text without control characters"
                self._document.mistakes.append(self._mistake(line, name, expected))
            if cell:
                _put(spot, path, plain(cell) if name in _NUMBER_COLUMNS else cell)
        return spot


def delimiter_of(text: str) -> str:
    """What stands between the cells. Where a comma is the decimal point, Excel puts semicolons;
    what is copied from a spreadsheet has tabs."""
    first_line = text.lstrip().split("\n", 1)[0]
    return max(",;\t", key=first_line.count)


def _put(spot: dict[str, Any], path: Steps, value: object) -> None:
    inner = spot
    for step in path[:-1]:
        inner = inner.setdefault(str(step), {})
    inner[str(path[-1])] = value


def column_path(name: str) -> Steps | None:
    """Where the cells of a column belong in a spot; None if there is no such column."""
    if name in COLUMNS:
        return COLUMNS[name]
    stem, _, language = name.rpartition("_")
    if stem in COLUMNS_PER_LANGUAGE and is_a(language, Language):
        return (COLUMNS_PER_LANGUAGE[stem], language)
    return None

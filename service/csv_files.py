"""Tables as CSV files, for people who open them in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from aiohttp import web

from domain.spreadsheets import plain_cell
from service.answers import file_answer

CSV = "text/csv"
BOM = "\ufeff"
"""Excel takes a file without it for one of the system's old encoding."""


def wants_csv(request: web.Request) -> bool:
    """Whether the address asks for figures as CSV rather than JSON."""
    return request.path.endswith(".csv")


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> web.Response:
    """A table as a file called `name`.csv: RFC 4180, UTF-8 with a mark that says so."""
    answer = file_answer(csv_of(header, rows), CSV, f"{name}.csv")
    answer.enable_compression()
    return answer


def csv_of(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The table as bytes."""
    return "".join([BOM, csv_line(header), *map(csv_line, rows)]).encode()


def csv_line(cells: Sequence[object]) -> str:
    """A row with its end. None is an empty cell; no text is taken for a formula."""
    line = io.StringIO()
    csv.writer(line).writerow([_cell(value) for value in cells])
    return line.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    return plain_cell(value) if isinstance(value, str) else value

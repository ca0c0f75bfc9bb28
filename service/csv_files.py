"""Tables as CSV files, for people who open them in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from aiohttp import web

from service.answers import NOSNIFF

_BOM = "\ufeff"
"""Excel takes a file without it for one of the system's old encoding."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would carry out rather than show (OWASP, CSV injection)."""


def wants_csv(request: web.Request) -> bool:
    """Whether the address asks for figures as CSV rather than JSON."""
    return request.path.endswith(".csv")


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> web.Response:
    """A table as a file called `name`.csv: RFC 4180, UTF-8 with a mark that says so."""
    answer = web.Response(
        body=csv_of(header, rows),
        content_type="text/csv",
        charset="utf-8",
        headers={
            **NOSNIFF,
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}.csv"',
        },
    )
    answer.enable_compression()
    return answer


def csv_of(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The table as bytes. None is an empty cell."""
    text = io.StringIO()
    text.write(_BOM)
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value

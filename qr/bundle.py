"""Codes as files: an SVG and a PNG each, and a list of what they say."""

import csv
from collections.abc import Iterable, Iterator
from io import BytesIO, StringIO
from zipfile import ZIP_DEFLATED, ZipFile

from domain.spreadsheets import plain_cell
from qr.images import png, svg
from qr.posters import Poster

# Windows takes these for devices, whatever their ending:
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{name}{n}" for name in ("com", "lpt") for n in range(10)),
}


def file_name(spot: str) -> str:
    """What the files of a spot are called. Ids are safe (`domain.plan.Id`) but for a few."""
    return f"{spot}_" if spot in _DEVICES else spot


def pictures(spot: str, address: str) -> Iterator[tuple[str, bytes]]:
    """The names and contents of a code's files."""
    yield f"{file_name(spot)}.svg", svg(address).encode()
    yield f"{file_name(spot)}.png", png(address)


def listed(posters: Iterable[Poster]) -> bytes:
    """What each code says, as CSV that spreadsheets open as UTF-8."""
    out = StringIO(newline="")
    rows = ((each.spot, plain_cell(each.names[0].text), each.address) for each in posters)
    csv.writer(out).writerows([("spot", "name", "address"), *rows])
    return out.getvalue().encode("utf-8-sig")


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Files as one ZIP."""
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()

"""The catalogue: every projection, by name. A new one is a folder and a line here."""

from pathlib import Path
from typing import NamedTuple

_ROOM = Path(__file__).parent


class Projection(NamedTuple):
    """A projection: its statements, and how many of a gathered row's first columns are its key."""

    name: str
    keys: int
    table: str
    gather: str
    write: str
    read: str


def _projection(name: str, keys: int) -> Projection:
    def text(part: str) -> str:
        return (_ROOM / name / f"{part}.sql").read_text(encoding="utf-8")

    return Projection(name, keys, text("table"), text("gather"), text("write"), text("read"))


FOOTFALL = _projection("footfall", keys=3)

CATALOGUE = {projection.name: projection for projection in (FOOTFALL,)}

"""The contract of a projection: a folder with its tables, and `take`, which adds stretches to them.

Whoever calls `take` has claimed the projection, has chosen the schema (the search path names it
first) and moves the progress in the same transaction. So a projection knows nothing of following,
rebuilding or verifying, and all three do the same.
"""

from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import asyncpg

ROOM = Path(__file__).parent


class Stretch(NamedTuple):
    """The positions of a bucket after `after`, up to and with `until`."""

    bucket: int
    after: int
    until: int


class NotUnderstood(Exception):  # noqa: N818 - it names what is not
    """A fact cannot be applied. The text says why, and holds nothing of anybody's data."""


class Projection:
    """A projection. `tables` are what table.sql creates.

    `made_of` are files outside the folder that its rows depend on: a change of any of them is a
    change of the definition, so the tables are built anew. `judges_by_plan`: rows follow from the
    plan as it is now, so a changed plan changes them.
    """

    def __init__(
        self,
        name: str,
        tables: Sequence[str],
        made_of: Sequence[Path] = (),
        *,
        judges_by_plan: bool = False,
    ) -> None:
        self.judges_by_plan = judges_by_plan
        self.name = name
        self.tables = tuple(tables)
        self.folder = ROOM / name
        self._made_of = tuple(made_of)

    def sql(self, part: str) -> str:
        """The text of one of the folder's statements: it is asked for at every batch and read."""
        return _text(self.folder / f"{part}.sql")

    @cached_property
    def definition(self) -> str:
        """A hash of every file that says what the rows are, which read*.sql do not."""
        files = [path for path in self.folder.iterdir() if path.suffix in (".py", ".sql")]
        digest = sha256()
        for path in sorted((*files, *self._made_of)):
            if not (path.name.startswith("read") and path.suffix == ".sql"):
                digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()[:16]

    async def take(self, connection: asyncpg.Connection, stretches: Sequence[Stretch]) -> None:
        """Add what `stretches` hold to the tables. Raises when a fact cannot be understood."""
        raise NotImplementedError


def columns(rows: Iterable[tuple[object, ...]]) -> list[list[object]]:
    """Rows as an array a column, as `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)]


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")

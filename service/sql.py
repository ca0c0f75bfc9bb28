"""SQL lives in .sql files, one operation each; this reads them once."""

from functools import cache
from pathlib import Path

_DATABASE = Path(__file__).parent / "database" / "sql"


@cache
def statement(path: Path) -> str:
    """The text of a .sql file."""
    return path.read_text(encoding="utf-8")


def stored(name: str) -> str:
    """The text of a file of `database/sql`, by its name without the ending."""
    return statement(_DATABASE / f"{name}.sql")

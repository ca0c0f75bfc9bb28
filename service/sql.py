"""SQL lives in .sql files, one operation each; this reads them once."""

from functools import cache
from pathlib import Path


@cache
def statement(path: Path) -> str:
    """The text of a .sql file."""
    return path.read_text(encoding="utf-8")

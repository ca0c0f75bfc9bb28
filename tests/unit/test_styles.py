"""Style sheets are whole: one brace too few, and a browser quietly drops what follows."""

import re
from pathlib import Path

import pytest

from service.pages.render import STATIC

SHEETS = sorted(STATIC.glob("*.css"))


def test_there_are_style_sheets() -> None:
    assert len(SHEETS) >= 2


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_every_block_is_closed_where_it_ends(sheet: Path) -> None:
    """Blocks lie two deep at most: rules in a query. A comment begins on the outermost level."""
    text = re.sub(r'"[^"\n]*"', '""', sheet.read_text(encoding="utf-8"))
    deep = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("/*"):
            assert deep == 0, f"line {number}: a block above is still open"
        line = re.sub(r"/\*.*?\*/", "", line)
        deep += line.count("{") - line.count("}")
        assert 0 <= deep <= 2, f"line {number}"
    assert deep == 0

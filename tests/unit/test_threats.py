"""THREATS.md names tests that there are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
FILES = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py")}
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in (ROOT / "THREATS.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| **")
]


def test_there_are_threats() -> None:
    assert len(ROWS) > 30
    assert all(len(row) == 4 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].split("**")[1].replace(" ", "_")[:40])
def test_every_defence_names_a_test_that_there_is(row: list[str]) -> None:
    threat, defence, tests, _ = row
    assert defence, threat
    named = re.findall(r"test_\w+\.py", tests)
    assert named, threat
    assert sorted(set(named) - FILES.keys()) == []
    functions = set(re.findall(r"`(?:\w+\.py::)?(test_\w+)`", tests))
    texts = "".join(FILES[name] for name in named)
    assert [name for name in functions if f"def {name}(" not in texts] == []

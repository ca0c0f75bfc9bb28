"""The data dictionary: in the program and in the documents the same, and complete."""

from pathlib import Path

from builders import plan

from domain.open_data import Counts, measures
from domain.open_tables import SCHEMA_VERSION, TABLES, Table

PAGE = Path(__file__).parents[2] / "docs" / "open-data.md"


def told(table: Table) -> str:
    """A table as docs/open-data.md has it."""
    lines = [f"### `{table.name}`", "", table.description, ""]
    lines += ["| column | type | unit | what it means |", "|---|---|---|---|"]
    for at, column in enumerate(table.columns):
        key = " (key)" if at < table.keys else ""
        lines.append(
            f"| `{column.name}`{key} | {column.type} | {column.unit or ''} | {column.description} |"
        )
    return "\n".join(lines)


def test_the_documents_have_the_dictionary_of_the_program() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## The tables\n")[2]
    intro, _, rest = text.partition("### ")
    assert f"Version {SCHEMA_VERSION} of the schema." in intro
    assert f"### {rest}".strip() == "\n\n".join(map(told, TABLES))


def test_every_count_is_of_a_measure_and_every_measure_is_documented() -> None:
    text = PAGE.read_text(encoding="utf-8")
    known = measures(plan())
    assert set(known) == set(Counts.__struct_fields__)
    for table in TABLES:
        for column in table.columns:
            assert column.measure is None or column.measure in known
    for name, measure in known.items():
        (row,) = [
            line
            for line in text.splitlines()
            if line.startswith("| `") and f"`{name}`" in line.split("|")[1] and "±" in line
        ]
        if name not in ("cards", "headcount", "spot_headcount"):
            assert f"±{measure.margin()}" in row
            assert f"| {measure.width} |" in row

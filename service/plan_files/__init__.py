"""Plans as people write them: YAML or JSON, the spots also as CSV; and what is wrong, by line.

A text becomes plain values with the line of each (`values`, `csv_spots`), the values become a
`Plan` (`convert`), and the plan is asked for its `mistakes`. Whatever is wrong on the way comes out
as `PlanMistakes` and as nothing else: a plan may come from a stranger's upload.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from domain.mistakes import Mistake, mistakes
from domain.plan import Plan
from service.plan_files.convert import converted
from service.plan_files.csv_spots import OpenCsv, take_csv_spots
from service.plan_files.document import (
    FILE_BYTES_MAX,
    Document,
    FileMistake,
    PlanMistakes,
    decoded,
    reason,
)
from service.plan_files.values import Reader

__all__ = ["FileMistake", "OpenCsv", "PlanMistakes", "parse_plan", "read_plan"]


Asked = Callable[[Plan], Iterable[Mistake]]
"""What else is wrong in a plan: what only the rallies that there are can tell."""


def nothing_else(_: Plan) -> Iterable[Mistake]:
    """Where no rally is known."""
    return ()


def read_plan(path: Path, more: Asked = nothing_else) -> Plan:
    """The plan in the file `path`, its CSV read from the same folder. Raises PlanMistakes."""

    def open_csv(name: str) -> bytes:
        folder = path.parent.resolve()
        file = (folder / name).resolve()
        if not file.is_relative_to(folder):
            raise PermissionError(None, "it lies outside the plan's folder")
        return _content(file)

    try:
        text = _content(path)
    except OSError as error:
        expected = f"a file that can be read ({reason(error)})"
        raise PlanMistakes([FileMistake(str(path), None, "", expected)]) from None
    return parse_plan(text, str(path), open_csv, more)


def parse_plan(text: bytes, name: str, open_csv: OpenCsv, more: Asked = nothing_else) -> Plan:
    """The plan that `text` says. `name` is what mistakes call it. Raises PlanMistakes.

    A text of the largest size takes seconds: a server calls this in a thread.
    """
    document = Document(name)
    document.values = Reader(decoded(text, name, "UTF-8 text"), document).read()
    document.stop_if_mistaken()
    take_csv_spots(document, open_csv)
    document.stop_if_mistaken()
    plan = converted(document)
    document.mistakes += [document.mistake(*one) for one in (*mistakes(plan), *more(plan))]
    document.stop_if_mistaken()
    return plan


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FILE_BYTES_MAX + 1)

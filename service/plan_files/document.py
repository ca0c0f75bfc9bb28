"""What was read of a plan: values, where each was said, and the mistakes met so far."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple, NoReturn

FILE_BYTES_MAX = 2_000_000
"""A plan of 2,000 spots is a quarter of this; more is a wrong file, and slow to read."""
MISTAKES_MAX = 100
"""So many mistakes are told at once; whoever mends these asks again."""
FOUND_LENGTH_MAX = 40

Steps = tuple[str | int, ...]
"""The way to a value: `("spots", 3, "area")`."""


class FileMistake(NamedTuple):
    """A mistake as its author needs it: which file and line, which field, what was expected."""

    file: str
    line: int | None
    field: str
    expected: str
    found: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        field = f"{self.field}: " if self.field else ""
        found = f" (found {self.found})" if self.found else ""
        return f"{place}: {field}expected {self.expected}{found}"


class PlanMistakes(Exception):  # noqa: N818 - it is a list of mistakes, the plan's author's
    """Mistakes in a plan, a line each, in the order of their lines."""

    def __init__(self, found: Iterable[FileMistake]) -> None:
        ordered = sorted(dict.fromkeys(found), key=lambda one: (one.file, one.line or 0))
        self.mistakes = ordered[:MISTAKES_MAX]
        lines = [str(mistake) for mistake in self.mistakes]
        if len(ordered) > MISTAKES_MAX:
            lines.append(f"… and {len(ordered) - MISTAKES_MAX} more mistakes")
        super().__init__("\n".join(lines))


class Where(NamedTuple):
    """Where a value was said. `field` is None if its path says enough."""

    file: str
    line: int
    field: str | None = None


class Document:
    """What was read: plain values, where each was said, and the mistakes met so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.values: Any = None
        self.where: dict[Steps, Where] = {}
        self.mistakes: list[FileMistake] = []

    def mistake(self, path: Steps, expected: str, found: object = None) -> FileMistake:
        """A mistake at `path`, or at the nearest place above it that the text has."""
        value = self.value_at(path) if found is None else found
        at = Where(self.name, 1)
        for length in range(len(path), -1, -1):
            if path[:length] in self.where:
                at = self.where[path[:length]]
                break
        field = dotted(path) if at.field is None else at.field
        return FileMistake(at.file, at.line, field, expected, short(value))

    def value_at(self, path: Steps) -> object:
        """The value at `path`; None if there is none."""
        value = self.values
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def stop_if_mistaken(self) -> None:
        """Raise what was found so far, if anything."""
        if self.mistakes:
            raise PlanMistakes(self.mistakes)

    def stop(self, *more: FileMistake) -> NoReturn:
        """Raise what was found so far and `more`: there is no reading on."""
        raise PlanMistakes([*self.mistakes, *more])


def dotted(path: Steps) -> str:
    """A path as text: `spots[3].area`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{clipped(step)}" for step in path)
    return text.removeprefix(".")


def clipped(text: str, length: int = FOUND_LENGTH_MAX) -> str:
    """A text from outside as a mistake may repeat it: on one line, and not all of a long one."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[:length] + "…"


def short(value: object) -> str:
    """A plain value as a mistake may show it; nothing if it is long or has parts."""
    if not isinstance(value, str | int | float):
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= FOUND_LENGTH_MAX else ""


def decoded(text: bytes, name: str, expected: str) -> str:
    """The text of a file called `name`, with or without a byte order mark."""
    if len(text) > FILE_BYTES_MAX:
        size = f"a file of at most {FILE_BYTES_MAX:,} bytes"
        raise PlanMistakes([FileMistake(name, None, "", size)])
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise PlanMistakes([FileMistake(name, line, "", expected)]) from None


def reason(error: OSError) -> str:
    """Why a file could not be read, without its path, which the author did not write."""
    return error.strerror or type(error).__name__

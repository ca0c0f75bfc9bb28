"""Versions of facts: what an earlier release wrote is read as if it had been written today.

A type whose fields change gets a new version (`domain.events.VERSIONS`) and, here, an upcast from
the one before. Rows are never rewritten. The plain columns keep their meaning for ever:
projections count by them.
"""

from collections.abc import Callable
from typing import Any

from domain.events import VERSIONS

Row = dict[str, Any]
Upcast = Callable[[Row], Row]

UPCASTS: dict[str, list[Upcast]] = {}
"""Of each type, what turns version 1 into 2, 2 into 3, …"""


class VersionUnknown(ValueError):  # noqa: N818 - it names what is unknown
    """A fact was written by a later release; the text says which. Start that release."""


def version_of(kind: str) -> int:
    """The version in which facts of a type are written."""
    return VERSIONS.get(kind, 1)


def upcast(row: Any) -> Any:
    """The row of a fact as its newest version has it. Raises VersionUnknown."""
    kind, version = row["type"], row["version"]
    if version == version_of(kind):
        return row
    if version > version_of(kind):
        raise VersionUnknown(
            f"{kind} at position {row['position']} is of version {version}; "
            f"this release knows {version_of(kind)}."
        )
    for step in UPCASTS[kind][version - 1 :]:
        row = step(dict(row))
    return row

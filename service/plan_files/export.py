"""A plan as the files that it can be read from: YAML with a title a section; spots as CSV."""

import csv
import io
from collections.abc import Callable
from itertools import chain
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from domain.plan import Plan, Spot
from service.plan_files.csv_spots import COLUMNS, COLUMNS_PER_LANGUAGE
from service.plan_files.plain import Bare, plain, plain_spot, rank
from service.plan_files.values import YAML_TAG
from service.plan_files.values import plain as scalar

WIDTH = 120
TITLES = {
    "rally": "What the rally is called",
    "time_zone": "When it takes place",
    "revisit": "How stamps count",
    "areas": "Areas",
    "spots": "Spots",
    "sheets": "Bingo sheets",
    "prizes": "Prizes",
    "survey": "What visitors are asked",
}
"""The title above a section, by the section's first field."""


def written(plan: Plan, say: Callable[[str], str] = str) -> str:
    """The plan as YAML, which reads back as the very plan. `say` speaks the titles' language."""
    lines: list[str] = []
    for field, value in plain(plan).items():
        if field in TITLES:
            lines.append(("\n" if lines else "") + f"# {say(TITLES[field])}\n")
        lines.append(_dumped({field: value}))
    return "".join(lines)


def spots_table(plan: Plan) -> str:
    """The spots as CSV, as far as a table can hold them: without questions, clues, slots and
    order. A spreadsheet opens it, and it reads back."""
    rows = [_cells(spot) for spot in plan.spots]
    used = [column for column in _columns(plan) if any(column in row for row in rows)]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, used, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _columns(plan: Plan) -> list[str]:
    """Every column that a table of spots may have, in order."""
    spoken = {language for spot in plan.spots for language in _languages(spot)}
    languages = sorted(spoken, key=rank)
    ahead, *others = ([f"{stem}_{each}" for each in languages] for stem in COLUMNS_PER_LANGUAGE)
    return ["id", *ahead, *(each for each in COLUMNS if each != "id"), *chain(*others)]


def _languages(spot: Spot) -> set[str]:
    return {*spot.names, *(spot.address or {}), *(spot.closed_days or {})}


def _cells(spot: Spot) -> dict[str, object]:
    values = plain_spot(spot)
    cells: dict[str, object] = {}
    for column, path in COLUMNS.items():
        inner: Any = values
        for step in path:
            inner = inner.get(str(step)) if isinstance(inner, dict) else None
        if inner is not None:
            cells[column] = inner
    for stem, field in COLUMNS_PER_LANGUAGE.items():
        cells |= {f"{stem}_{language}": text for language, text in values.get(field, {}).items()}
    return cells


class _BareNode(ScalarNode):
    """A day or a time."""


class _Dumper(yaml.SafeDumper):
    """Block style; what is short and has no parts of its own stands on one line."""

    def ignore_aliases(self, data: object) -> bool:
        """What is said twice is written twice: plans have no anchors."""
        return True

    def represent_text(self, value: str) -> ScalarNode:
        """A text, in quotes if our own reader would take it for a number."""
        quotes = None if isinstance(scalar(value), str) else "'"
        return self.represent_scalar(f"{YAML_TAG}str", value, quotes)

    def represent_bare(self, value: Bare) -> ScalarNode:
        """A text without quotes, also where older rules of YAML would ask for them."""
        tag = self.resolve(ScalarNode, str(value), (True, False))  # type: ignore[no-untyped-call]
        return _BareNode(tag, str(value))

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists stand further in than what they belong to."""
        super().increase_indent(flow, False)

    def serialize_node(self, node: Node, parent: Node | None, index: object) -> None:
        """Braces and brackets around what has no parts of its own; not around the whole."""
        if isinstance(node, MappingNode | SequenceNode):
            node.flow_style = parent is not None and all(map(_is_leaf, _inside(node)))
        super().serialize_node(node, parent, index)


_Dumper.add_representer(str, _Dumper.represent_text)
_Dumper.add_representer(Bare, _Dumper.represent_bare)


def _inside(node: MappingNode | SequenceNode) -> list[Node]:
    if isinstance(node, MappingNode):
        return [value for _, value in node.value]
    return list(node.value)


def _is_leaf(node: Node) -> bool:
    """A scalar that reads well between braces: a time would need quotes there."""
    spoils = ":" if isinstance(node, _BareNode) else "\n"
    return isinstance(node, ScalarNode) and spoils not in node.value


def _dumped(value: dict[str, Any]) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH)
    return text

"""What a plan's types want, in plain words. The words follow the types: there is no second list."""

import re
from difflib import get_close_matches
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from domain.plan import Plan
from service.plan_files.document import Steps

_TYPES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "a mapping (name: value)",
    "array": "a list",
    "date": "a day such as 2026-01-31",
    "time": "a time of day such as 10:00",
    "datetime": "a day and a time such as 2026-01-31 10:00, without a zone",
}
_OR = {">=": "more", "<=": "less"}
_BOUNDS = {">=": "at least", "<=": "at most"}


def expected_there(path: Steps, body: str) -> str:
    """What was expected at `path`, where msgspec said `body`."""
    if match := re.fullmatch(r"Expected `(\w+)` of length (>=|<=) (\d+)", body):
        kind, bound, length = match.groups()
        return f"{_TYPES[kind]} of length {length} or {_OR[bound]}"
    if match := re.fullmatch(r"Expected `(\w+)` (>=|<=) (\S+)", body):
        return f"{_TYPES[match[1]]}, {_BOUNDS[match[2]]} {float(match[3]):g}"
    # All else is a wrong type, pattern or kind, which the type itself says best.
    quoted = re.search(r"Expected `str`, got `(int|float|bool)`", body)
    return wanted(path) + (", in quotes" if quoted else "")


def wanted(path: Steps) -> str:
    """What the plan's types want at `path`, in words."""
    kinds = [kind for kind in _types_at(path) if not isinstance(kind, inspect.NoneType)]
    structs = [kind for kind in kinds if isinstance(kind, inspect.StructType)]
    tags = _tags(structs)
    if tags:
        return f"a mapping whose {structs[0].tag_field} is one of: {tags}"
    return _words(kinds[0]) if kinds else _tags_above(path)


def _words(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata(extra_json_schema={"description": str(words)}):
            return words
        case inspect.Metadata():
            return _words(kind.type)
        case inspect.DictType():
            return "a text per language, such as {ja: …, en: …}"
        case inspect.ListType() | inspect.VarTupleType():
            return _TYPES["array"]
        case inspect.LiteralType(values):
            return f"one of: {', '.join(map(str, values))}"
        case inspect.StructType():
            return _TYPES["object"]
    return _TYPES.get(type(kind).__name__.removesuffix("Type").lower(), _TYPES["str"])


def _tags_above(path: Steps) -> str:
    """What a `kind` may be: it is no field of its own, but the name of its mapping's type."""
    structs = [kind for kind in _types_at(path[:-1]) if isinstance(kind, inspect.StructType)]
    return f"one of: {_tags(structs)}"


def _tags(structs: list[inspect.StructType]) -> str:
    """The kinds of mappings, each once: a place may be reached in several ways."""
    return ", ".join(dict.fromkeys(str(kind.tag) for kind in structs if kind.tag))


def fields_at(path: Steps, value: object) -> list[str]:
    """The names a mapping at `path` may hold, given its kind where there are several."""
    structs = [kind for kind in _types_at(path) if isinstance(kind, inspect.StructType)]
    tag_field = structs[0].tag_field
    if tag_field and isinstance(value, dict):
        structs = [kind for kind in structs if kind.tag == value.get(tag_field)]
    names = list(dict.fromkeys(field.encode_name for kind in structs for field in kind.fields))
    return [tag_field, *names] if tag_field else names


def did_you_mean(name: str, known: list[str]) -> str:
    """The known name that `name` is nearest to, as the end of a sentence."""
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


@cache
def _plan_type() -> inspect.Type:
    return inspect.type_info(Plan)


def _types_at(path: Steps) -> list[inspect.Type]:
    """What a plan's types say of the value at `path`."""
    kinds = [_plan_type()]
    for step in path:
        kinds = [inner for kind in kinds for inner in _inside(kind, step)]
    return [flat for kind in kinds for flat in _flat(kind)]


def _flat(kind: inspect.Type) -> list[inspect.Type]:
    return list(kind.types) if isinstance(kind, inspect.UnionType) else [kind]


def _inside(kind: inspect.Type, step: str | int) -> list[inspect.Type]:
    match kind:
        case inspect.UnionType():
            return [inner for one in kind.types for inner in _inside(one, step)]
        case inspect.Metadata():
            return _inside(kind.type, step)
        case inspect.StructType():
            return [field.type for field in kind.fields if field.encode_name == step]
        case inspect.ListType() | inspect.VarTupleType():
            return [kind.item_type]
        case inspect.DictType():
            return [kind.value_type]
    return []


def is_a(value: object, kind: Any) -> bool:
    """Whether msgspec would take `value` as a `kind`."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True

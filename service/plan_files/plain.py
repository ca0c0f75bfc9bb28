"""A plan as the plain values that a person would write: nothing that need not be said."""

from datetime import date, datetime, time
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct

from domain.plan import Plan, Spot

_ORDER = (
    *("rally", "names", "summary", "time_zone", "first_day", "last_day", "opens", "closes"),
    *("exceptions", "revisit", "late_scan_hours_max", "carry_over", "one_at_a_time"),
)
_SPOKEN_FIRST = {"ja": 0, "en": 1}
_SAID_ALWAYS = frozenset(["revisit"])
"""What a reader of the file asks at once, also where it is as usual."""


class Bare(str):
    """A day or a time: a text that needs no quotes, whatever it looks like."""

    __slots__ = ()


def plain(plan: Plan) -> dict[str, Any]:
    """The values of a plan file, in the order in which a person would say them. What is as it is
    without being said is left out."""
    values: dict[str, Any] = _plain(plan)
    order = dict.fromkeys([*_ORDER, *values])
    return {field: values[field] for field in order if field in values}


def plain_spot(spot: Spot) -> dict[str, Any]:
    """The same for one spot."""
    values: dict[str, Any] = _plain(spot)
    return values


def _plain(value: Any) -> Any:
    match value:
        case Struct():
            return _of_struct(value)
        case datetime():
            return Bare(value.isoformat(" ", _precision(value)))
        case date():
            return Bare(value.isoformat())
        case time():
            return Bare(value.isoformat(_precision(value)))
        case dict():
            # All mappings of a plan are texts per language; the database keeps no order of them.
            return {language: value[language] for language in sorted(value, key=rank)}
        case list() | tuple():
            return [_plain(inner) for inner in value]
    return value


def rank(language: str) -> tuple[int, str]:
    """Where a language stands among others."""
    return _SPOKEN_FIRST.get(language, len(_SPOKEN_FIRST)), language


def _precision(at: datetime | time) -> str:
    return "auto" if at.second or at.microsecond else "minutes"


def _of_struct(value: Struct) -> dict[str, Any]:
    config = value.__struct_config__
    said = {str(config.tag_field): config.tag} if config.tag_field else {}
    for field in msgspec.structs.fields(value):
        inner = getattr(value, field.name)
        if field.name in _SAID_ALWAYS or inner != _usual(field):
            said[field.encode_name] = _plain(inner)
    return said


def _usual(field: msgspec.structs.FieldInfo) -> Any:
    """What a field is if nothing is said of it."""
    if field.default_factory is not NODEFAULT:
        return field.default_factory()
    return field.default

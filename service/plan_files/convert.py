"""Plain values to a plan, and msgspec's messages to mistakes that name their place."""

import re
from collections.abc import Iterator
from datetime import time
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from domain.plan import (
    Area,
    DayException,
    Language,
    Plan,
    Prize,
    Sheet,
    Spot,
    SurveyQuestion,
    Text,
)
from service.plan_files.document import Document, FileMistake, PlanMistakes, Steps
from service.plan_files.words import did_you_mean, expected_there, fields_at, is_a, wanted

_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_MOMENT = re.compile(rf"(\d{{4}}-\d\d-\d\d)[ T]{_TIME.pattern}")
_LANGUAGE = "a language code such as ja, en or zh-Hant"
_ITEMS: dict[str, type[Struct]] = {
    "areas": Area,
    "spots": Spot,
    "exceptions": DayException,
    "sheets": Sheet,
    "prizes": Prize,
    "survey": SurveyQuestion,
}


def read_times(values: object) -> None:
    """Take times as people write them (9:30, 2026-05-01 9:30): msgspec wants 09:30:00."""
    for spot in _listed(values, "spots"):
        for field in ("starts", "ends"):
            text = spot.get(field) if isinstance(spot, dict) else None
            if isinstance(text, str) and (moment := _MOMENT.fullmatch(text)):
                day, *clock = moment.groups("0")
                spot[field] = f"{day}T{':'.join(part.zfill(2) for part in clock)}"
    for each in (values, *_listed(values, "spots"), *_listed(values, "exceptions")):
        for field in ("opens", "closes"):
            text = each.get(field) if isinstance(each, dict) else None
            if isinstance(text, str) and (read := _TIME.fullmatch(text)):
                hour, minute, second = map(int, read.groups("0"))
                each[field] = time(hour, minute, second)


def _listed(values: object, field: str) -> list[Any]:
    found = values.get(field) if isinstance(values, dict) else None
    return found if isinstance(found, list) else []


def converted(document: Document) -> Plan:
    """The values as a plan. Raises PlanMistakes: those of each field, spot, prize, …"""
    read_times(document.values)
    try:
        return msgspec.convert(document.values, Plan)
    except msgspec.ValidationError as error:
        first = _translated(document, (), str(error))
    raise PlanMistakes([first, *_fields_mistaken(document, (), Plan), *_items_mistaken(document)])


def _items_mistaken(document: Document) -> Iterator[FileMistake]:
    for field, kind in _ITEMS.items():
        items = document.value_at((field,))
        for index in range(len(items) if isinstance(items, list) else 0):
            yield from item_mistaken(document, (field, index), kind)


def item_mistaken(document: Document, path: Steps, kind: type[Struct]) -> list[FileMistake]:
    """What is wrong in the item at `path`, which should be a `kind`; of each field the first."""
    try:
        msgspec.convert(document.value_at(path), kind)
    except msgspec.ValidationError as error:
        return [_translated(document, path, str(error)), *_fields_mistaken(document, path, kind)]
    return []


def _fields_mistaken(document: Document, path: Steps, kind: type[Struct]) -> Iterator[FileMistake]:
    """msgspec stops at the first mistake of all; an author need not."""
    values = document.value_at(path)
    if not isinstance(values, dict):
        return
    hints = get_type_hints(kind, include_extras=True)
    for field in hints.keys() & values.keys():
        if path or field not in _ITEMS or not values[field]:
            try:
                msgspec.convert(values[field], hints[field])
            except msgspec.ValidationError as error:
                yield _translated(document, (*path, field), str(error))
    if values.keys() <= hints.keys():  # else one of them may be the missing one, misspelt
        for info in msgspec.structs.fields(kind):
            if info.required and info.name not in values:
                inner = (*path, info.name)
                yield document.mistake(inner, f"{wanted(inner)}; it is missing")


def _translated(document: Document, base: Steps, message: str) -> FileMistake:
    """msgspec's message ("Expected `int`, got `str` - at `$.spots[3].stamps`") in plain words."""
    body, at, place = message.rpartition(" - at ")
    if not at or not (where := re.fullmatch(r"(`key` in )?`\$([^`]*)`", place)):
        return _said(document, base, message)
    path = base
    for name, index in re.findall(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]", where[2]):
        path = (*path, name or (_bad_text(document, path) if index == "..." else int(index)))
    if not where[1]:
        return _said(document, path, body)
    key = _bad_language(document, path)
    return document.mistake((*path, key), _LANGUAGE, key)


def _bad_text(document: Document, path: Steps) -> str:
    """The key that msgspec leaves out in `[...]`. All mappings of free keys are texts."""
    texts: Any = document.value_at(path)
    return str(next(key for key, text in texts.items() if not is_a(text, Text)))


def _bad_language(document: Document, path: Steps) -> str:
    texts: Any = document.value_at(path)
    return str(next(key for key in texts if not is_a(key, Language)))


def _said(document: Document, path: Steps, body: str) -> FileMistake:
    """The mistake at `path`, or, where a name is too many or missing, at that name."""
    if match := re.fullmatch(r"Object contains unknown field `(.*)`", body, re.DOTALL):
        known = fields_at(path, document.value_at(path))
        expected = f"one of: {', '.join(known)}{did_you_mean(match[1], known)}"
        return document.mistake((*path, match[1]), expected)
    if match := re.fullmatch(r"Object missing required field `(.*)`", body):
        return document.mistake((*path, match[1]), f"{wanted((*path, match[1]))}; it is missing")
    return document.mistake(path, expected_there(path, body))

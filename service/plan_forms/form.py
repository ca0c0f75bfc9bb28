"""What a browser sends of a form, tidied: texts as they were typed, numbers as numbers."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

LANGUAGES = ("ja", "en", "zh-Hans", "zh-Hant", "ko")
"""The languages in which forms ask for a text; a plan may have it in others, too."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_DIGITS = re.compile(r"-?[0-9]{1,15}")
_DECIMAL = re.compile(r"-?[0-9]{1,15}\.[0-9]{0,15}")

Values = dict[str, Any]
"""A plan, or a part of one, as plain values."""


class Form:
    """The fields of a form. A field that was not sent is empty."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def text(self, name: str) -> str:
        """What was typed, without what cannot be seen, and with one kind of line end."""
        typed = (self._fields.get(name) or ("",))[0]
        return _CONTROL.sub("", typed.replace("\r\n", "\n")).strip()

    def lines(self, name: str) -> list[str]:
        """A text a line: empty ones count, too, but for those at the end."""
        typed = (self._fields.get(name) or ("",))[0]
        text = _CONTROL.sub("", typed.replace("\r\n", "\n"))
        return [line.strip() for line in text.rstrip().splitlines()]

    def table(self, name: str) -> str:
        """Cells that were pasted: also empty ones at the ends of lines count."""
        typed = (self._fields.get(name) or ("",))[0]
        return _CONTROL.sub("", typed.replace("\r\n", "\n")).strip("\n")

    def plain(self, name: str) -> str:
        """The same where only its meaning matters: １０ is 10."""
        return unicodedata.normalize("NFKC", self.text(name))

    def number(self, name: str) -> int | float | str:
        """A number; what is none stays as it was typed."""
        text = self.plain(name)
        if _DIGITS.fullmatch(text):
            return int(text)
        return float(text) if _DECIMAL.fullmatch(text) else text

    def many(self, name: str) -> list[str]:
        """What was ticked."""
        return [value for value in self._fields.get(name, ()) if value]


def put(values: Values, field: str, value: Any) -> None:
    """Say `field`, or leave it unsaid where nothing was filled in."""
    if value in ("", None, [], {}):
        values.pop(field, None)
    else:
        values[field] = value


def texts(form: Form, field: str, before: object) -> Values:
    """A text per language: those the form asks for, and others as they were."""
    known = before if isinstance(before, dict) else {}
    kept = {language: text for language, text in known.items() if f"{field}.{language}" not in form}
    typed = {language: form.text(f"{field}.{language}") for language in LANGUAGES}
    return {language: text for language, text in typed.items() if text} | kept


def copied(values: Values) -> Values:
    """The same values, to be changed."""
    return {name: _copied(value) for name, value in values.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return copied(value)
    return [_copied(each) for each in value] if isinstance(value, list) else value


def items(values: Values, field: str) -> list[Values]:
    """The items of a list, whatever a file may have said there."""
    found = values.get(field)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def digest(value: Any) -> str:
    """Stands for plain values: who changes them says by it which ones are meant."""
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def mark(item: Values) -> str:
    """Stands for an item as it was when somebody looked at it; its id is told at the end."""
    return f"{digest(item)}.{item.get('id', '')}"


def place_of(values: Values, field: str, marked: str) -> int | None:
    """Where the item is that a mark stands for; None if it is not there as it was."""
    marks = [mark(each) for each in items(values, field)]
    return marks.index(marked) if marked in marks else None


def place_again(values: Values, field: str, marked: str) -> int:
    """Where an item is that may have been changed; if it is gone, where a new one would be."""
    ids = [str(each.get("id", "")) for each in items(values, field)]
    id_ = marked.partition(".")[2]
    return ids.index(id_) if id_ and id_ in ids else len(ids)


def slug(text: str) -> str:
    """An id made of a text: "Harbour Walk" is harbour-walk; empty if it has no Latin letters."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:40].strip("-")


def free(wish: str, taken: set[str], stem: str) -> str:
    """An id that is nobody's: the wish, or a number after it or after `stem`."""
    base = wish or stem
    if wish and wish not in taken:
        return wish
    return next(each for n in range(1, len(taken) + 3) if (each := f"{base[:36]}-{n}") not in taken)

"""Plain values from YAML or JSON, with the line of each."""

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml
from yaml.reader import ReaderError

from service.plan_files.document import (
    Document,
    FileMistake,
    PlanMistakes,
    Steps,
    Where,
    clipped,
    dotted,
    short,
)

VALUES_MAX = 100_000
"""So many values a document may hold: twice what the largest plan needs."""
DEPTH_MAX = 12
"""A plan is six deep; past this somebody is trying something."""

# The scalars of YAML 1.2's JSON schema (https://yaml.org/spec/1.2.2/#102-json-schema). With the
# older rules `no` (Norwegian) would be false, 10:00 six hundred and 2026-01-08 a date of its own.
_WORDS = {"": None, "null": None, "true": True, "false": False}
_INT = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(?=[.eE])(\.[0-9]*)?([eE][-+]?[0-9]+)?")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
YAML_TAG = "tag:yaml.org,2002:"
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def plain(text: str) -> object:
    """What an unquoted scalar means. Digits past 64 bits are no number of ours."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


class Reader:
    """Plain values from YAML's events.

    Not `yaml.safe_load`: that forgets lines, keeps the last of two equal keys, follows aliases
    and runs out of stack on deep nesting.
    """

    def __init__(self, text: str, document: Document) -> None:
        if text.lstrip().startswith(("{", "[")):
            # JSON may be indented with tabs, which YAML refuses; a JSON text holds none elsewhere.
            text = text.replace("\t", " ")
        self._events = _events(text, document.name)
        self._document = document
        self._values = 0

    def read(self) -> object:
        """The values of the one document in the text."""
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            self._document.stop(FileMistake(self._document.name, 1, "", "a plan; there is nothing"))
        event = next(self._events)
        self._say((), event)
        value = self._value(event, ())
        next(self._events)
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            self._mistaken(event, (), "the end; a second document begins here")
        return value

    def _say(self, path: Steps, event: Any) -> None:
        self._document.where[path] = Where(self._document.name, _line(event))

    def _mistaken(self, event: Any, path: Steps, expected: str, found: str = "") -> None:
        name, field = self._document.name, dotted(path)
        self._document.mistakes.append(
            FileMistake(name, _line(event), field, expected, short(found) if found else "")
        )

    def _stop(self, event: Any, path: Steps, expected: str) -> NoReturn:
        self._mistaken(event, path, expected)
        self._document.stop()

    def _value(self, event: Any, path: Steps) -> object:
        self._values += 1
        if self._values > VALUES_MAX:
            self._stop(event, path, f"at most {VALUES_MAX:,} values in a plan")
        if len(path) > DEPTH_MAX:
            self._stop(event, path[:3], f"values nested at most {DEPTH_MAX} deep")
        self._refuse_extras(event, path)
        match event:
            case yaml.ScalarEvent():
                return self._text(event, path) if event.style else self._scalar(event, path)
            case yaml.SequenceStartEvent():
                return self._list(path)
            case yaml.MappingStartEvent():
                return self._mapping(path)
        return None

    def _refuse_extras(self, event: Any, path: Steps) -> None:
        """What YAML has beyond JSON makes a plan say something else than it seems to."""
        if isinstance(event, yaml.AliasEvent):
            self._mistaken(event, path, "the value written out, not an alias", f"*{event.anchor}")
        elif event.anchor is not None:
            self._mistaken(event, path, "a value without an anchor", f"&{event.anchor}")
        elif event.tag is not None:
            self._mistaken(event, path, "a value without a tag", event.tag.replace(YAML_TAG, "!!"))

    def _scalar(self, event: Any, path: Steps) -> object:
        value = plain(event.value)
        return self._text(event, path) if isinstance(value, str) else value

    def _text(self, event: Any, path: Steps) -> str:
        text: str = event.value
        if _SURROGATE.search(text):
            # JSON may write a character beyond U+FFFF as two escapes; either alone is none.
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        if CONTROL.search(text) or _SURROGATE.search(text):
            self._mistaken(event, path, "a text without control characters or half a character")
        return text

    def _list(self, path: Steps) -> list[object]:
        values: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            inner = (*path, len(values))
            self._say(inner, event)
            values.append(self._value(event, inner))
        return values

    def _mapping(self, path: Steps) -> dict[str, object]:
        values: dict[str, object] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                self._stop(key, path, "a name before the colon")
            name = self._text(key, path)
            inner = (*path, name)
            if name in values:
                first = self._document.where[inner].line
                self._mistaken(key, inner, f"each name once; this one is on line {first} already")
            self._refuse_extras(key, path)
            self._say(inner, key)
            values[name] = self._value(next(self._events), inner)
        return values


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _events(text: str, name: str) -> Iterator[Any]:
    """The events of a YAML text; a syntax error is a mistake with its line."""
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        while loader.check_event():
            yield loader.get_event()  # type: ignore[no-untyped-call]
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found = f"U+{error.character:04X}"
        raise PlanMistakes([FileMistake(name, line, "", "no control characters", found)]) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        expected = f"YAML or JSON ({clipped(str(error.problem or error.context), 120)})"
        raise PlanMistakes([FileMistake(name, line, "", expected)]) from None
    except (ValueError, OverflowError):
        # PyYAML lets these out: an escape such as "\Uffffffff", a version of 5,000 digits.
        line = loader.line + 1 if loader else 1
        expected = "YAML or JSON (a number here is too large)"
        raise PlanMistakes([FileMistake(name, line, "", expected)]) from None

"""Every sentence is there in every language, says the same and names the same things."""

import re
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from domain.open_tables import TABLES
from domain.refusals import SENTENCES
from service.failures import Failure
from service.i18n import _LOCALES, FALLBACK, LANGUAGES, catalogue
from service.pages import sheets
from service.pages.render import _SERVICE
from service.plan_files.export import TITLES
from service.plan_forms.sentences import MESSAGES
from service.reasons import REASONS

OTHERS = sorted(set(LANGUAGES) - {FALLBACK})
SPEAKERS = {"_": None, "say": None}
"""What templates call their voices."""


def in_templates() -> set[str]:
    """Every message that a template says."""
    found = extract_from_dir(
        str(_SERVICE / "templates"),
        [("**.html", "jinja2"), ("**.svg", "jinja2")],
        keywords=SPEAKERS,
    )
    return {message for _, _, message, _, _ in found}


def in_modules() -> set[str]:
    """Every message that a module has said by `voice.say`."""
    methods = [("charts/*.py", "python"), ("pages/**.py", "python")]
    found = extract_from_dir(str(_SERVICE), methods, keywords={"say": None})
    return {message for _, _, message, _, _ in found}


def failures(kind: type[Failure] = Failure) -> set[str]:
    """The sentences of a failure and of those below it."""
    return {kind.sentence}.union(*(failures(below) for below in kind.__subclasses__()))


def messages() -> set[str]:
    """Everything that we say to people."""
    return (
        in_templates()
        | in_modules()
        | failures()
        | dictionary()
        | set(SENTENCES.values())
        | set(REASONS.values())
        | set(TITLES.values())
        | set(sheets.MESSAGES)
        | MESSAGES
    )


def dictionary() -> set[str]:
    """The sentences of the open data's dictionary."""
    columns = [column.description for table in TABLES for column in table.columns]
    return {*columns, *(table.description for table in TABLES)}


def placeholders(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_templates_speak_through_the_catalogue() -> None:
    """The extractor sees them: a handful would mean that it looks in the wrong place."""
    assert len(in_templates()) > 80


def test_templates_hold_no_words_of_their_own() -> None:
    """Between tags there is nothing to read but what `_(…)` says, names and signs."""
    for path in sorted((_SERVICE / "templates").glob("*.html")):
        if path.name == "developers.html":  # in English, as code is
            continue
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"{% block kind %}.*?{% endblock %}", "", text)  # a class, not words
        assert not re.search(r'(aria-label|title|placeholder|alt)="[^{"]', text), path.name
        bare = re.sub(r"(?s){#.*?#}|{%.*?%}|{{.*?}}", "", text)
        bare = re.sub(r"(?s)<[^>]*>", " ", bare)
        words = set(re.findall(r"[^\W\d_]{2,}", bare)) - {"Meguri"}
        assert not words, f"{path.name} says {sorted(words)} in one language only"


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_every_message_and_no_other(language: str) -> None:
    """A missing one would be shown in English, a left one rots."""
    known = catalogue(language)
    assert set(known) == messages()
    assert not [message for message, text in known.items() if not text.strip()]


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_names_what_the_message_names(language: str) -> None:
    """A lost placeholder loses a moment or a name; an invented one fails when it is spoken."""
    for message, text in catalogue(language).items():
        assert placeholders(text) == placeholders(message), message


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_is_in_order(language: str) -> None:
    """Nothing fuzzy, nothing obsolete, nothing twice."""
    path = _LOCALES / language / "LC_MESSAGES" / "meguri.po"
    text = path.read_text(encoding="utf-8")
    with path.open("rb") as file:
        read = read_po(file)
    assert not [message.id for message in read if message.fuzzy and message.id]
    assert not read.obsolete
    assert text.count("\nmsgid ") == len(catalogue(language)) + 1  # and the header


def test_japanese_is_japanese() -> None:
    """A sentence that was left in English shows by its letters."""
    assert not [
        text for text in catalogue("ja").values() if not re.search(r"[ぁ-んァ-ヶ一-龠〜／]", text)
    ]

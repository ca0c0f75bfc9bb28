"""Languages: catalogues, and a voice that speaks one of them.

Messages are written in English in the code; a catalogue (`locales/LANGUAGE/LC_MESSAGES/meguri.po`)
has each of them in its language. They are read as they are: nothing needs to be compiled.
"""

from datetime import date, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from pathlib import Path

from aiohttp import web
from babel import Locale, UnknownLocaleError, dates, numbers, units
from babel.messages.pofile import read_po
from markupsafe import Markup, escape

from domain.plan import language_in, text_in
from domain.rally import Rally
from domain.refusals import SENTENCES, Refusal

LANGUAGES = {
    "ja": "日本語",
    "ja-Hrkt": "やさしい日本語",
    "en": "English",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
    "ko": "한국어",
}
"""The languages of the pages, by their own names. Simple Japanese, for those who are learning it
and for children, is asked for as `ja-Hrkt`: Japanese in kana, which it is."""
POSTER_LANGUAGES = ("ja", "en")
"""More than two on one sheet of paper, and nobody reads any."""
_TRADITIONAL = frozenset(["hant", "tw", "hk", "mo"])
FALLBACK = "en"
LANGUAGE_COOKIE = "meguri_language"

_LOCALES = Path(__file__).parent / "locales"


@cache
def catalogue(language: str) -> dict[str, str]:
    """Every message of a language; English needs none."""
    if language == FALLBACK:
        return {}
    with (_LOCALES / language / "LC_MESSAGES" / "meguri.po").open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}


class Voice:
    """Speaks one language: sentences, names, days, times and numbers."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._messages = catalogue(language)
        self._locale = Locale.parse(language.removesuffix("-Hrkt"), sep="-")

    def say(self, message: str, **values: object) -> str:
        """`message` in this language, with `{name}` filled in."""
        text = self._messages.get(message) or message
        return text.format(**values) if values else text

    def name(self, names: dict[str, str] | None) -> str:
        """A plan's text in this language, or its nearest."""
        return text_in(names, self.language) if names else ""

    def text(self, names: dict[str, str] | None) -> Markup:
        """As `name`, for a page: a text in another language says in which (WCAG 2.2, 3.1.2)."""
        if not names:
            return Markup()
        language = language_in(names, self.language)
        if language.partition("-")[0] == self.language.partition("-")[0]:
            return escape(names[language])
        return Markup('<span lang="{}">{}</span>').format(language, names[language])

    def number(self, value: float) -> str:
        """1,234 as this language writes it."""
        return str(numbers.format_decimal(value, locale=self._locale))

    def language_name(self, code: str) -> str:
        """How this language calls another one; empty for one that nobody knows."""
        if code in ("ja-Hrkt", self.language):
            return LANGUAGES.get(code, "")
        try:
            return str(Locale.parse(code, sep="-").get_display_name(self._locale) or "")
        except (ValueError, UnknownLocaleError):
            return ""

    def compact(self, value: float) -> str:
        """1,234 in few letters: 1.2K, 1.2万."""
        if value < 1_000:
            return self.number(value)
        return str(numbers.format_compact_decimal(value, locale=self._locale, fraction_digits=1))

    def share(self, share: float) -> str:
        """0.25 as this language writes it: 25%."""
        return str(numbers.format_percent(share, locale=self._locale))

    def change(self, share: float) -> str:
        """+12%, −3%, ±0%."""
        rounded = round(share, 2)
        sign = "+" if rounded > 0 else "−" if rounded < 0 else "±"
        return f"{sign}{self.share(abs(rounded))}"

    def distance(self, metres: int) -> str:
        """500 m, 2.4 km, as this language writes them."""
        if metres < 1_000:
            return str(units.format_unit(metres, "meter", "short", locale=self._locale))
        kilometres = round(metres / 1_000, 1)
        return str(units.format_unit(kilometres, "kilometer", "short", locale=self._locale))

    def day(self, day: date, form: str = "long") -> str:
        """A day: 2026年1月8日."""
        return str(dates.format_date(day, form, locale=self._locale))

    def weekday(self, day: date) -> str:
        """A short weekday: 木."""
        return str(dates.format_date(day, "EEE", locale=self._locale))

    def short_day(self, day: date) -> str:
        """A day without its year: 1/8."""
        return str(dates.format_skeleton("Md", day, locale=self._locale))

    def time(self, moment: datetime, zone: tzinfo) -> str:
        """A local time: 14:05."""
        return str(dates.format_skeleton("Hm", moment, zone, locale=self._locale))

    def ago(self, moment: datetime, now: datetime) -> str:
        """How long ago: 5分前."""
        past = min(moment - now, -timedelta(seconds=1))
        return str(dates.format_timedelta(past, add_direction=True, locale=self._locale))

    def lasting(self, span: timedelta) -> str:
        """A length of time, roughly: 4分."""
        return str(dates.format_timedelta(abs(span), locale=self._locale))

    def moment(self, moment: datetime, zone: tzinfo) -> str:
        """A local day and time: 1月8日 14:05."""
        day = dates.format_skeleton("MMMd", moment, zone, locale=self._locale)
        return f"{day} {self.time(moment, zone)}"

    def refusal(self, refusal: Refusal, rally: Rally | None) -> str:
        """A refusal's sentence, its nearest reason filled in."""
        if rally is None:
            return self.say(SENTENCES[refusal.code])
        course = rally.course
        at = self.moment(refusal.at, course.zone) if refusal.at else ""
        spot = course.spots.get(refusal.spot or "")
        return self.say(
            SENTENCES[refusal.code],
            at=at,
            place=self.name(spot.names) if spot else "",
            left=self.number(refusal.left or 0),
        )

    def __call__(self, message: str, **values: object) -> Markup:
        """As `say`, for templates: the message may hold markup, values are escaped."""
        text = Markup(self._messages.get(message) or message)  # noqa: S704 - our own catalogues
        return text.format(**values) if values else text


@cache
def voice(language: str) -> Voice:
    """The voice of a language."""
    return Voice(language)


def language_of(request: web.Request) -> str:
    """The language to answer in: asked for, remembered, or preferred by the browser."""
    # Parsing an empty query and no cookies would cost a check-in more than its own JSON.
    wish = request.query_string and request.query.get("lang")
    kept = "Cookie" in request.headers and request.cookies.get(LANGUAGE_COOKIE)
    for language in (wish, kept):
        if language in LANGUAGES:
            return str(language)
    return preferred(request.headers.get("Accept-Language", ""))


@lru_cache(maxsize=1_000)
def preferred(header: str) -> str:
    """The best of our languages for an Accept-Language header (RFC 9110 §12.5.4)."""
    wishes: list[tuple[float, int, str]] = []
    for index, part in enumerate(header.split(",")):
        tag, _, parameters = part.strip().partition(";")
        quality = _quality(parameters)
        if tag and quality > 0:
            wishes.append((-quality, index, tag.lower()))
    for _, _, tag in sorted(wishes):
        language, *more = tag.split("-")
        if language == "zh":
            return "zh-Hans" if _TRADITIONAL.isdisjoint(more) else "zh-Hant"
        if language in LANGUAGES:
            return language
    return FALLBACK


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0

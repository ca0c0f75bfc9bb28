"""What stands on a rally's posters, on pages and in files alike."""

from collections.abc import Callable, Iterable, Sequence

from domain.plan import Plan, Spot, has_poster, language_in
from domain.rehearsal import rehearsed
from qr.codes import sign
from qr.keyring import CodeKey
from qr.posters import Poster, Said, Sheet, Size, Words
from service.i18n import LANGUAGES, POSTER_LANGUAGES, Voice, voice
from service.pages.render import icon
from service.pages.seals import seal

CALL = "Scan with your phone's camera"
STEPS = (
    ("camera", "Point your camera at this code"),
    ("stamp", "Your stamp lands on your card"),
    ("grid", "Collect stamps and win prizes"),
)
"""A picture and a sentence each."""
FREE = "No app, no account, free of charge"
PERIOD = "{first} to {last}"
DAYS_OFF = "days off: {days}"
REHEARSAL = "Rehearsal"
README = (
    "SVG files are for printers and designers, PNG files for everything else. Keep the white "
    "margin, and print a code at least 25 mm wide. codes.csv lists what each code says. Whoever "
    "has a code can collect its stamp: give these files only to those who put them up."
)
MESSAGES = (CALL, *(sentence for _, sentence in STEPS), FREE, PERIOD, DAYS_OFF, REHEARSAL, README)
"""All that is said here and by no template."""
_INK = (
    'xmlns="http://www.w3.org/2000/svg" fill="none" stroke="#c1301c" stroke-width="1.9" '
    'stroke-linecap="round" stroke-linejoin="round"'
)


Addresses = Callable[[Spot], str]
"""What the codes of spots say."""


def printed_spots(plan: Plan) -> list[Spot]:
    """The spots that have a code to print."""
    return [spot for spot in plan.spots if has_poster(spot)]


def sheet_of(plan: Plan, spots: Iterable[Spot], address: Addresses, size: Size) -> Sheet:
    """The posters of `spots`."""
    voices = [voice(language) for language in POSTER_LANGUAGES]
    more = [voice(each) for each in LANGUAGES if each in plan.names and _is_further(each)]
    return Sheet(
        size=size,
        title=voices[0].name(plan.names),
        voices=[_words(speaks, plan) for speaks in voices],
        pictures=tuple(_drawn(name) for name, _ in STEPS),  # type: ignore[arg-type]  # three
        posters=[_poster(voices, plan, spot, address(spot)) for spot in spots],
        calls=[Said(speaks.language, speaks.say(CALL)) for speaks in more],
        marks=[Said(speaks.language, speaks.say(REHEARSAL)) for speaks in voices]
        if rehearsed(plan.rally)
        else [],
    )


def readme(plan: Plan) -> str:
    """What lies beside the pictures of codes."""
    voices = [voice(language) for language in POSTER_LANGUAGES]
    return "\r\n".join(f"{each.name(plan.names)}\r\n\r\n{each.say(README)}\r\n" for each in voices)


def addresses(key: CodeKey, public: str) -> Addresses:
    """What the codes made with `key` say, where phones reach us by `public`."""
    return lambda spot: f"{public}/s/{sign(key, spot.id)}"


def _is_further(language: str) -> bool:
    return language.partition("-")[0] not in POSTER_LANGUAGES


def _words(speaks: Voice, plan: Plan) -> Words:
    days = speaks.say(PERIOD, first=speaks.day(plan.first_day), last=speaks.day(plan.last_day))
    return Words(
        language=speaks.language,
        rally=speaks.name(plan.names),
        call=speaks.say(CALL),
        steps=tuple(speaks.say(sentence) for _, sentence in STEPS),  # type: ignore[arg-type]
        foot=f"{days} · {speaks.say(FREE)}",
    )


def _poster(voices: Sequence[Voice], plan: Plan, spot: Spot, address: str) -> Poster:
    areas = {area.id: area.names for area in plan.areas}
    return Poster(
        spot=spot.id,
        address=address,
        seal=seal(voices[0], plan, spot),
        names=_once(
            Said(language_in(spot.names, each.language), each.name(spot.names)) for each in voices
        ),
        notes=_once(
            Said(each.language, " · ".join([each.name(areas[spot.area]), *_hours(each, spot)]))
            for each in voices
        ),
    )


def _once(said: Iterable[Said]) -> list[Said]:
    """Without what a plan says in one language only a second time."""
    found: dict[str, Said] = {}
    for each in said:
        found.setdefault(each.text, each)
    return list(found.values())


def _hours(speaks: Voice, spot: Spot) -> list[str]:
    if not (spot.opens and spot.closes):
        return []
    hours = f"{spot.opens:%H:%M}–{spot.closes:%H:%M}"
    off = speaks.name(spot.closed_days)
    return [hours, speaks.say(DAYS_OFF, days=off)] if off else [hours]


def _drawn(name: str) -> str:
    """An icon of the pages as a picture of its own."""
    return icon(name).replace('class="icon"', _INK)

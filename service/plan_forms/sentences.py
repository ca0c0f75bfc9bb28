"""What is wrong in a plan, said to whoever fills in a form; the plan file's own words are for those
who write such files, and stand in English alone."""

import re
from functools import lru_cache
from typing import NamedTuple

FILL_IN = "Please fill this in."
_SPOKEN: tuple[tuple[str, str], ...] = (
    (r".*; it is missing", FILL_IN),
    (r"a text(?: of length 1 or more)?", FILL_IN),
    (r"a text of length (?P<n>\d+) or less", "This is too long: at most {n} characters."),
    (r"lower-case letters.*", "Only letters a to z, digits and single hyphens: harbour-walk."),
    (r"a day such as.*", "Please give a day, such as 2026-01-31."),
    (r"a time of day.*", "Please give a time, such as 10:00."),
    (r"a day and a time.*", "Please give a day and a time, such as 2026-01-31 10:00."),
    (r"a (?:whole )?number, at least (?P<n>\S+)", "A number, at least {n}."),
    (r"a (?:whole )?number, at most (?P<n>\S+)", "A number, at most {n}."),
    (r"a whole number", "A whole number, in digits."),
    (r"a number", "A number, such as 35.6762."),
    (r"a text per language.*|a mapping \(name.* of length 1.*", "A text in at least one language."),
    (r"one of the areas: (?P<known>.*)", "One of the areas: {known}."),
    (r"(?:a mapping whose \w+ is )?one of: (?P<known>.*)", "One of these: {known}."),
    (r"a day not before first_day \((?P<day>.*)\)", "This is before the first day ({day})."),
    (r"a day between (?P<first>\S+) and (?P<last>\S+)", "A day between {first} and {last}."),
    (
        r"a (?:day|time) from (?P<first>\S+) to (?P<last>\S+)",
        "Within the rally's days: {first} to {last}.",
    ),
    (r"a time zone such as.*", "A time zone, such as Asia/Tokyo."),
    (r"an id of its own \((?P<id>\S+) is.*", "{id} is used twice. Each needs an id of its own."),
    (r"an id whose code differs.*", "Please choose another id: its code is somebody else's."),
    (
        r"(?P<n>\d+) squares, as there are rows",
        "A bingo sheet has as many spots in a row as it has rows: {n}.",
    ),
    (r"each spot once \((?P<spots>.*)\)", "Each spot only once: {spots}."),
    (r"a spot of this plan that gives stamps, not (?P<spot>.*)", "No spot {spot} gives stamps."),
    (r"a spot that can be reached first.*", "This way leads in a circle: no spot would be first."),
    (r"a question, as its kind is.*", "This kind of spot needs a question."),
    (r"no question, or kind.*", "Only spots with a keyword or a quiz have a question."),
    (r"two choices or more, or none", "Two choices or more, or none."),
    (r"fewer tries than choices \((?P<n>\d+)\)", "Fewer tries than there are choices: {n}."),
    (r"the number of a choice: (?P<known>.*)", "The number of a choice: {known}."),
    (r"an answer with a letter or digit in it", "An answer needs a letter or a digit."),
    (r"the place that visitors must be near", "To be near it, phones need its place on the map."),
    (r"nothing here: .*", "This does not go with this kind of spot."),
    (r"a time after starts .*", "The end is before the beginning."),
    (r"both opens and closes", "Please give both: when it opens and when it closes."),
    (r"a time after opens \((?P<at>.*)\)", "It closes before it opens ({at})."),
    (r"a day that is not named before", "This day is there already."),
    (r"closed: true, or opens and a later closes", "Closed, or a time and a later time."),
    (r"another rally of the same organisation", "The id of another one of your rallies."),
    (r"a rally whose own spots are no rallies", "A rally whose own spots are no rallies."),
    (r"what its cards must have come to", FILL_IN),
    (r"another kind, or revisit: never", "This goes only where a visit to a spot counts once."),
    (r"daily or interval: .*", "This goes only with spots that may be visited again."),
    (r"false, as this prize is given.*", "Only prizes that are drawn can be sent by post."),
    (r"one, as this plan has no sheets", "There is no bingo sheet whose lines could count."),
    (r"false: of a choice.*", "Of prizes to choose from, visitors enter for one themselves."),
    (r"more than (?P<n>\d+), the tier before", "More than {n}, the step before."),
    (r"conditions at most \d+ deep", "These conditions stand too deep within one another."),
    (r"another condition, as this plan has no spots.*", "There are no spots that give stamps."),
    (r"at most (?P<n>\d+), the .*", "There are not so many: at most {n}."),
    (r"a sheet of this plan", "There is no such bingo sheet."),
    (r"an area that has spots", "There are no spots in this area."),
    (r"a list of length 1 or more", "At least one is needed."),
    (r"a list of length (?P<n>\d+) or less", "These are too many: at most {n}."),
    (r"\d+ cells, as there are columns", "This row has more cells than there are columns."),
    (r"each column once", "This column is there twice."),
    (r"this column.*", "This column is missing."),
    (r"a text without control.*|no control.*", "There are characters in it that cannot be read."),
    (r"a row of a CSV.*", "This row cannot be read. Is there a quotation mark too many?"),
    (r"a row that names the columns", "The first row names the columns."),
)
_OTHERWISE = "A plan file says here: {expected}"
_PATTERNS = [(re.compile(pattern, re.DOTALL), message) for pattern, message in _SPOKEN]

NOT_ALLOWED = {
    "time_zone_fixed": "The time zone of a planned rally cannot be changed.",
    "carry_over_fixed": "Whether stamps carry over cannot be changed.",
    "revisit_fixed": "While spots have a capacity, when a revisit counts cannot be changed.",
    "rally_cancelled": "The rally was cancelled; its plan is fixed.",
    "entries_closed": "The entries of this rally are closed for its draw.",
    "takes_prizes_away": "Visitors would lose prizes that they have reached. Nothing was changed.",
    "plan_changed": (
        "Somebody has changed this meanwhile. Please look at it again before you apply it."
    ),
    "rally_exists": "There is a rally with this id already. Please choose another one.",
    "name_reserved": "Rehearsals are made of their rally, as it is then.",
    "area_unknown": "This rally has no such area.",
}
"""Why a plan cannot be changed, by the code of `NotAllowed`."""
OTHERWISE_NOT = "This cannot be done in the rally's present state."
MESSAGES = frozenset(
    [*(message for _, message in _SPOKEN), _OTHERWISE, *NOT_ALLOWED.values(), OTHERWISE_NOT]
)


class Sentence(NamedTuple):
    """A message of the catalogues, and what it names."""

    message: str
    values: dict[str, str]


@lru_cache(maxsize=1_000)
def sentence(expected: str) -> Sentence:
    """What to say where `expected` was expected."""
    said = expected.partition("; did you mean")[0].removesuffix(", in quotes")
    for pattern, message in _PATTERNS:
        if found := pattern.fullmatch(said):
            return Sentence(message, found.groupdict())
    return Sentence(_OTHERWISE, {"expected": expected})

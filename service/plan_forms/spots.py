"""A single spot's form."""

from domain.plan import BY_RALLY
from service.plan_forms.columns import spoken
from service.plan_forms.form import LANGUAGES, Form, Values, copied, free, items, put, slug, texts

_TYPED = ("kind", "area", "opens", "closes", "after")
_COUNTED = ("stamps", "capacity")


def with_spot(values: Values, form: Form, number: int) -> Values:
    """The values with spot `number` (one more than there are: a new one) as the form says."""
    after = copied(values)
    spots = items(after, "spots")
    if number >= len(spots):
        spots.append({})
    spot = spots[min(number, len(spots) - 1)]
    _fill(spot, form)
    if "area_new" in form and form.text("area_new"):
        spot["area"] = add_area(after, form.text("area_new"))
    ids = {str(each.get("id")) for each in spots if each is not spot}
    put(spot, "id", spot.get("id") or free(slug(_latin(spot)), ids, "spot"))
    put(after, "spots", spots)
    return after


def without_spot(values: Values, number: int) -> Values:
    """The values without spot `number`."""
    after = copied(values)
    spots = [each for n, each in enumerate(items(after, "spots")) if n != number]
    put(after, "spots", spots)
    return after


def add_area(values: Values, name: str, language: str = "en") -> str:
    """The id of the area that is called `name`; it is added if there is none."""
    areas = items(values, "areas")
    for area in areas:
        if name == area.get("id") or name in (area.get("names") or {}).values():
            return str(area.get("id"))
    made = free(slug(name), {str(area.get("id")) for area in areas}, "area")
    values["areas"] = [*areas, {"id": made, "names": {spoken(name, language): name}}]
    return made


def _fill(spot: Values, form: Form) -> None:
    for field in ("names", "address", "closed_days", "clue"):
        put(spot, field, texts(form, field, spot.get(field)))
    for field in _TYPED:
        put(spot, field, form.plain(field))
    for field in _COUNTED:
        put(spot, field, form.number(field))
    if spot.get("kind") == "printed":
        del spot["kind"]
    place = {field: form.number(field) for field in ("lat", "lon") if form.number(field) != ""}
    put(spot, "place", place)
    near = dict(spot.get("near") or {}, radius_m=form.number("radius_m"))
    put(spot, "near", near if near["radius_m"] != "" else None)
    put(spot, "question", _question(form, spot.get("question")))
    _fill_rally(spot, form)


def _fill_rally(spot: Values, form: Form) -> None:
    """Which other rally it is, and what is asked for there: so many stamps, or, where a plan file
    has said something else, that."""
    is_rally = spot.get("kind") == BY_RALLY
    put(spot, "rally", form.plain("rally") if is_rally else None)
    stamps = form.number("complete_stamps")
    if not is_rally:
        put(spot, "complete", None)
    elif stamps != "":
        put(spot, "complete", {"kind": "stamps", "at_least": stamps})


def _question(form: Form, before: object) -> Values | None:
    """Each line is an answer; of choices, those that are right are numbered."""
    known = dict(before) if isinstance(before, dict) else {}
    for field, lines in (("answers", form.text("answers").splitlines()),):
        put(known, field, [line.strip() for line in lines if line.strip()])
    put(known, "text", texts(form, "question", known.get("text")))
    put(known, "choices", _choices(form))
    put(known, "attempts", form.number("attempts"))
    asked = known.keys() & {"answers", "text", "choices"}
    return known if asked else None


def _choices(form: Form) -> list[Values]:
    """A choice a line, in each language as many. One that is empty in all of them keeps its place,
    as a mistake: right answers are numbers of choices."""
    lines = {each: form.lines(f"choices.{each}") for each in LANGUAGES}
    return [
        {each: of[n] for each, of in lines.items() if n < len(of) and of[n]}
        for n in range(max(map(len, lines.values())))
    ]


def _latin(spot: Values) -> str:
    return str((spot.get("names") or {}).get("en", ""))

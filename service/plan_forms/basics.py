"""What a rally is called and when it takes place."""

from service.plan_forms.form import Form, Values, copied, free, put, slug, texts

STEM = "rally"


def with_basics(values: Values, form: Form, taken: set[str], fixed: bool = False) -> Values:
    """The values with what the form says. An id that was left out is made of the English name;
    `taken` are those that there are, and a `fixed` one stays: it is in every code and address."""
    after = copied(values)
    for field in ("names", "summary"):
        put(after, field, texts(form, field, values.get(field)))
    for field in ("first_day", "last_day", "opens", "closes"):
        put(after, field, form.plain(field))
    if not fixed:
        put(after, "rally", form.plain("rally") or _suggested(after, taken))
        put(after, "time_zone", form.plain("time_zone"))
    return after


def _suggested(values: Values, taken: set[str]) -> str:
    names = values.get("names") or {}
    year = str(values.get("first_day", ""))[:4]
    stem = slug(str(names.get("en") or names.get("ja") or "")) or f"{STEM}-{year}".strip("-")
    return free(stem, taken, STEM)

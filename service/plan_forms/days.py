"""Days off and days with other hours: a typhoon, a holiday, a last day that ends early."""

from datetime import date, timedelta

from service.plan_forms.form import Form, Values, copied, digest, items, put

DAYS_AT_ONCE_MAX = 31


def with_day(values: Values, form: Form) -> Values:
    """The values with the day, or the days, that the form names: closed, or with other hours, in
    some areas or in all. What was said of the same days and areas before is replaced."""
    after = copied(values)
    areas = form.many("areas")
    said = [_exception(day, form, areas) for day in _days(form)]
    replaced = {(each["day"], tuple(areas)) for each in said}
    kept = [
        each
        for each in items(after, "exceptions")
        if (each.get("day"), tuple(each.get("areas", ()))) not in replaced
    ]
    put(after, "exceptions", sorted([*kept, *said], key=lambda each: str(each.get("day"))))
    if "longer" in form:
        _extend(after)
    return after


def without_day(values: Values, which: str) -> Values:
    """The values without the day for which this digest stands; the same if it is not there."""
    after = copied(values)
    kept = items(after, "exceptions")
    put(after, "exceptions", [each for each in kept if digest(each) != which])
    return after


def _exception(day: str, form: Form, areas: list[str]) -> Values:
    said: Values = {"day": day}
    if form.text("hours") == "other":
        put(said, "opens", form.plain("day_opens"))
        put(said, "closes", form.plain("day_closes"))
    else:
        said["closed"] = True
    put(said, "areas", areas)
    return said


def _days(form: Form) -> list[str]:
    """The day, and those until `until`; a day that is none is kept as it was typed."""
    first, last = form.plain("day"), form.plain("until")
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
        more = min(max(0, (end - begin).days), DAYS_AT_ONCE_MAX - 1)
        return [str(begin + timedelta(days=n)) for n in range(more + 1)]
    except (ValueError, OverflowError):
        return [first]


def _extend(values: Values) -> None:
    """Let the rally last a day longer."""
    try:
        values["last_day"] = str(date.fromisoformat(values["last_day"]) + timedelta(days=1))
    except (KeyError, TypeError, ValueError, OverflowError):
        return  # what is no day is said where it stands

"""What is wrong in a plan that is being filled in, by field; and the plan, once nothing is."""

from collections import defaultdict
from typing import NamedTuple

from domain.mistakes import mistakes
from domain.plan import Plan
from service.plan_files import Asked, nothing_else
from service.plan_files.convert import converted
from service.plan_files.document import Document, FileMistake, PlanMistakes
from service.plan_forms.form import Values, copied

STEPS: dict[str, tuple[str, ...]] = {
    "basics": (
        *("rally", "names", "summary", "time_zone", "first_day", "last_day", "opens", "closes"),
        "exceptions",
    ),
    "spots": ("areas", "spots"),
    "rules": ("revisit", "late_scan_hours_max", "carry_over", "one_at_a_time", "sheets"),
    "prizes": ("prizes",),
    "summary": ("survey",),
}
"""Which fields of a plan are filled in at which step."""


class Judged(NamedTuple):
    """A plan without mistakes, or what was expected where: by field, such as `spots[3].area`."""

    plan: Plan | None
    faults: dict[str, list[str]]

    def of_step(self, step: str) -> dict[str, list[str]]:
        """The faults of one step's fields."""
        fields = STEPS[step]
        return {
            where: what
            for where, what in self.faults.items()
            if where.partition("[")[0].partition(".")[0] in fields
        }


def judge(values: Values, more: Asked = nothing_else) -> Judged:
    """Look over what was filled in so far; `more` tells what else is wrong in a plan."""
    document = Document("plan")
    document.values = copied(values)
    try:
        plan = converted(document)
    except PlanMistakes as found:
        return Judged(None, {**_of_basics(values), **_by_field(found.mistakes)})
    found_later = [document.mistake(*one) for one in (*mistakes(plan), *more(plan))]
    return Judged(None if found_later else plan, _by_field(found_later))


def _of_basics(values: Values) -> dict[str, list[str]]:
    """What is wrong between the days and hours, also while spots or prizes have mistakes."""
    document = Document("plan")
    basics = {field: values[field] for field in STEPS["basics"] if field in values}
    areas = values.get("areas") or [{"id": "x", "names": {"en": "-"}}]
    spots = [{"id": "x", "names": {"en": "-"}, "area": areas[0].get("id")}]
    document.values = copied({**basics, "areas": areas, "spots": spots})
    try:
        plan = converted(document)
    except PlanMistakes:
        return {}
    return _by_field([document.mistake(one.path, one.expected) for one in mistakes(plan)])


def _by_field(found: list[FileMistake]) -> dict[str, list[str]]:
    faults: defaultdict[str, list[str]] = defaultdict(list)
    for mistake in found:
        faults[mistake.field].append(mistake.expected)
    return dict(faults)

"""The ready plans that come with the project, to start a rally from."""

from datetime import date, timedelta
from functools import cache
from pathlib import Path

from domain.plan import Plan, next_round
from service.plan_files import read_plan

FOLDER = Path(__file__).parent.parent / "plans"
READY = (
    "tokyo-antenna-shops",
    "chuo-22-shops",
    "two-towns-food-festival",
    "timber-fair",
    "old-town-treasure-hunt",
    "two-cities-bar-ticket",
    "online-quiz-rally",
    "craft-workshops",
)
"""Those that the wizard offers, the most asked for first."""
AHEAD = timedelta(days=30)
"""A rally is laid out so long before it begins."""


@cache
def ready_plans() -> dict[str, Plan]:
    """The ready plans by id; none where the project was installed without them. Takes a second."""
    files = {name: FOLDER / name / "plan.yaml" for name in READY}
    return {name: read_plan(file) for name, file in files.items() if file.exists()}


def moved(plan: Plan, rally: str, today: date) -> Plan:
    """A plan as a new rally's, which begins on the same weekday as the old one, a month ahead."""
    first = today + AHEAD
    first += timedelta(days=(plan.first_day.weekday() - first.weekday()) % 7)
    return next_round(plan, rally, first)

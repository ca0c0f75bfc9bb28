"""How a spot stands among the others, where the plan lets shops know."""

from collections.abc import Mapping
from typing import NamedTuple

from domain.plan import Plan, has_footfall


class Rank(NamedTuple):
    """The place of a spot among so many; equals share one."""

    place: int
    of: int


def rank(plan: Plan, spot: str, visits: Mapping[str, int]) -> Rank | None:
    """The rank of a spot by the visits of each; None if it has none, or the plan shows no ranks."""
    own = visits.get(spot, 0)
    if not plan.ranks_shown or own <= 0:
        return None
    others = [visits.get(each.id, 0) for each in plan.spots if has_footfall(each)]
    return Rank(1 + sum(1 for other in others if other > own), len(others))

"""The rallies as this process knows them: a copy of their states, brought up to date by position.

Batches learn from their locked head that the copy is old (`EventLog.commit`), so a decision never
rests on an old plan; everything else (pages, the reading of codes) refreshes on a signal.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from domain.masters import Stage, member_mistakes, stages
from domain.mistakes import Mistake
from domain.plan import Plan
from domain.rally import Rally
from service.eventlog.statements import READ_RALLIES
from service.failures import RallyUnknown


class Reader(Protocol):
    """A connection or a pool."""

    async def fetch(self, query: str, *args: Any) -> list[Any]: ...


class Rallies:
    """All rallies by id, as of `position` in the rallies' bucket."""

    def __init__(self) -> None:
        self.position = 0
        self._rallies: dict[str, Rally] = {}
        self._stages: dict[str, list[Stage]] = {}

    def get(self, rally: str) -> Rally | None:
        """The rally with this id."""
        return self._rallies.get(rally)

    def known(self, rally: str) -> Rally:
        """The rally with this id. Raises RallyUnknown."""
        found = self._rallies.get(rally)
        if found is None:
            raise RallyUnknown
        return found

    def organisation_of(self, rally: str) -> str | None:
        """Whose a rally is; None: the installation's own, or there is no such rally."""
        found = self._rallies.get(rally)
        return found.organisation if found else None

    def stages_of(self, rally: str) -> Sequence[Stage]:
        """The stages of masters for which a rally is asked for."""
        return self._stages.get(rally, ())

    def member_mistakes(self, plan: Plan, organisation: str | None = None) -> list[Mistake]:
        """What is wrong in a plan about the rallies that are its spots; `organisation`: for which a
        new one is."""
        whose = organisation or self.organisation_of(plan.rally)
        return list(member_mistakes(plan, whose, self._rallies))

    def all(self) -> list[Rally]:
        """Every rally, the newest plan's first day first."""
        return sorted(self._rallies.values(), key=lambda rally: rally.plan.first_day, reverse=True)

    async def refresh(self, reader: Reader) -> bool:
        """Take over what has changed since; returns whether anything has."""
        rows = await reader.fetch(READ_RALLIES, self.position)
        for row in rows:
            if row["position"] <= self.position:
                continue  # another refresh has overtaken this one: what it knows is newer
            rally = msgspec.json.decode(row["state"], type=Rally)
            self._rallies[rally.plan.rally] = rally
            self.position = row["position"]
        if rows:
            self._stages = stages(self._rallies.values())
        return bool(rows)

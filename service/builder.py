"""The builder: after an upgrade, builds projections anew whose definition has changed.

In the background, beside the check-ins, while the old ones go on serving. Whoever comes first does
it. Once a projection has been of this release, another release may make it its own again: two that
run side by side must not build against each other for ever.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager

import asyncpg
import structlog

from projections.contract import Projection
from projections.going_on import end_if_cancelled
from projections.rebuild import rebuild
from projections.shadow import FACTS_BESIDE, BuildHindered
from projections.status import definition_of
from service.eventlog.log import DATABASE_ILL

SHARE = 0.5
"""How much of the time a rebuild is at work: visitors come first."""
AGAIN_S = 15.0
"""When to try again what could not be built."""

log = structlog.get_logger()


class Builder:
    """Builds what is of another release. `troubles` says what could not be built, and why."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        projections: Iterable[Projection],
        connect: Callable[[], AbstractAsyncContextManager[asyncpg.Connection]],
        built: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._left = list(projections)
        self._connect = connect
        self._built = built
        self.troubles: dict[str, str] = {}

    async def run(self) -> None:
        """Build until everything is of this release."""
        while self._left:
            for projection in list(self._left):
                if await self._build(projection):
                    self._left.remove(projection)
                    self.troubles.pop(projection.name, None)
            if self._left:
                await asyncio.sleep(AGAIN_S)

    async def _build(self, projection: Projection) -> bool:
        """Whether the projection is of this release now."""
        try:
            if await definition_of(self._pool, projection) == projection.definition:
                return True
            log.info("projection_outdated", projection=projection.name)
            async with self._connect() as connection:
                await rebuild(connection, projection, lambda _: None, SHARE, FACTS_BESIDE)
        except BuildHindered as hindered:
            log.warning("build_hindered", projection=projection.name, why=str(hindered))
            self.troubles[projection.name] = str(hindered)
            return False
        except DATABASE_ILL as error:  # said elsewhere, and it comes back
            log.warning("build_interrupted", projection=projection.name, error=error)
            return False
        except Exception as error:
            end_if_cancelled(error)
            log.exception("build_failed", projection=projection.name)
            self.troubles[projection.name] = f"cannot be built: {type(error).__name__}"
            return False
        self._built()
        return True
